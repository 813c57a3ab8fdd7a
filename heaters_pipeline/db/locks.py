"""Locks between processes, held by Postgres: a process that dies gives them back.

A process that waits for one asks again and again. A statement that blocks would hold a snapshot
all the while, and an index that is made concurrently (`vector_indexes.ensure_index`) waits for
every snapshot from before it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlmodel import Session

from heaters_pipeline.db.keepalives import ASK_SERVER
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.files.pulse import last_beat

WAIT_SECONDS = 30.0
INDEX_WAIT_SECONDS = 3600.0
ASK_SECONDS = 0.05
PULSE_SECONDS = 1.0

VIDEO_LOCKS = 0x48545653
"""First half of the keys of videos' locks, so that they meet no other user of advisory locks."""

INDEX_LOCKS = 0x48545658
"""The same of the locks under which indexes are made."""

STORAGE_CHECK_LOCKS = 0x48545643
"""The same of the lock under which the storage is checked."""

SURVEY_LOCKS = 0x48545654
"""The same of the lock under which themes are made."""

TRIAL_LOCKS = 0x48545644
"""The same of the lock under which `heaters doctor --running` works."""

COPY_LOCKS = 0x4854564F
"""The same of the locks under which files are copied to where somebody wants them."""

PROBE_LOCKS = 0x48545650
"""The same of the locks under which a site is asked whether it answers again."""

UPLOAD_LOCKS = 0x48545655
"""The same of the locks under which an upload grows."""


@contextmanager
def video_lock(engine: Engine, video_key: str, wait_seconds: float | None = None) -> Iterator[None]:
    """Lets only one step work on a video at a time, whatever Dagster believes about its runs.

    Raises Conflict if another one still has it after `wait_seconds`, by default WAIT_SECONDS.
    """
    wait_seconds = WAIT_SECONDS if wait_seconds is None else wait_seconds
    taken = f"Another run is working on {video_key}: wait for it to end, or cancel it."
    with (
        _held(engine, VIDEO_LOCKS, video_key, wait_seconds, taken) as connection,
        _signs_of_life(connection),
    ):
        yield


def end_silent(session: Session, silence: timedelta) -> list[tuple[str, datetime]]:
    """Ends the sessions of processes that hold the lock of a video and have shown no sign of life
    for longer than `silence`: the keys of these videos, and when each sign was the last. Their
    locks are free a moment later."""
    silent = session.execute(
        sa.text("""
            SELECT source_videos.key, holder.state_change, holder.pid, holder.application_name
            FROM pg_locks
            JOIN pg_stat_activity AS holder USING (pid)
            JOIN source_videos ON objid::bigint = hashtext(key)::bigint & x'ffffffff'::bigint
            WHERE locktype = 'advisory' AND granted AND classid = :space AND objsubid = 2
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND holder.state_change < clock_timestamp() - CAST(:silence AS interval)
        """),
        {"space": VIDEO_LOCKS, "silence": silence},
    ).all()
    # Those that hold rows first: by the time that the lock is free, nothing else is held.
    ended = sa.text("""
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND (pid = :holder OR application_name = :name AND :name LIKE 'heaters %')
        ORDER BY pid = :holder
    """)
    for _, _, pid, name in silent:
        session.execute(ended, {"holder": pid, "name": name})
    return [(key, since) for key, since, _, _ in silent]


@contextmanager
def _signs_of_life(connection: Connection) -> Iterator[None]:
    """Has the session of a lock say something as long as the process moves on (`files.pulse`):
    Postgres keeps the time, for `end_silent`."""
    over = threading.Event()

    def tell() -> None:
        told = 0.0
        while not over.wait(PULSE_SECONDS):
            if last_beat() == told:
                continue
            told = last_beat()
            try:
                connection.execute(sa.text("SELECT"))
            except sa.exc.SQLAlchemyError:  # whoever holds the lock will notice
                return

    teller = threading.Thread(target=tell, name="signs of life", daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


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
def upload_lock(engine: Engine, upload_id: str) -> Iterator[None]:
    """Lets only one request work on an upload at a time. Raises Conflict at once."""
    with _held(engine, UPLOAD_LOCKS, upload_id, 0, "Another request works on this upload."):
        yield


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


@contextmanager
def copy_lock(engine: Engine, copy_id: int) -> Iterator[None]:
    """Lets only one run make a copy at a time. Raises Conflict at once."""
    taken = f"Another run is at work on copy {copy_id}."
    with _held(engine, COPY_LOCKS, str(copy_id), 0, taken):
        yield


@contextmanager
def probe_lock(engine: Engine, site: str) -> Iterator[None]:
    """Lets only one video at a time try whether a site answers again. Raises Conflict at once."""
    with _held(engine, PROBE_LOCKS, site, 0, f"Another run asks whether {site} answers."):
        yield


@contextmanager
def trial_lock(engine: Engine) -> Iterator[None]:
    """Lets only one trial film be there at a time. Raises Conflict as `video_lock` does."""
    taken = "Another `heaters doctor --running` is at work: wait for it to end."
    with _held(engine, TRIAL_LOCKS, "trial", 0, taken):
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
            with suppress(sa.exc.SQLAlchemyError):  # the session may have ended long ago
                connection.execute(
                    sa.text("SELECT pg_advisory_unlock(:space, hashtext(:key))"), lock
                )
            # The session's end forgets the settings.
            connection.invalidate()
