"""Locks between processes, held by Postgres: a process that dies gives them back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.domain.errors import Conflict

WAIT_SECONDS = 30.0

VIDEO_LOCKS = 0x48545653
"""First half of the keys of these locks, so that they meet no other user of advisory locks."""


@contextmanager
def video_lock(
    engine: Engine, video_key: str, wait_seconds: float = WAIT_SECONDS
) -> Iterator[None]:
    """Only one step works on a video at a time, whatever Dagster believes of its runs.

    Raises Conflict if somebody else still has it after `wait_seconds` (a millisecond at least).
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(
            sa.text("SELECT set_config('lock_timeout', :milliseconds, false)"),
            {"milliseconds": str(max(1, int(wait_seconds * 1000)))},
        )
        try:
            connection.execute(
                sa.text("SELECT pg_advisory_lock(:space, hashtext(:key))"),
                {"space": VIDEO_LOCKS, "key": video_key},
            )
        except sa.exc.OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
            raise Conflict(
                f"Another run is working on {video_key}: wait for it to end, or cancel it."
            ) from error
        try:
            yield
        finally:
            # Given back before this returns: Postgres notices the end of a session a moment later.
            with suppress(sa.exc.DBAPIError):
                connection.execute(
                    sa.text("SELECT pg_advisory_unlock(:space, hashtext(:key))"),
                    {"space": VIDEO_LOCKS, "key": video_key},
                )
            # The session's end forgets the timeout.
            connection.invalidate()


def is_at_work(session: Session, video_key: str) -> bool:
    """Whether some step holds the video's lock. If not, none begins before the session's
    transaction ends."""
    free = session.scalar(
        sa.text("SELECT pg_try_advisory_xact_lock(:space, hashtext(:key))"),
        {"space": VIDEO_LOCKS, "key": video_key},
    )
    return not free
