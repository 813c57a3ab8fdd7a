"""Clips as lines of CSV, for spreadsheets and programs."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import cast

from flask import current_app, request
from werkzeug.routing import MapAdapter

from heaters_pipeline.db import clips
from heaters_pipeline.db.clips import ClipLine
from heaters_pipeline.domain.spreadsheets import cell
from review_app.services import reading

COLUMNS = (
    *("clip", "video", "title", "state"),
    *("start_frame", "end_frame", "start_seconds", "end_seconds"),
    *("labels", "rating", "note", "file"),
)
"""Frames are `[start_frame, end_frame)` of the source video; labels are separated by commas; `file`
is an address, empty where the clip has no file."""

AT_ONCE = 5000


def lines(ids: Sequence[int]) -> Iterator[str]:
    """The header and a line for each of the clips that still exists, read in parts: no transaction
    lasts as long as a slow client."""
    # Flask's `url_for` would take half of the time.
    urls = cast(MapAdapter, current_app.create_url_adapter(request))
    yield _written([COLUMNS])
    for at in range(0, len(ids), AT_ONCE):
        with reading() as session:
            found = clips.lines(session, ids[at : at + AT_ONCE])
        yield _written([_line(each, urls) for each in found])


def _line(clip: ClipLine, urls: MapAdapter) -> Sequence[object]:
    address = ""
    if clip.has_file:
        address = urls.build("clip_files.mp4", {"clip_id": clip.id}, force_external=True)
    return (
        *(clip.id, clip.video, cell(clip.title), clip.state),
        *(clip.start_frame, clip.end_frame),
        *(f"{clip.start_seconds:.6f}", f"{clip.end_seconds:.6f}"),
        cell(",".join(clip.labels)),
        clip.rating,
        cell(clip.note or ""),
        address,
    )


def _written(rows: Sequence[Sequence[object]]) -> str:
    page = StringIO()
    csv.writer(page).writerows(rows)
    return page.getvalue()
