"""Addresses that are told what happens."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import (
    READ_BACK,
    identity,
    json,
    now,
    one_of,
    optional_text,
    text,
    time,
)


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class Webhook(SQLModel, table=True):
    """An address that is told what happens."""

    __tablename__: ClassVar[str] = "webhooks"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    id: int = identity()
    url: str = text(unique=True)
    secret: str = text()
    created_at: datetime = now()


class WebhookDelivery(SQLModel, table=True):
    """An event on its way to an address."""

    __tablename__: ClassVar[str] = "webhook_deliveries"
    __table_args__ = (
        one_of("state", DeliveryState),
        sa.UniqueConstraint("webhook_id", "event_id"),
        sa.Index(
            "ix_webhook_deliveries_waiting",
            "next_try_at",
            postgresql_where=sa.text("state = 'waiting'"),
        ),
    )

    id: int = identity()
    webhook_id: int = Field(
        sa_column=sa.Column(
            sa.BigInteger, sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False
        )
    )
    event_id: str = text()
    body: dict[str, Any] = json(nullable=False)
    state: DeliveryState = text(server_default=DeliveryState.WAITING)
    tries: int = Field(
        default=0, sa_column=sa.Column(sa.Integer, server_default="0", nullable=False)
    )
    error: str | None = optional_text()
    """Of the last try."""
    next_try_at: datetime = now()
    created_at: datetime = now()
    ended_at: datetime | None = time()
