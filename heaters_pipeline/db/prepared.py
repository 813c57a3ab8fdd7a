"""Statements that somebody waits for. They are compiled once and handed to the driver as text,
several in one way to the database and back: SQLAlchemy takes several times as long to send one and
to read its rows as Postgres to answer it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg.rows import namedtuple_row
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key
from sqlmodel import Session, SQLModel

IDS = sa.ARRAY(sa.BigInteger)

Model = TypeVar("Model", bound=SQLModel)


def given(name: str, kind: Any = IDS) -> Any:
    """A parameter, of a list of ids where no other type is named."""
    return sa.bindparam(name, type_=kind, required=False)


class Asked(NamedTuple):
    """A statement with its values."""

    text: str
    values: Mapping[str, Any]


class Prepared:
    """A statement whose parameters are named. Values go to the driver as they are: a list is an
    array, and JSON is a `Jsonb`. Its rows are named tuples. What the session has not written yet
    stays unwritten."""

    def __init__(self, statement: sa.Executable) -> None:
        self._statement = statement

    def __call__(self, session: Session, **values: Any) -> list[Any]:
        with _driver(session) as driver:
            return _send(driver, self.asked(**values)).fetchall()

    def asked(self, **values: Any) -> Asked:
        text, fixed = self._compiled
        return Asked(text, {**fixed, **values})

    @cached_property
    def _compiled(self) -> tuple[str, Mapping[str, Any]]:
        """Its text, and the parameters that have a value from the start."""
        compiled: Any = self._statement.compile(  # type: ignore[attr-defined]
            dialect=PGDialect_psycopg(), compile_kwargs={"render_postcompile": True}
        )
        return str(compiled), compiled.params


def together(session: Session, *asked: Asked) -> list[list[Any]]:
    """The rows of each statement. They run one after the other, and each sees what was committed
    before it began, as if they had been sent one by one; what begins the transaction goes with
    them."""
    with _driver(session) as driver, driver.pipeline():
        sent = [_send(driver, each) for each in asked]
        return [each.fetchall() for each in sent]


def _send(driver: psycopg.Connection[Any], asked: Asked) -> psycopg.Cursor[Any]:
    return driver.cursor(row_factory=namedtuple_row).execute(asked.text, asked.values)


@contextmanager
def _driver(session: Session) -> Iterator[psycopg.Connection[Any]]:
    """The driver's connection; its errors become SQLAlchemy's."""
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    try:
        yield driver
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(
            None, None, error, psycopg.Error, connection_invalidated=driver.closed
        ) from error


def attached(session: Session, model: type[Model], rows: Iterable[Any]) -> list[Model]:
    """Rows of all columns of a table as objects of the session; one that it has already gets the
    values of its row."""
    found = []
    for row in rows:
        values = row._asdict()
        known = session.identity_map.get(identity_key(model, row.id))
        if known is None:
            made = model(**values)
            make_transient_to_detached(made)
            session.add(made)
            found.append(made)
        else:
            for name, value in values.items():
                set_committed_value(known, name, value)
            found.append(known)
    return found
