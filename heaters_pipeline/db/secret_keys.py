"""Keys that all machines of one Heaters share: made once, kept in the database."""

from __future__ import annotations

import secrets

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import SecretKey

SESSIONS = "sessions"
"""The one that signs session cookies."""


def session_key(session: Session, at_first: bytes | None = None) -> bytes:
    """The key that signs session cookies. Where there is none it becomes `at_first`, or 32 random
    bytes; of several that come at once the first wins."""
    made = at_first or secrets.token_bytes(32)
    session.execute(insert(SecretKey).values(name=SESSIONS, value=made).on_conflict_do_nothing())
    return session.exec(select(SecretKey.value).where(col(SecretKey.name) == SESSIONS)).one()
