"""Requests to the API that may be sent twice and count once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import READ_BACK, now, text


def _key_part() -> Any:
    return Field(sa_column=sa.Column(sa.Text, primary_key=True))


class IdempotentRequest(SQLModel, table=True):
    """A request that came with an idempotency key. The transaction that does what it asks for
    writes the row: the row is there if that was done."""

    __tablename__: ClassVar[str] = "idempotent_requests"
    __table_args__ = (sa.Index(None, "at"),)
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    actor: str = _key_part()
    key: str = _key_part()
    digest: str = text()
    """HMAC-SHA-256 of method, address and body, by the key of the app."""
    at: datetime = now()
    answer: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary))
    """JSON. None: it is not known yet, or the process that knew it has died. Empty: it is told once
    alone."""
