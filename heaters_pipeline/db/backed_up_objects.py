"""The objects that a backup holds: those that rows name, all that the library needs of the storage.

Read from the database as it is, whatever its schema: what is to be migrated is backed up before.
"""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa
from sqlmodel import Session

_DIGESTS = {
    ("source_videos", "source_filepath"): "source_sha256",
    ("clip_exports", "filepath"): "sha256",
    ("group_exports", "filepath"): "receipt->>'sha256'",
}
"""Where rows tell the SHA-256 of what was put there, by table and column of the key. For all others
it is the ledger's."""


def named(session: Session) -> dict[str, str | None]:
    """Storage keys that rows name, with the SHA-256 of what was put there, where one is known."""
    tables = _columns(session)
    queries = []
    for table, columns in tables.items():
        for name in columns:
            if name == "filepath" or name.endswith("_filepath"):
                queries.append((table, name, _DIGESTS.get((table, name), "NULL")))
        if "pending_source" in columns:
            queries.append((table, "pending_source->>'path'", "pending_source->>'sha256'"))
    found: dict[str, str | None] = {}
    for table, path, sha256 in queries:
        key: sa.ColumnElement[str] = sa.literal_column(path)
        digest: sa.ColumnElement[str | None] = sa.literal_column(sha256)
        rows = sa.select(key, digest).select_from(sa.table(table)).where(key.is_not(None))
        for each, known in session.execute(rows):
            found[each] = known or found.get(each)
    if "proxy_segments" in tables["source_videos"]:
        parts = (
            "SELECT jsonb_path_query(proxy_segments, '$.parts[*]') ->> 'path' FROM source_videos"
        )
        found |= dict.fromkeys(session.scalars(sa.text(parts)))
    if "sha256" in tables["stored_objects"]:
        for each, known in session.execute(sa.text("SELECT path, sha256 FROM stored_objects")):
            if each in found:
                found[each] = found[each] or known
    return found


def entered(session: Session) -> set[str]:
    """Storage keys in the ledger. An object may be absent there: it is entered before it comes."""
    if "stored_objects" not in _columns(session):
        return set()
    return set(session.scalars(sa.text("SELECT path FROM stored_objects")))


def _columns(session: Session) -> dict[str, set[str]]:
    """By table."""
    found: dict[str, set[str]] = defaultdict(set)
    for table, column in session.execute(
        sa.text(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema()"
        )
    ):
        found[table].add(column)
    return found
