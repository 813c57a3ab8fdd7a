"""Statements that somebody waits for. They are compiled once and handed to the driver as text,
several in one way to the database and back: SQLAlchemy takes several times as long to send one and
to read its rows as Postgres to answer it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg.rows import namedtuple_row
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict, manager_of_class, set_committed_value
from sqlalchemy.orm.util import identity_key
from sqlalchemy.sql.visitors import replacement_traverse
from sqlmodel import Session, SQLModel

IDS = sa.ARRAY(sa.BigInteger)

Model = TypeVar("Model", bound=SQLModel)


def given(name: str, kind: Any = IDS) -> Any:
    """A parameter, of a list of ids where no other type is named."""
    return sa.bindparam(name, type_=kind, required=False)


def given_ids(name: str) -> Any:
    """A parameter with a list of ids, through a query of its own: so a plan that holds for all
    lists is as good as one for this list, and Postgres keeps it. To plan takes longer than to
    answer."""
    return sa.func.array(sa.select(sa.func.unnest(given(name))).scalar_subquery(), type_=IDS)


class Asked(NamedTuple):
    """A statement with its values, in the order of their numbers in it."""

    text: bytes
    values: Sequence[Any]


class Prepared:
    """A statement whose parameters are named. Values go to the driver as they are: a list is an
    array, and JSON is a `Jsonb`. Its rows are named tuples."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement

    def __call__(self, session: Session, **values: Any) -> list[Any]:
        with _driver(session) as driver:
            return _send(driver, self.asked(**values)).fetchall()

    def asked(self, **values: Any) -> Asked:
        text, names = self._compiled
        return Asked(text, [values[name] for name in names])

    @cached_property
    def _compiled(self) -> tuple[bytes, Sequence[str]]:
        """Its text, and the names of its parameters in the order of their numbers ($1, ..), as
        Postgres itself reads them. Values that it has from the start stand in it: Postgres sees
        them when it plans for all values of the others."""
        whole: Any = replacement_traverse(self._statement, {}, _literal)
        compiled = whole.compile(
            dialect=PGDialect_psycopg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
            compile_kwargs={"render_postcompile": True},
        )
        return str(compiled).encode(), compiled.positiontup


def _literal(element: Any, **kw: Any) -> Any:  # noqa: ARG001 - as SQLAlchemy calls it
    """Instead of a part of a statement; None: the part stays."""
    is_fixed = isinstance(element, sa.BindParameter) and element.value is not None
    return element.render_literal_execute() if is_fixed else None


def together(session: Session, *asked: Asked) -> list[list[Any]]:
    """The rows of each statement. They run one after the other, and each sees what was committed
    before it began, as if they had been sent one by one; what begins the transaction goes with
    them."""
    with _driver(session) as driver:
        with driver.pipeline():
            sent = [_send(driver, each) for each in asked]
        return [each.fetchall() for each in sent]


def at_commit(session: Session, *asked: Asked) -> list[list[Any]]:
    """Ends the session's transaction, and gives the rows of each statement after it: its locks are
    gone while they run. All of that goes to the database in one way and back. The session has
    nothing more to do then."""
    session.flush()
    with _driver(session) as driver:
        with driver.pipeline():
            driver.execute("COMMIT")
            sent = [_send(driver, each) for each in asked]
        return [each.fetchall() for each in sent]


def _send(driver: psycopg.Connection[Any], asked: Asked) -> psycopg.Cursor[Any]:
    return psycopg.RawCursor(driver, row_factory=namedtuple_row).execute(asked.text, asked.values)


@contextmanager
def _driver(session: Session) -> Iterator[psycopg.Connection[Any]]:
    """The driver's connection, once the session has written what it has not written yet, where it
    does so by itself. Errors become SQLAlchemy's."""
    if session.autoflush:
        session.flush()
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


def detached(model: type[Model], values: Mapping[str, Any]) -> Model:
    """A row as an object of no session. To read a column that `values` lacks is an error."""
    made: Model = manager_of_class(model).new_instance()  # as SQLAlchemy makes those that it reads
    instance_dict(made).update(values)
    make_transient_to_detached(made)
    return made


def attached(session: Session, model: type[Model], rows: Iterable[Any]) -> list[Model]:
    """Rows of all columns of a table as objects of the session; one that it has already gets the
    values of its row."""
    found = []
    for row in rows:
        values = row._asdict()
        known = session.identity_map.get(identity_key(model, row.id))
        if known is None:
            made = detached(model, values)
            session.add(made)
            found.append(made)
        else:
            for name, value in values.items():
                set_committed_value(known, name, value)
            found.append(known)
    return found
