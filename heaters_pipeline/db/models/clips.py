"""Clips, their stills and their vectors."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, ExcludeConstraint
from sqlmodel import Field, SQLModel
from typing_extensions import TypedDict

from heaters_pipeline.db.models.columns import (
    READ_BACK,
    flag,
    identity,
    json,
    now,
    one_of,
    optional_text,
    reference,
    text,
    time,
    touched,
    tries,
)
from heaters_pipeline.domain.annotations import Annotation
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.opinions import Opinion
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.domain.sprites import StoredSpriteIndex
from heaters_pipeline.domain.states import ClipState


class ArtifactKind(StrEnum):
    KEYFRAME = "keyframe"
    SPRITES = "sprites"


class Clip(SQLModel, table=True):
    """A frame range of a source video. Virtual until it has been exported to a file."""

    __tablename__: ClassVar[str] = "clips"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        one_of("state", ClipState),
        sa.CheckConstraint("made_by IN ('replan', 'merge', 'split', 'nudge')", name="made_by"),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        sa.CheckConstraint(
            "is_virtual OR (clip_filepath IS NOT NULL AND exported_frames IS NOT NULL)",
            name="physical",
        ),
        sa.CheckConstraint("0 <= start_frame AND start_frame < end_frame", name="range"),
        ExcludeConstraint(
            (sa.text("int8range(source_video_id, source_video_id, '[]')"), "&&"),
            (sa.text("int4range(start_frame, end_frame)"), "&&"),
            name="ex_clips_overlap",
            using="gist",
            where=sa.text("state <> 'superseded'"),
        ),
        sa.Index("ix_clips_source_video_id_start_frame", "source_video_id", "start_frame"),
        sa.Index(
            "ix_clips_pending",
            "source_video_id",
            "start_frame",
            postgresql_where=sa.text("state = 'pending_review'"),
        ),
        sa.Index(
            "ix_clips_replaced",
            "source_video_id",
            postgresql_where=sa.text("state = 'superseded' AND NOT is_virtual"),
        ),
        sa.Index(
            "ix_clips_state_decided_at_id",
            "state",
            sa.text("decided_at DESC NULLS LAST"),
            sa.text("id DESC"),
        ),
        sa.Index("ix_clips_source_video_id_decided_at", "source_video_id", "decided_at"),
        sa.Index(
            "ix_clips_waiting", "created_at", postgresql_where=sa.text("state = 'pending_review'")
        ),
        sa.Index(
            "ix_clips_leased_until",
            "leased_until",
            postgresql_where=sa.text("leased_until IS NOT NULL"),
        ),
        sa.Index(
            "ix_clips_leased_by", "leased_by", postgresql_where=sa.text("leased_by IS NOT NULL")
        ),
        sa.Index(
            "ix_clips_leased_page",
            "leased_page",
            postgresql_where=sa.text("leased_page IS NOT NULL"),
        ),
        sa.Index(
            "ix_clips_labels",
            "labels",
            postgresql_using="gin",
            postgresql_where=sa.text("labels <> '{}'"),
        ),
        sa.Index(
            "ix_clips_keyframes_asked_at",
            "keyframes_asked_at",
            postgresql_where=sa.text("keyframes_asked_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_clips_opinions",
            "state",
            postgresql_where=sa.text("opinions <> '[]'"),
        ),
        sa.Index(
            "ix_clips_words",
            sa.text("search_clip_words(labels, note, group_name)"),
            postgresql_using="gin",
            postgresql_where=sa.text(
                "labels <> '{}' OR note IS NOT NULL OR group_name IS NOT NULL"
            ),
        ),
    )

    id: int = identity()
    source_video_id: int = reference("source_videos.id")
    state: ClipState = text(server_default=ClipState.PENDING_REVIEW)
    made_by: Action = text()
    """`replan` where cut points made it; `merge` or `split` where a reviewer did, `nudge` where one
    moved an end of it."""
    is_virtual: bool = flag(default=True)
    cut_points: dict[str, Any] = json(nullable=False)
    """`{"start_frame", "end_frame", "start_time_seconds", "end_time_seconds"}`"""
    start_frame: int = Field(
        default=None,
        sa_column=sa.Column(
            sa.Integer,
            sa.Computed("(cut_points->>'start_frame')::integer", persisted=True),
            nullable=False,
        ),
    )
    end_frame: int = Field(
        default=None,
        sa_column=sa.Column(
            sa.Integer,
            sa.Computed("(cut_points->>'end_frame')::integer", persisted=True),
            nullable=False,
        ),
    )
    trim: dict[str, int] | None = json()
    """`{"start_frame", "end_frame"}`: the frames that show this clip's own shot alone; null where
    all do."""
    doubt: float | None = Field(default=None, sa_column=sa.Column(sa.REAL))
    """0 to 1: how unsure its cuts are (`domain.doubt`); null where nothing is known."""
    clip_filepath: str | None = optional_text()
    exported_frames: dict[str, int] | None = json()
    """`{"start_frame", "end_frame"}` of what the file holds; null while there is none."""
    receipt: Receipt | None = json()
    """What was measured in the file; null where there is none, and of files that are older than
    receipts."""
    grouped_with_clip_id: int | None = reference("clips.id", nullable=True, index=True)
    """The first clip of the group that this one belongs to."""
    group_name: str | None = optional_text()
    """Of the group that this clip is the first of."""
    labels: list[str] = Field(
        default_factory=list,
        sa_column=sa.Column(ARRAY(sa.Text), server_default=sa.text("'{}'"), nullable=False),
    )
    rating: int | None = Field(default=None, sa_column=sa.Column(sa.SmallInteger))
    """1 to 5, the best."""
    note: str | None = optional_text()
    chosen_frames: list[int] = Field(
        default_factory=list,
        sa_column=sa.Column(ARRAY(sa.Integer), server_default=sa.text("'{}'"), nullable=False),
    )
    """Of the source video, ascending: those that a reviewer chose as keyframes."""
    opinions: list[Opinion] = Field(
        default_factory=list,
        sa_column=sa.Column(JSONB, server_default=sa.text("'[]'"), nullable=False),
    )
    """Of people who each decided without the others, in their order (`domain.opinions`); empty
    where one person decides."""
    keyframes_basis: str | None = optional_text()
    """What its keyframes were made by (`domain.stills.KeyframeRule.basis`); null where there are
    none, and of those that are older than rules."""
    keyframes_asked_at: datetime | None = time()
    """When something changed last that its keyframes may depend on; null once that was seen to."""
    version: int = Field(
        default=1, sa_column=sa.Column(sa.Integer, server_default="1", nullable=False)
    )
    """Raised by every review event; a write that names another version is refused."""
    leased_by: str | None = optional_text()
    """The reviewer who was handed it last."""
    leased_page: str | None = optional_text()
    """The token of the page that has it; null where a program without pages does."""
    leased_until: datetime | None = time()
    """Null once it was given back."""
    decided_at: datetime | None = time()
    last_event_id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger))
    attempt: int = Field(
        default=0, sa_column=sa.Column(sa.Integer, server_default="0", nullable=False)
    )
    error: str | None = optional_text()
    tries: int = tries()
    """How often the present step failed for a reason that may pass."""
    retry_at: datetime | None = time()
    """When it is tried again by itself; null: whenever it is due, or never where it failed."""
    created_at: datetime = now()
    updated_at: datetime = touched()

    @property
    def frames(self) -> FrameRange:
        return FrameRange(self.start_frame, self.end_frame)

    @property
    def annotation(self) -> Annotation:
        return Annotation(tuple(self.labels), self.rating, self.note, tuple(self.chosen_frames))

    @property
    def clean_frames(self) -> FrameRange:
        """What is left when transitions are trimmed off."""
        return FrameRange.from_json(self.trim) if self.trim else self.frames

    @property
    def file_frames(self) -> FrameRange:
        """The frames that its file holds, or would hold untrimmed."""
        held = self.exported_frames
        return FrameRange.from_json(held) if held else self.frames


class ClipCount(SQLModel, table=True):
    """A part of how many clips have a state, or live ones a label (`db.clip_counts`)."""

    __tablename__: ClassVar[str] = "clip_counts"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('state', 'label')", name="kind"),
        sa.Index("ix_clip_counts_kind_name", "kind", "name"),
    )

    id: int = identity()
    kind: str = text()
    name: str = text()
    number: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False))


class ClipFile(TypedDict, total=False):
    """Columns of a clip that its export fills in."""

    is_virtual: bool
    clip_filepath: str
    exported_frames: dict[str, int]
    receipt: Receipt | None


class ClipArtifact(SQLModel, table=True):
    """A file made from a clip: a keyframe of it, or its sprite sheets."""

    __tablename__: ClassVar[str] = "clip_artifacts"
    __table_args__ = (
        one_of("kind", ArtifactKind),
        sa.CheckConstraint("(kind = 'sprites') = (sprites IS NOT NULL)", name="sprites"),
        sa.UniqueConstraint("clip_id", "kind", "frame"),
    )

    id: int = identity()
    clip_id: int = reference("clips.id")
    kind: ArtifactKind = text()
    frame: int
    """Its number in the source video; of sprite sheets, that of their first tile."""
    filepath: str = text()
    width: int
    height: int
    """Of the image; of sprite sheets, of a tile."""
    sprites: StoredSpriteIndex | None = json()
    """What is in the sheets (`domain.sprites.SpriteIndex`); null of keyframes."""
    created_at: datetime = now()


class ClipEmbedding(SQLModel, table=True):
    """A clip, or a keyframe of it, as a vector. Vectors of different models live in one table and
    never meet."""

    __tablename__: ClassVar[str] = "clip_embeddings"
    __table_args__ = (
        sa.UniqueConstraint(
            "clip_id", "model", "strategy", "frame", postgresql_nulls_not_distinct=True
        ),
        sa.Index("ix_clip_embeddings_model_strategy", "model", "strategy"),
    )

    id: int = identity()
    clip_id: int = reference("clips.id")
    model: str = text()
    strategy: str = text()
    """`domain.vectors.Strategy`, or `preview`."""
    frame: int | None = Field(default=None, sa_column=sa.Column(sa.Integer))
    """The keyframe's number in the source video; null where the vector is of the whole clip."""
    embedding: Any = Field(sa_column=sa.Column(Vector, nullable=False))
    created_at: datetime = now()


class VectorFailure(SQLModel, table=True):
    """Why a clip has no vector of a model, or, without a clip, why the model can't be had."""

    __tablename__: ClassVar[str] = "vector_failures"
    __table_args__ = (sa.UniqueConstraint("clip_id", "model", postgresql_nulls_not_distinct=True),)

    id: int = identity()
    model: str = text()
    clip_id: int | None = reference("clips.id", nullable=True)
    error: str = text()
    retry_at: datetime = Field(sa_column=sa.Column(sa.DateTime(timezone=True), nullable=False))


class KeyframeRuleRow(SQLModel, table=True):
    """Which frames become keyframes: of a source video, of the clips with a label, or of all."""

    __tablename__: ClassVar[str] = "keyframe_rules"
    __table_args__ = (
        sa.CheckConstraint("source_video_id IS NULL OR label_id IS NULL", name="scope"),
        sa.UniqueConstraint("source_video_id", "label_id", postgresql_nulls_not_distinct=True),
    )

    id: int = identity()
    source_video_id: int | None = reference("source_videos.id", nullable=True)
    label_id: int | None = reference("labels.id", nullable=True)
    spec: dict[str, Any] = json(nullable=False)
    """`domain.stills.KeyframeRule`"""
    created_at: datetime = now()
