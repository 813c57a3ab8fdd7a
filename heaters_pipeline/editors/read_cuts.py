"""Cuts from a file of any kind that is known, told apart by its name."""

from __future__ import annotations

from pathlib import PurePath

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.editors.cut_list import CutList, ListedFilm, Reading
from heaters_pipeline.editors.read_csv import read_csv
from heaters_pipeline.editors.read_edl import read_edl
from heaters_pipeline.editors.read_llc import read_llc
from heaters_pipeline.editors.read_otio import read_otio


def read_cuts(name: str, content: bytes, film: ListedFilm, reading: Reading) -> CutList:
    """`name` is that of the file. Raises InputError for a file that can't be read."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    match PurePath(name).suffix.lower():
        case ".edl":
            return read_edl(text, film, reading)
        case ".otio":
            return read_otio(text, film, reading)
        case ".csv" | ".tsv" | ".txt":
            return read_csv(text, film, reading)
        case ".llc":
            return read_llc(text, film)
    raise InputError(
        f"{name} is no list of cuts that is known: give an .edl, .otio, .csv, .tsv or .llc."
    )
