"""Engines and transactions."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, select
from sqlmodel import Session

from heaters_pipeline.db.keepalives import KEEPALIVES


def open_engine(url: str) -> Engine:
    """An engine on `postgresql+psycopg://…`. Its sessions bear the name of this process, by which
    `locks.end_silent` knows those that belong together."""
    name = f"heaters {socket.gethostname()[:40]} {os.getpid()}"
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=20,
        connect_args={**KEEPALIVES, "application_name": name},
    )


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session in one transaction: committed at the end, rolled back on an exception. Rows stay
    readable after it."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


def check(session: Session) -> None:
    """Raises sqlalchemy.exc.OperationalError where the database does not answer. Reads no table."""
    session.execute(select(1))
