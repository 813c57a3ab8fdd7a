"""People, how they are let in, and what they did."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import (
    READ_BACK,
    identity,
    now,
    one_of,
    optional_text,
    text,
    time,
)
from heaters_pipeline.domain.roles import Role


def _person() -> Any:
    target = sa.ForeignKey("people.id", ondelete="CASCADE")
    return Field(sa_column=sa.Column(sa.BigInteger, target, nullable=False))


class Person(SQLModel, table=True):
    """Somebody who may sign in. Their name is the actor of their decisions."""

    __tablename__: ClassVar[str] = "people"
    __table_args__ = (
        one_of("role", Role),
        sa.Index("ix_people_name", sa.text("lower(name)"), unique=True),
    )
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    id: int = identity()
    name: str = text()
    role: Role = text()
    password_hash: str | None = optional_text()
    """By argon2, with its parameters and salt; None: they sign in elsewhere."""
    subject: str | None = optional_text(unique=True)
    """Who they are at the OIDC provider that they sign in at: its address, and their id there."""
    created_at: datetime = now()


class Invite(SQLModel, table=True):
    """By which somebody becomes a person, once, until it expires or the row is deleted."""

    __tablename__: ClassVar[str] = "invites"
    __table_args__ = (one_of("role", Role), sa.Index(None, "person_id"))
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    id: int = identity()
    person_id: int | None = Field(
        default=None,
        sa_column=sa.Column(sa.BigInteger, sa.ForeignKey("people.id", ondelete="CASCADE")),
    )
    """Who made it; None: a command, or the local user."""
    role: Role = text()
    digest: str = text(unique=True)
    """SHA-256 of the secret in the link."""
    created_at: datetime = now()
    expires_at: datetime = now()


class SignIn(SQLModel, table=True):
    """A browser in which a person is signed in, until the row is deleted."""

    __tablename__: ClassVar[str] = "sessions"
    __table_args__ = (sa.Index(None, "person_id"),)
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    id: int = identity()
    person_id: int = _person()
    digest: str = text(unique=True)
    """SHA-256 of the secret in the browser's cookie."""
    address: str = text()
    browser: str = text()
    created_at: datetime = now()
    seen_at: datetime = now()


class Token(SQLModel, table=True):
    """By which a program acts for a person, until it expires or the row is deleted."""

    __tablename__: ClassVar[str] = "tokens"
    __table_args__ = (one_of("role", Role), sa.UniqueConstraint("person_id", "name"))
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    id: int = identity()
    person_id: int = _person()
    name: str = text()
    role: Role = text()
    """What it may do at most: never more than the person."""
    digest: str = text(unique=True)
    created_at: datetime = now()
    expires_at: datetime = now()
    seen_at: datetime | None = time()


class SignInDelay(SQLModel, table=True):
    """Sign-ins that failed, by what they are counted by (`domain.people.counters`)."""

    __tablename__: ClassVar[str] = "sign_in_delays"

    key: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    failures: int = Field(
        default=0, sa_column=sa.Column(sa.Integer, server_default="0", nullable=False)
    )
    tried_at: datetime = now()
    free_at: datetime = now()
    """When the next one may be tried."""


class AuditEntry(SQLModel, table=True):
    """Who did what, from where, and when; rows can only be added."""

    __tablename__: ClassVar[str] = "audit_log"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    id: int = identity()
    at: datetime = now()
    actor: str = text()
    address: str = text()
    """`command line` of a command."""
    action: str = text()
    target: str | None = optional_text()
    detail: str | None = optional_text()
