"""Connections of the pool."""

from __future__ import annotations

import psycopg
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db.engine import check, reading, transaction
from heaters_pipeline.db.urls import for_psycopg

BACKEND = sa.text("SELECT pg_backend_pid()")


def test_a_connection_that_the_server_has_ended_is_not_used(
    engine: Engine, database_url: str
) -> None:
    with transaction(engine) as session:
        before = session.scalar(BACKEND)
    with psycopg.connect(for_psycopg(database_url)) as other:
        # Waits until the process is gone.
        ended = other.execute("SELECT pg_terminate_backend(%s, 20000)", [before]).fetchone()
    assert ended == (True,)
    with transaction(engine) as session:
        assert session.scalar(BACKEND) != before


def test_a_connection_that_only_read_can_write_again(engine: Engine) -> None:
    """Reading leaves no trace on the connection: the next transaction is one again."""
    with reading(engine) as session:
        check(session)
        pid = session.scalar(BACKEND)
    with transaction(engine) as session:
        assert session.scalar(BACKEND) == pid
        moments = {session.scalar(sa.text("SELECT now()")) for _ in range(3)}
    assert len(moments) == 1
