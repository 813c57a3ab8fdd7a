"""Addresses of databases, as SQLAlchemy and libpq read them."""

from __future__ import annotations

import re

from sqlalchemy import make_url

from heaters_pipeline.domain.errors import InputError

APP_DRIVER = "postgresql+psycopg"
"""The driver of Heaters' own engine."""

DAGSTER_DATABASE = "dagster"
"""Where Dagster keeps its own tables, unless a setting says otherwise: on the same server."""

DAGSTER_DRIVER = "postgresql+psycopg2"
"""The driver of Dagster's storage, which breaks on psycopg 3; a bare postgresql:// means that to
SQLAlchemy 2.1 (dagster-io/dagster issue 33958)."""


def with_driver(url: str, driver: str) -> str:
    """`url` (postgres:// or postgresql://, with or without the name of a driver) for this driver.
    Raises InputError for any other kind of address."""
    match = re.fullmatch(r"postgres(?:ql)?(?:\+psycopg2?)?://(.*)", url, re.DOTALL)
    if match is None:
        raise InputError(
            "The database address in DATABASE_URL or HEATERS_DAGSTER_DATABASE_URL can't be used: "
            "it must be postgresql://user:password@host/database."
        )
    return f"{driver}://{match[1]}"


def for_psycopg(url: str) -> str:
    """`url` as libpq reads it."""
    return with_driver(url, "postgresql")


def with_database(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def database_name(url: str) -> str | None:
    return make_url(url).database


def without_password(url: str) -> str:
    """`url` for messages: three asterisks stand for the password."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=True)
