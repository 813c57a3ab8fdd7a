"""What the statements that an app sends read, as Postgres plans them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Engine, event

GATHERS = frozenset({"Aggregate", "Hash", "Sort", "WindowAgg", "Materialize", "Unique", "SetOp"})
"""Nodes that read all that comes from below, whatever limit is above them."""


class Sent(NamedTuple):
    statement: str
    parameters: Any


class Node(NamedTuple):
    """A part of a plan that reads a table."""

    table: str
    kind: str
    reads_all: bool
    """Nothing but a filter narrows what it reads, and no limit ends it."""


@contextmanager
def listening(engine: Engine) -> Iterator[list[Sent]]:
    """What is sent meanwhile, each statement once."""
    sent: dict[str, Sent] = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            sent.setdefault(statement, Sent(statement, parameters))

    found: list[Sent] = []
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)
        found.extend(sent.values())


def tables_from(connection: psycopg.Connection, rows: int) -> frozenset[str]:
    """Tables with so many rows or more."""
    found = connection.execute("SELECT relname FROM pg_class WHERE reltuples >= %s", [rows])
    return frozenset(name for (name,) in found)


def read_by(connection: psycopg.Connection, sent: Sent) -> Iterator[Node]:
    """What Postgres would read for it; nothing is read or written."""
    statement = "EXPLAIN (FORMAT JSON) " + sent.statement
    (((found,),),) = connection.execute(statement, sent.parameters)  # type: ignore[arg-type]
    yield from _nodes(found["Plan"], is_limited=False)


def _nodes(plan: Mapping[str, Any], *, is_limited: bool) -> Iterator[Node]:
    kind = plan["Node Type"]
    if "Relation Name" in plan and kind != "ModifyTable":
        is_narrow = is_limited or "Index Cond" in plan or kind in ("Bitmap Heap Scan", "Tid Scan")
        yield Node(plan["Relation Name"], kind, not is_narrow)
    below = kind not in GATHERS and (is_limited or kind == "Limit")
    for part in plan.get("Plans", ()):
        yield from _nodes(part, is_limited=below)
