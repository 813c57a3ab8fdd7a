"""What reviewers decide, and what they are offered."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import (
    READ_BACK,
    flag,
    identity,
    json,
    now,
    one_of,
    reference,
    text,
)
from heaters_pipeline.domain.decisions import Action, Snapshot
from heaters_pipeline.domain.labels import Colour


class Label(SQLModel, table=True):
    """A label on the list that reviewers are offered."""

    __tablename__: ClassVar[str] = "labels"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        one_of("colour", Colour),
        sa.CheckConstraint("key BETWEEN 1 AND 9", name="key"),
    )

    id: int = identity()
    name: str = text(unique=True)
    former_names: list[str] = Field(
        default_factory=list,
        sa_column=sa.Column(ARRAY(sa.Text), server_default=sa.text("'{}'"), nullable=False),
    )
    colour: Colour = text()
    key: int | None = Field(default=None, sa_column=sa.Column(sa.SmallInteger, unique=True))
    """The digit that gives it, with Shift."""
    place: int
    """Its place on the list, counted from 1; retired ones keep theirs."""
    retired: bool = flag()
    """It is offered no more; clips that have it keep it."""
    created_at: datetime = now()


class SavedView(SQLModel, table=True):
    """A selection of clips that somebody gave a name, for all."""

    __tablename__: ClassVar[str] = "saved_views"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    id: int = identity()
    name: str = text(unique=True)
    arguments: dict[str, str] = json(nullable=False)
    """Those of an address (`domain.selection`)."""
    saved_by: str = text()
    created_at: datetime = now()


class OpinionRuleRow(SQLModel, table=True):
    """Of how many clips two people decide: of a source video's, of those with a label, or of
    all."""

    __tablename__: ClassVar[str] = "opinion_rules"
    __table_args__ = (
        sa.CheckConstraint("source_video_id IS NULL OR label_id IS NULL", name="scope"),
        sa.CheckConstraint("share BETWEEN 0 AND 100", name="share"),
        sa.UniqueConstraint("source_video_id", "label_id", postgresql_nulls_not_distinct=True),
    )

    id: int = identity()
    source_video_id: int | None = reference("source_videos.id", nullable=True)
    label_id: int | None = reference("labels.id", nullable=True)
    share: int = Field(sa_column=sa.Column(sa.SmallInteger, nullable=False))
    """Per cent."""
    created_at: datetime = now()


class ReviewEvent(SQLModel, table=True):
    """One decision. Append-only: a trigger refuses any change."""

    __tablename__: ClassVar[str] = "review_events"
    __table_args__ = (
        one_of("action", Action),
        sa.Index("ix_review_events_actor_created_at_id", "actor", "created_at", "id"),
        sa.Index(
            "ix_review_events_clip_ids",
            "clip_ids",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        sa.Index(
            "ix_review_events_batch_id",
            "batch_id",
            postgresql_where=sa.text("batch_id IS NOT NULL"),
        ),
        sa.Index("ix_review_events_created_at", "created_at"),
        sa.Index(
            "ix_review_events_mended",
            "source_video_id",
            postgresql_where=sa.text("action IN ('merge', 'split', 'nudge')"),
        ),
        sa.Index(
            "ix_review_events_removed",
            "source_video_id",
            postgresql_where=sa.text("action = 'remove'"),
        ),
    )

    id: int = identity()
    source_video_id: int = reference("source_videos.id")
    actor: str = text()
    action: Action = text()
    clip_ids: list[int] = Field(sa_column=sa.Column(ARRAY(sa.BigInteger), nullable=False))
    batch_id: int | None = reference("review_events.id", nullable=True)
    """The first event of the batch that this one belongs to; null for that first one, and for a
    decision by itself."""
    before: list[Snapshot] = json(nullable=False)
    """What the event found of each clip (`db.events.snapshot`; older events hold less). A clip that
    the event made is missing here; a removal, which can't be undone, lists none."""
    after: list[Snapshot] = json(nullable=False)
    """The same clips as the event left them."""
    undoes_event_id: int | None = reference("review_events.id", nullable=True, unique=True)
    created_at: datetime = now()
