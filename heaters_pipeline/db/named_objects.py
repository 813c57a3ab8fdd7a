"""The objects that rows name: all that the library needs of the storage."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col

from heaters_pipeline.db.models import ClipExport, GroupExport, SourceVideo, StoredObject

COLUMNS = [
    column
    for table in SQLModel.metadata.sorted_tables
    for column in table.columns
    if column.name == "filepath" or column.name.endswith("_filepath")
]
"""That hold storage keys."""

_DIGESTS = {
    ("source_videos", "source_filepath"): col(SourceVideo.source_sha256),
    ("clip_exports", "filepath"): col(ClipExport.sha256),
    ("group_exports", "filepath"): col(GroupExport.receipt)["sha256"].astext,
}


def named(session: Session) -> dict[str, str | None]:
    """Storage keys that rows name, with the SHA-256 of what was put there, where one is known."""
    unknown = sa.cast(sa.null(), sa.Text)
    queries = [
        sa.select(column, _DIGESTS.get((column.table.name, column.name), unknown)).where(
            column.is_not(None)
        )
        for column in COLUMNS
    ]
    pending = col(SourceVideo.pending_source)
    queries.append(
        sa.select(pending["path"].astext, pending["sha256"].astext).where(pending.is_not(None))
    )
    found: dict[str, str | None] = {}
    for query in queries:
        for key, digest in session.execute(query):
            found[key] = digest or found.get(key)
    return found


def entered(session: Session) -> set[str]:
    """Storage keys in the ledger. An object may be absent there: it is entered before it comes."""
    return set(session.scalars(sa.select(col(StoredObject.path))))
