"""Cuts from a project of LosslessCut (`.llc`, JSON5)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.editors.cut_list import CutList, ListedFilm, Unit

KIND = "LosslessCut project"


def read_llc(text: str, film: ListedFilm) -> CutList:
    """Its times are seconds of a player that shows the nearest frame. A segment without a start
    begins with the film; one without an end lasts to its end (version 1) or is a mark (2): a cut at
    its start either way. Raises InputError for what is no project."""
    import json5

    try:
        project: Any = json5.loads(text)
        edges = [
            Fraction(str(segment[name]))
            for segment in project["cutSegments"]
            for name in ("start", "end")
            if segment.get(name) is not None
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"The file is no LosslessCut project: {error}.") from error
    media = project.get("mediaFileName")
    remarks = []
    if media and media != film.file_name:
        remarks.append(f"The project is for {media}; this film is {film.file_name}.")
    return CutList(KIND, Unit.SECONDS, edges or [Fraction(0)], remarks)
