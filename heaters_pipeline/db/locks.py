"""Locks between processes, held by Postgres: a process that dies gives them back.

A process that waits for one asks again and again. A statement that blocks would hold a snapshot
all the while, and an index that is made concurrently (`vector_indexes.ensure_index`) waits for
every snapshot from before it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlmodel import Session

from heaters_pipeline.db.keepalives import ASK_SERVER
from heaters_pipeline.domain.errors import Conflict

WAIT_SECONDS = 30.0
INDEX_WAIT_SECONDS = 3600.0
ASK_SECONDS = 0.05

VIDEO_LOCKS = 0x48545653
"""First half of the keys of videos' locks, so that they meet no other user of advisory locks."""

INDEX_LOCKS = 0x48545658
"""The same of the locks under which indexes are made."""

STORAGE_CHECK_LOCKS = 0x48545643
"""The same of the lock under which the storage is checked."""

SURVEY_LOCKS = 0x48545654
"""The same of the lock under which themes are made."""


@contextmanager
def video_lock(engine: Engine, video_key: str, wait_seconds: float | None = None) -> Iterator[None]:
    """Lets only one step work on a video at a time, whatever Dagster believes about its runs.

    Raises Conflict if another one still has it after `wait_seconds`, by default WAIT_SECONDS.
    """
    wait_seconds = WAIT_SECONDS if wait_seconds is None else wait_seconds
    taken = f"Another run is working on {video_key}: wait for it to end, or cancel it."
    with _held(engine, VIDEO_LOCKS, video_key, wait_seconds, taken):
        yield


@contextmanager
def index_lock(
    engine: Engine, table: str, wait_seconds: float = INDEX_WAIT_SECONDS
) -> Iterator[Connection]:
    """Lets only one index of a table be made at a time. Yields a connection that commits each
    statement by itself; raises Conflict as `video_lock` does."""
    taken = f"Another process is still making an index of {table}: try again when it has ended."
    with _held(engine, INDEX_LOCKS, table, wait_seconds, taken) as connection:
        yield connection


@contextmanager
def storage_check_lock(engine: Engine) -> Iterator[None]:
    """Lets only one process check the storage at a time. Raises Conflict as `video_lock` does."""
    taken = "Another process is checking the storage: wait for it to end."
    with _held(engine, STORAGE_CHECK_LOCKS, "storage", 0, taken):
        yield


@contextmanager
def survey_lock(engine: Engine) -> Iterator[None]:
    """Lets only one process make the themes at a time. Raises Conflict as `video_lock` does."""
    taken = "Another process is making the themes: wait for it to end."
    with _held(engine, SURVEY_LOCKS, "themes", WAIT_SECONDS, taken):
        yield


def is_at_work(session: Session, video_key: str) -> bool:
    """Whether some step holds the video's lock. If not, none begins before the session's
    transaction ends."""
    free = session.scalar(
        sa.text("SELECT pg_try_advisory_xact_lock(:space, hashtext(:key))"),
        {"space": VIDEO_LOCKS, "key": video_key},
    )
    return not free


@contextmanager
def _held(
    engine: Engine, space: int, key: str, wait_seconds: float, taken: str
) -> Iterator[Connection]:
    """A connection of its own that holds a lock; a Conflict that says `taken` where another one
    still has it after `wait_seconds`."""
    lock = {"space": space, "key": key}
    ask = sa.text("SELECT pg_try_advisory_lock(:space, hashtext(:key))")
    until = time.monotonic() + wait_seconds
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(ASK_SERVER))
        try:
            while not connection.scalar(ask, lock):
                if time.monotonic() >= until:
                    raise Conflict(taken)
                time.sleep(ASK_SECONDS)
            yield connection
        finally:
            # Given back before this returns: Postgres notices the end of a session a moment later.
            with suppress(sa.exc.DBAPIError):
                connection.execute(
                    sa.text("SELECT pg_advisory_unlock(:space, hashtext(:key))"), lock
                )
            # The session's end forgets the settings.
            connection.invalidate()
