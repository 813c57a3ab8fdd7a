"""The database as it is at one moment, for several that read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session


@contextmanager
def snapshot(engine: Engine) -> Iterator[tuple[Session, str]]:
    """A session that sees the database as it is now, and the name under which other sessions can
    take the same snapshot while this one is open (as in `pg_dump --snapshot`)."""
    at_one_moment = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(at_one_moment) as session, session.begin():
        # It says nothing while the other one works.
        session.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        session.execute(sa.text("SET TRANSACTION READ ONLY"))
        yield session, str(session.scalar(sa.select(sa.func.pg_export_snapshot())))


def tables(session: Session) -> list[str]:
    """Names of tables in the database, without those of its extensions and of Postgres itself."""
    return list(
        session.scalars(
            sa.text(
                "SELECT oid::regclass::text FROM pg_class"
                " WHERE relkind IN ('r', 'p') AND relnamespace NOT IN ("
                "  SELECT oid FROM pg_namespace"
                "  WHERE nspname LIKE 'pg\\_%' OR nspname = 'information_schema')"
                " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid"
                "  AND classid = 'pg_class'::regclass AND deptype = 'e') ORDER BY 1"
            )
        )
    )


def server_version(session: Session) -> int:
    """The major version of Postgres."""
    return int(session.execute(sa.text("SHOW server_version_num")).scalar_one()) // 10_000
