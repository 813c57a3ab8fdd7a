"""The two databases of Heaters: its own, and Dagster's."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heaters_pipeline.db.keepalives import KEEPALIVES
from heaters_pipeline.db.urls import (
    APP_DRIVER,
    DAGSTER_DATABASE,
    DAGSTER_DRIVER,
    database_name,
    for_psycopg,
    with_database,
    with_driver,
    without_password,
)
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.platform.embedded_postgres import START_SECONDS, EmbeddedPostgres
from heaters_pipeline.settings import Settings

if TYPE_CHECKING:
    import psycopg

APP_DATABASE = "heaters"
LEAST_POSTGRES = 15
LEAST_PGVECTOR = (0, 8)


class DatabaseUnreachable(HeatersError):
    """No server answers at the database's address, or it refuses this user."""


@dataclass(frozen=True)
class DatabaseUrls:
    """SQLAlchemy URLs."""

    heaters: str
    dagster: str


def ensure_database(settings: Settings) -> DatabaseUrls:
    """Both databases, ready for use. Starts the embedded server where `settings` name no other;
    creates the databases and the extension `vector` where they are absent."""
    heaters = _embedded(settings) if settings.database_url is None else settings.database_url
    heaters = with_driver(heaters, APP_DRIVER)
    check_server(heaters)
    if settings.dagster_database_url is not None:
        dagster = with_driver(settings.dagster_database_url, DAGSTER_DRIVER)
        if for_psycopg(dagster) == for_psycopg(heaters):
            raise InputError(
                "HEATERS_DAGSTER_DATABASE_URL names the database of DATABASE_URL: name another "
                "one, or Heaters and Dagster would take each other's schema for their own."
            )
        return DatabaseUrls(heaters, dagster)
    if database_name(heaters) == DAGSTER_DATABASE:
        raise InputError(
            "DATABASE_URL names the database 'dagster', which Dagster keeps its own tables in: "
            "name another one, or set HEATERS_DAGSTER_DATABASE_URL."
        )
    _create_database(heaters, DAGSTER_DATABASE)
    dagster = with_database(with_driver(heaters, DAGSTER_DRIVER), DAGSTER_DATABASE)
    return DatabaseUrls(heaters, dagster)


def _embedded(settings: Settings) -> str:
    """The URL of Heaters' database on the embedded server, which runs afterwards."""
    server = EmbeddedPostgres(settings.home)
    server.start()
    maintenance = server.url("postgres", APP_DRIVER)
    _wait_until_ready(maintenance)
    _create_database(maintenance, APP_DATABASE)
    return server.url(APP_DATABASE, APP_DRIVER)


def check_server(url: str) -> tuple[str, str]:
    """The versions of Postgres and pgvector. The extension is created where it is absent. Raises
    InputError where one of the two is absent or too old."""
    server = without_password(url)
    with connect(url) as connection:
        number = connection.info.server_version
        if number < LEAST_POSTGRES * 10_000:
            raise InputError(
                f"{server} is Postgres {number // 10_000}; Heaters needs {LEAST_POSTGRES} or later."
            )
        _create_vector(connection, server)
        row = connection.execute(
            "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
        ).fetchone()
        vector = str(row[0]) if row else "0"
        if tuple(int(part) for part in re.findall(r"\d+", vector)[:2]) < LEAST_PGVECTOR:
            raise InputError(
                f"{server} has pgvector {vector}; Heaters needs {_dotted(LEAST_PGVECTOR)} or "
                "later: update it and run ALTER EXTENSION vector UPDATE there."
            )
        return f"{number // 10_000}.{number % 10_000}", vector


def _create_vector(connection: psycopg.Connection[tuple[object, ...]], server: str) -> None:
    import psycopg

    try:
        # Two processes may do this at once: the second waits and finds it done.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('heaters extension'))")
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.errors.InsufficientPrivilege:
        raise InputError(
            f"{server} lacks the extension pgvector and this user may not create it: ask an "
            "administrator to run CREATE EXTENSION vector there."
        ) from None
    except psycopg.Error as error:
        raise InputError(
            f"{server} has no pgvector ({error.diag.message_primary}): install pgvector "
            f"{_dotted(LEAST_PGVECTOR)} or later on that server."
        ) from None


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """An open psycopg connection to an SQLAlchemy URL. Raises DatabaseUnreachable."""
    import psycopg

    try:
        return psycopg.connect(for_psycopg(url), connect_timeout=10, **KEEPALIVES)
    except psycopg.Error as error:
        why = " ".join(str(error).split())
        raise DatabaseUnreachable(
            f"The database {without_password(url)} does not answer: {why}"
        ) from None


def _wait_until_ready(url: str) -> None:
    """Wait for a server that another process has just started, or that repairs its files after a
    crash."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            return connect(url).close()
        except DatabaseUnreachable:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _create_database(beside: str, name: str) -> None:
    """Create the database `name`, where it is absent, on the server of the database `beside`."""
    import psycopg
    from psycopg import sql

    with connect(beside) as connection:
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
                f"{without_password(beside)} lets this user create no database: have the database "
                f"{name!r} created, or set HEATERS_DAGSTER_DATABASE_URL."
            ) from None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
