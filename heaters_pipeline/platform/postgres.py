"""The two databases of Heaters: its own, and Dagster's."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heaters_pipeline.db.keepalives import KEEPALIVES
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.platform.embedded_postgres import START_SECONDS, EmbeddedPostgres
from heaters_pipeline.settings import Settings

if TYPE_CHECKING:
    import psycopg

APP_DRIVER = "postgresql+psycopg"
# Dagster's storage breaks on psycopg 3, which a bare postgresql:// means to SQLAlchemy 2.1
# (dagster-io/dagster issue 33958).
DAGSTER_DRIVER = "postgresql+psycopg2"
APP_DATABASE = "heaters"
DAGSTER_DATABASE = "dagster"
LEAST_POSTGRES = 15
LEAST_PGVECTOR = (0, 8)


class DatabaseUnreachable(HeatersError):
    """Nobody answers at the database's address, or not to this user."""


@dataclass(frozen=True)
class DatabaseUrls:
    """SQLAlchemy URLs."""

    heaters: str
    dagster: str


def ensure_database(settings: Settings) -> DatabaseUrls:
    """Both databases, there and fit for use: the embedded server is started if it is needed and
    does not run, absent databases and the extension `vector` are created."""
    if settings.database_url is None:
        server = EmbeddedPostgres(settings.home)
        server.start()
        maintenance = server.url("postgres", APP_DRIVER)
        _wait_until_ready(maintenance)
        _create_database(maintenance, APP_DATABASE)
        heaters = server.url(APP_DATABASE, APP_DRIVER)
    else:
        heaters = with_driver(settings.database_url, APP_DRIVER)
    check_server(heaters)

    if settings.dagster_database_url is None:
        dagster = with_database(with_driver(heaters, DAGSTER_DRIVER), DAGSTER_DATABASE)
        if database_name(heaters) == DAGSTER_DATABASE:
            raise InputError(
                "DATABASE_URL names the database 'dagster', which Dagster keeps its own tables "
                "in: name another one, or set HEATERS_DAGSTER_DATABASE_URL."
            )
        _create_database(heaters, DAGSTER_DATABASE)
    else:
        dagster = with_driver(settings.dagster_database_url, DAGSTER_DRIVER)
    return DatabaseUrls(heaters, dagster)


def check_server(url: str) -> tuple[str, str]:
    """The versions of Postgres and pgvector; the extension is created where it is absent."""
    import psycopg

    with connect(url) as connection:
        number = connection.info.server_version
        if number < LEAST_POSTGRES * 10_000:
            raise InputError(
                f"{shown(url)} is Postgres {number // 10_000}; Heaters needs {LEAST_POSTGRES} "
                "or later."
            )
        try:
            # Two processes may do this at once: the second waits and finds it done.
            connection.execute("SELECT pg_advisory_xact_lock(hashtext('heaters extension'))")
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except psycopg.errors.InsufficientPrivilege:
            raise InputError(
                f"{shown(url)} lacks the extension pgvector and this user may not create it: ask "
                "an administrator to run CREATE EXTENSION vector there."
            ) from None
        except psycopg.Error as error:
            raise InputError(
                f"{shown(url)} has no pgvector ({error.diag.message_primary}): install "
                f"pgvector {_dotted(LEAST_PGVECTOR)} or later on that server."
            ) from None
        row = connection.execute(
            "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
        ).fetchone()
        vector = str(row[0]) if row else "0"
        if tuple(int(part) for part in re.findall(r"\d+", vector)[:2]) < LEAST_PGVECTOR:
            raise InputError(
                f"{shown(url)} has pgvector {vector}; Heaters needs {_dotted(LEAST_PGVECTOR)} or "
                "later: update it and run ALTER EXTENSION vector UPDATE there."
            )
        return f"{number // 10_000}.{number % 10_000}", vector


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """An open psycopg connection to an SQLAlchemy URL; failing, one sentence."""
    import psycopg

    try:
        return psycopg.connect(for_psycopg(url), connect_timeout=10, **KEEPALIVES)
    except psycopg.Error as error:
        why = " ".join(str(error).split())
        raise DatabaseUnreachable(f"The database {shown(url)} does not answer: {why}") from None


def with_driver(url: str, driver: str) -> str:
    """`url` (postgres://, postgresql://, with or without a driver's name) for this driver."""
    match = re.fullmatch(r"postgres(?:ql)?(?:\+psycopg2?)?://(.*)", url, re.DOTALL)
    if match is None:
        raise InputError(
            "The database address in DATABASE_URL or HEATERS_DAGSTER_DATABASE_URL can't be used: "
            "it must be postgresql://user:password@host/database."
        )
    return f"{driver}://{match[1]}"


def with_database(url: str, database: str) -> str:
    from sqlalchemy import make_url

    return make_url(url).set(database=database).render_as_string(hide_password=False)


def database_name(url: str) -> str | None:
    from sqlalchemy import make_url

    return make_url(url).database


def for_psycopg(url: str) -> str:
    """The URL as libpq reads it."""
    return with_driver(url, "postgresql")


def shown(url: str) -> str:
    """The URL without its password."""
    from sqlalchemy import make_url

    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=True)


def _wait_until_ready(url: str) -> None:
    """Another process may have started the server just now; after a crash it first repairs its
    files."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            return connect(url).close()
        except DatabaseUnreachable:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _create_database(server: str, name: str) -> None:
    """`server` is the URL of another database there."""
    import psycopg
    from psycopg import sql

    with connect(server) as connection:
        connection.autocommit = True
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if found.fetchone():
            return
        try:
            # Another process may be doing the same.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            raise InputError(
                f"{shown(server)} lets this user create no database: have the database {name!r} "
                "created, or set HEATERS_DAGSTER_DATABASE_URL."
            ) from None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
