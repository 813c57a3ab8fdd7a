"""What the statements that an app sends read, as Postgres plans them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
import pytest

GATHERS = frozenset({"Aggregate", "Hash", "Sort", "WindowAgg", "Materialize", "Unique", "SetOp"})
"""Nodes that read all that comes from below, whatever limit is above them; but those that find it
in order (`Sorted`) stop with the limit."""


STATEMENTS = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


class Sent(NamedTuple):
    statement: str
    parameters: Any


class Scan(NamedTuple):
    """A part of a plan that reads all of a table, or of an index: nothing but a filter narrows what
    it reads, and no limit ends it."""

    read: str
    """The index, where it reads one."""
    kind: str


@contextmanager
def listening(database: psycopg.Connection) -> Iterator[list[Sent]]:
    """What the driver is given meanwhile for that database, each statement once."""
    sent: dict[str, Sent] = {}
    execute, executemany = psycopg.Cursor.execute, psycopg.Cursor.executemany

    def note(cursor: Any, statement: Any, parameters: Any) -> None:
        is_there = cursor.connection.info.dbname == database.info.dbname
        if is_there and str(statement).lstrip().upper().startswith(STATEMENTS):
            sent.setdefault(str(statement), Sent(str(statement), parameters))

    def one(cursor: Any, query: Any, params: Any = None, **how: Any) -> Any:
        note(cursor, query, params)
        return execute(cursor, query, params, **how)

    def many(cursor: Any, query: Any, params_seq: Any, **how: Any) -> None:
        rows = list(params_seq)
        note(cursor, query, rows[0])
        executemany(cursor, query, rows, **how)

    found: list[Sent] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", one)
        patch.setattr(psycopg.Cursor, "executemany", many)
        yield found
    found.extend(sent.values())


def with_rows(connection: psycopg.Connection, number: int) -> frozenset[str]:
    """The names of tables and indexes with so many rows or more."""
    found = connection.execute("SELECT relname FROM pg_class WHERE reltuples >= %s", [number])
    return frozenset(name for (name,) in found)


def scans(connection: psycopg.Connection, sent: Sent) -> Iterator[Scan]:
    """Of the plan that Postgres makes for it; nothing is read or written."""
    statement = "EXPLAIN (FORMAT JSON) " + sent.statement
    (((found,),),) = connection.execute(statement, sent.parameters)
    yield from _scans(found["Plan"], is_limited=False)


def _scans(plan: Mapping[str, Any], *, is_limited: bool) -> Iterator[Scan]:
    kind = plan["Node Type"]
    if kind == "Seq Scan" or (
        kind in ("Index Scan", "Index Only Scan", "Bitmap Index Scan")
        and not (is_limited or "Index Cond" in plan)
    ):
        yield Scan(plan.get("Index Name") or plan["Relation Name"], kind)
    gathers = kind in GATHERS and plan.get("Strategy") != "Sorted"
    below = not gathers and (is_limited or kind == "Limit")
    for part in plan.get("Plans", ()):
        yield from _scans(part, is_limited=below)
