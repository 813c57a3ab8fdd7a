"""Statements that somebody waits for, compiled once and handed to the driver as text: SQLAlchemy
takes several times as long to send one and to read its rows as Postgres to answer it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlmodel import Session

IDS = sa.ARRAY(sa.BigInteger)


def given(name: str, kind: Any = IDS) -> Any:
    """A parameter, of a list of ids where no other type is named."""
    return sa.bindparam(name, type_=kind, required=False)


class Prepared:
    """A statement whose parameters are named. Values go to the driver as they are: a list is an
    array, and JSON is a `Jsonb`."""

    def __init__(self, statement: sa.Executable) -> None:
        self._statement = statement

    def __call__(self, session: Session, **values: Any) -> Any:
        """Its rows. What the session has not written yet stays unwritten."""
        text, fixed = self._compiled
        return session.connection().exec_driver_sql(text, {**fixed, **values})

    @cached_property
    def _compiled(self) -> tuple[str, Mapping[str, Any]]:
        """Its text, and the parameters that have a value from the start."""
        compiled: Any = self._statement.compile(  # type: ignore[attr-defined]
            dialect=PGDialect_psycopg(), compile_kwargs={"render_postcompile": True}
        )
        return str(compiled), compiled.params
