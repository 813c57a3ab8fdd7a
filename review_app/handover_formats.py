"""What a selection can be had as, beside its files: each under its name as a file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from heaters_pipeline.datasets.zipped import zipped
from heaters_pipeline.db import edit_clips, handed
from heaters_pipeline.domain.edit_clip import EditClip
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.file_names import safe
from heaters_pipeline.domain.handover import (
    MANIFEST,
    MANIFEST_CSV,
    Handover,
    manifest,
    manifest_csv,
)
from heaters_pipeline.domain.selection import Selection
from heaters_pipeline.domain.timeline import Medium, takes
from heaters_pipeline.editors.timelines import timeline_files
from heaters_pipeline.work.datasets import Recipe, check_installed, write_dataset
from review_app.services import services, transaction


class Given(NamedTuple):
    title: str
    """Of the collection, or of the selection."""
    selection: Selection
    handover: Handover


Body = str | bytes | Iterator[bytes]


class Format(NamedTuple):
    title: str
    note: str
    """What it is good for."""
    mimetype: str
    write: Callable[[Given], Body]
    needs_files: bool = True
    """Whether there is nothing to write of clips that all have no file."""


def _timelines(given: Given) -> bytes:
    """A ZIP with each timeline twice: of the files, which lie beside it, and of the films. Raises
    InputError where neither has a clip."""
    texts: dict[str, str] = {}
    left_out: list[str] = []
    for folder, medium in (("files", Medium.EXPORTS), ("films", Medium.SOURCE)):
        clips, sentence = _clips(given, medium)
        if sentence:
            left_out.append(sentence)
            texts[f"{folder}/LEFT-OUT.txt"] = f"{sentence}\n"
        if not clips:
            continue
        laid = takes(clips, medium)
        for suffix in (".edl", ".otio", ".fcpxml"):
            written = timeline_files(safe(given.title) + suffix, given.title, laid)
            texts |= {f"{folder}/{name}": text for name, text in written.items()}
        unknown = sorted({each.film.title for each in clips if not each.film.timecode_known})
        if medium is Medium.SOURCE and unknown:
            texts[f"{folder}/TIMECODE-UNKNOWN.txt"] = UNKNOWN_TIMECODE + "".join(
                f"  {title}\n" for title in unknown
            )
    if not any(name.endswith(".otio") for name in texts):
        raise InputError(left_out[-1] if left_out else "The selection has no clips.")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()


def _clips(given: Given, medium: Medium) -> tuple[list[EditClip], str | None]:
    """Those of a timeline, and what is left out."""
    here, found = services(), given.handover
    likeness = here.likeness()
    with transaction() as session:
        ids = handed.clip_ids(session, given.selection, likeness)
        listed = edit_clips.listed(session, given.selection, ids, found, medium)
        clips = edit_clips.of(session, listed.clip_ids, found, here.storage.address, medium)
    return clips, listed.sentence


UNKNOWN_TIMECODE = """\
Nobody has looked for the timecode of these films, so they are counted from 00:00:00:00.
Run `heaters timecodes` where Heaters runs, then download the timelines again.

"""


def _dataset(kind: str, given: Given) -> Iterator[bytes]:
    check_installed(kind)
    here = services()
    return zipped(
        lambda sink: write_dataset(
            here.engine,
            here.storage,
            given.handover,
            sink,
            Recipe(kind),
            title=given.title,
            embedding_model=here.settings.embedding_model,
            repeat_score=here.settings.repeat_score,
        ),
        here.settings.home,
    )


FORMATS: Mapping[str, Format] = {
    MANIFEST: Format(
        "Manifest",
        "each file with its SHA-256, frames, source and receipt",
        "application/json",
        lambda given: manifest(given.handover),
    ),
    MANIFEST_CSV: Format(
        "Manifest for spreadsheets",
        "a line for each file",
        "text/csv",
        lambda given: manifest_csv(manifest(given.handover)),
    ),
    "timelines.zip": Format(
        "Timelines for editors",
        "EDL, OTIO and FCPXML: of these files, and of the films by their timecode",
        "application/zip",
        _timelines,
        needs_files=False,
    ),
    "webdataset.zip": Format(
        "Dataset for WebDataset",
        "files, stills, vectors and labels in shards, split so that nothing alike is torn apart",
        "application/zip",
        partial(_dataset, "webdataset"),
    ),
    "huggingface.zip": Format(
        "Dataset for Hugging Face",
        "the same as a folder that datasets.load_dataset loads",
        "application/zip",
        partial(_dataset, "huggingface"),
    ),
}
"""By the name of the file, which is the last part of its address."""
