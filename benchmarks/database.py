"""Where benchmarks keep their rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from heaters_pipeline.db import migrate
from heaters_pipeline.db.urls import APP_DRIVER, for_psycopg, with_database
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres


@contextmanager
def new_databases(folder: Path) -> Iterator[Callable[..., str]]:
    """A server of its own below `folder`, with Postgres's own settings. Each call gives the URL of
    a new database that has the newest schema and no rows; with `template="template1"`, no tables
    either."""
    server = EmbeddedPostgres(folder / "postgres")
    server.start()
    try:
        url = server.url("postgres", APP_DRIVER)
        _execute(url, "CREATE DATABASE template")
        migrate.upgrade(with_database(url, "template"))
        numbers = itertools.count(1)

        def new(template: str = "template") -> str:
            name = f"benchmark_{next(numbers)}"
            _execute(url, f"CREATE DATABASE {name} TEMPLATE {template}")
            return with_database(url, name)

        yield new
    finally:
        server.stop()


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(for_psycopg(url), autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def kept_database(folder: Path, name: str, fill: Callable[[str], None]) -> Iterator[str]:
    """The URL of a database of a server below `folder`, with the newest schema. The first time it
    gets what `fill` puts into it; it stays for the next, unless filling it breaks off."""
    server = EmbeddedPostgres(folder)
    server.start()
    try:
        root, partial = server.url("postgres", APP_DRIVER), f"{name}_partial"
        with psycopg.connect(for_psycopg(root), autocommit=True) as connection:
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if there.fetchone() is None:
                connection.execute(f"DROP DATABASE IF EXISTS {partial}")
                connection.execute(f"CREATE DATABASE {partial}")
                migrate.upgrade(with_database(root, partial))
                fill(with_database(root, partial))
                connection.execute(f"ALTER DATABASE {partial} RENAME TO {name}")
        url = with_database(root, name)
        migrate.upgrade(url)
        yield url
    finally:
        server.stop()
