"""Which objects of the storage rows name."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col

from heaters_pipeline.db.models import Clip, ClipArtifact, ClipExport, GroupExport, SourceVideo

_OF_VIDEOS = [
    *(column for column in sa.inspect(SourceVideo).columns if column.name.endswith("_filepath")),
    col(SourceVideo.pending_source)["path"].astext,
]

_SEGMENTS = (
    sa.select(
        sa.func.jsonb_array_elements(col(SourceVideo.proxy_segments)["parts"], type_=JSONB)[
            "path"
        ].astext.label("path"),
        col(SourceVideo.id).label("video_id"),
    )
    .where(col(SourceVideo.proxy_segments).is_not(None))
    .subquery("segments")
)

_OF_CLIPS = [
    (col(ClipExport.filepath), col(ClipExport.clip_id)),
    (col(GroupExport.filepath), col(GroupExport.first_clip_id)),
    (col(ClipArtifact.filepath), col(ClipArtifact.clip_id)),
]


def named() -> Any:
    """A subquery of the storage keys that rows name, `path`, and of the videos that they belong to,
    `video_id`; some more than once."""
    of_clip = col(Clip.source_video_id)
    parts: list[tuple[Any, Any, Any]] = [
        *((path, col(SourceVideo.id), sa.true()) for path in _OF_VIDEOS),
        (col(Clip.clip_filepath), of_clip, sa.true()),
        *((path, of_clip, col(Clip.id) == clip_id) for path, clip_id in _OF_CLIPS),
        (_SEGMENTS.c.path, _SEGMENTS.c.video_id, sa.true()),
    ]
    return sa.union_all(
        *(
            sa.select(path.label("path"), video_id.label("video_id")).where(path.is_not(None), own)
            for path, video_id, own in parts
        )
    ).subquery("named")


def is_named(path: Any) -> Any:
    """SQL that is true of a path that some row names. It becomes a join, so that it is cheap for
    many paths at once."""
    names = named()
    return sa.exists().where(names.c.path == path)
