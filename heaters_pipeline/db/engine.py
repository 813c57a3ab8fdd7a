"""Engines and transactions."""

from __future__ import annotations

import os
import select as system
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import psycopg
from sqlalchemy import Engine, create_engine, event, exc, select
from sqlmodel import Session

from heaters_pipeline.db.keepalives import KEEPALIVES


def open_engine(url: str) -> Engine:
    """An engine on `postgresql+psycopg://…`. Its sessions bear the name of this process, by which
    `locks.end_silent` knows those that belong together."""
    name = f"heaters {socket.gethostname()[:40]} {os.getpid()}"
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=20,
        connect_args={**KEEPALIVES, "application_name": name},
    )
    event.listen(engine, "checkout", _refuse_if_ended)
    return engine


def _refuse_if_ended(connection: psycopg.Connection, *_: object) -> None:
    """Has the pool connect anew where the server has ended its side, as one that restarts does. A
    server says nothing to a connection that asks nothing, unless it is the end; so this costs no
    way to the server and back, as a question would (`pool_pre_ping`)."""
    said = system.poll()
    said.register(connection.fileno(), system.POLLIN)
    if said.poll(0):
        raise exc.InvalidatePoolError


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session in one transaction: committed at the end, rolled back on an exception. Rows stay
    readable after it."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session whose statements are each a transaction of its own: where nothing is locked, that
    sees the same as one transaction does, and saves its begin and its end."""
    with transaction(_without_transactions(engine)) as session:
        yield session


@lru_cache(maxsize=8)
def _without_transactions(engine: Engine) -> Engine:
    """On the same pool."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def check(session: Session) -> None:
    """Raises sqlalchemy.exc.OperationalError where the database does not answer. Reads no table."""
    session.execute(select(1))
