"""What columns of the tables are made of."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


SQLModel.metadata.naming_convention = NAMING


READ_BACK = {"eager_defaults": True}
"""Every write returns what the database filled in, so that rows stay readable after it."""


def one_of(column: str, values: type[StrEnum]) -> sa.CheckConstraint:
    names = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({names})", name=column)


def identity() -> Any:
    return Field(
        default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    )


def reference(target: str, *, nullable: bool = False, **options: Any) -> Any:
    column = sa.Column(sa.BigInteger, sa.ForeignKey(target), nullable=nullable, **options)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def key_part(target: str) -> Any:
    return Field(sa_column=sa.Column(sa.BigInteger, sa.ForeignKey(target), primary_key=True))


def named_profile() -> Any:
    target = sa.ForeignKey("export_profiles.name")
    return Field(sa_column=sa.Column(sa.Text, target, nullable=False))


def now(**options: Any) -> Any:
    return Field(
        default=None,
        sa_column=sa.Column(
            sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False, **options
        ),
    )


def touched() -> Any:
    return Field(
        default=None,
        sa_column=sa.Column(
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            onupdate=sa.func.now(),
            nullable=False,
        ),
    )


def time() -> Any:
    return Field(default=None, sa_column=sa.Column(sa.DateTime(timezone=True)))


def tries() -> Any:
    return Field(
        default=0, sa_column=sa.Column(sa.SmallInteger, server_default="0", nullable=False)
    )


def flag(*, default: bool = False) -> Any:
    server_default = sa.true() if default else sa.false()
    return Field(
        default=default,
        sa_column=sa.Column(sa.Boolean, server_default=server_default, nullable=False),
    )


def json(*, nullable: bool = True) -> Any:
    column = sa.Column(JSONB(none_as_null=True), nullable=nullable)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def text(*, server_default: str | None = None, **options: Any) -> Any:
    if server_default is not None:
        return Field(
            default=server_default,
            sa_column=sa.Column(sa.Text, server_default=server_default, nullable=False, **options),
        )
    return Field(sa_column=sa.Column(sa.Text, nullable=False, **options))


def optional_text(**options: Any) -> Any:
    return Field(default=None, sa_column=sa.Column(sa.Text, **options))
