"""Which objects of the storage rows name."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from heaters_pipeline.db.models import Clip, ClipArtifact, ClipExport, GroupExport, SourceVideo

_COLUMNS = [
    *(column for column in sa.inspect(SourceVideo).columns if column.name.endswith("_filepath")),
    col(SourceVideo.pending_source)["path"].astext,
    col(Clip.clip_filepath),
    col(ClipExport.filepath),
    col(GroupExport.filepath),
    col(ClipArtifact.filepath),
]


def named() -> Any:
    """A subquery of one column, `path`: the storage keys that rows name; some more than once."""
    parts = [sa.select(column.label("path")).where(column.is_not(None)) for column in _COLUMNS]
    return sa.union_all(*parts).subquery("named")


def is_named(path: Any) -> Any:
    """SQL that is true of a path that some row names. It becomes a join, so that it is cheap for
    many paths at once."""
    names = named()
    return sa.exists().where(names.c.path == path)
