"""What the statements that an app sends read, as Postgres plans them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Engine, event

GATHERS = frozenset({"Aggregate", "Hash", "Sort", "WindowAgg", "Materialize", "Unique", "SetOp"})
"""Nodes that read all that comes from below, whatever limit is above them; but those that find it
in order (`Sorted`) stop with the limit."""


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
def listening(engine: Engine) -> Iterator[list[Sent]]:
    """What is sent meanwhile, each statement once."""
    sent: dict[str, Sent] = {}

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        if many:
            parameters = parameters[0]
        if statement.lstrip().upper().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            sent.setdefault(statement, Sent(statement, parameters))

    found: list[Sent] = []
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)
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
