"""Clips as lines of CSV, for spreadsheets and programs."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from flask import url_for

from heaters_pipeline.db import review_queue
from heaters_pipeline.db.review_queue import QueuedClip
from heaters_pipeline.domain.spreadsheets import cell
from review_app.services import transaction

COLUMNS = (
    *("clip", "video", "title", "state"),
    *("start_frame", "end_frame", "start_seconds", "end_seconds"),
    *("labels", "rating", "note", "file"),
)
"""Frames are `[start_frame, end_frame)` of the source video; labels are separated by commas; `file`
is an address, empty where the clip has no file."""

AT_ONCE = 500


def lines(ids: Sequence[int]) -> Iterator[str]:
    """The header and a line for each of the clips that still exists, read in parts."""
    yield _written([COLUMNS])
    for at in range(0, len(ids), AT_ONCE):
        some = ids[at : at + AT_ONCE]
        with transaction() as session:
            found = {entry.clip.id: entry for entry in review_queue.queued(session, some)}
        yield _written([_line(found[each]) for each in some if each in found])


def _line(entry: QueuedClip) -> Sequence[object]:
    clip, video = entry.clip, entry.video
    has_file = clip.clip_filepath is not None
    return (
        *(clip.id, video.key, cell(video.title), clip.state),
        *(clip.start_frame, clip.end_frame),
        f"{clip.cut_points['start_time_seconds']:.6f}",
        f"{clip.cut_points['end_time_seconds']:.6f}",
        cell(",".join(clip.labels)),
        clip.rating,
        cell(clip.note or ""),
        url_for("clip_files.mp4", clip_id=clip.id, _external=True) if has_file else "",
    )


def _written(rows: Sequence[Sequence[object]]) -> str:
    page = StringIO()
    csv.writer(page).writerows(rows)
    return page.getvalue()
