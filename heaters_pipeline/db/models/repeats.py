"""What shows again what something else shows, by frames of source videos, so that clips may be cut
and joined anew without any of it changing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from pgvector.sqlalchemy import BIT
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import READ_BACK, flag, identity, now, reference, text

SIGNATURE_BITS = 172


class FrameSignature(SQLModel, table=True):
    """The signature of a sampled frame (`media.repeats.signatures`)."""

    __tablename__: ClassVar[str] = "frame_signatures"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        sa.UniqueConstraint("source_video_id", "frame"),
        sa.Index(
            "ix_frame_signatures_bits",
            "bits",
            postgresql_using="hnsw",
            postgresql_ops={"bits": "bit_hamming_ops"},
        ),
    )

    id: int = identity()
    source_video_id: int = reference("source_videos.id")
    frame: int
    bits: str = Field(sa_column=sa.Column(BIT(SIGNATURE_BITS), nullable=False))


class RepeatRow(SQLModel, table=True):
    """`domain.repeats.Repeat`: the frames of a video that another one shows, too, or the same one
    later."""

    __tablename__: ClassVar[str] = "repeats"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        sa.CheckConstraint(
            "start_frame < end_frame AND other_start_frame < other_end_frame", name="ranges"
        ),
        sa.UniqueConstraint(
            *("source_video_id", "start_frame", "other_video_id", "other_start_frame"),
            name="uq_repeats_starts",
        ),
        sa.Index("ix_repeats_other_video_id", "other_video_id", "other_start_frame"),
    )

    id: int = identity()
    source_video_id: int = reference("source_videos.id")
    start_frame: int
    end_frame: int
    other_video_id: int = reference("source_videos.id")
    other_start_frame: int
    other_end_frame: int
    is_mirrored: bool = flag()
    score: float = Field(sa_column=sa.Column(sa.REAL, nullable=False))
    method: int = Field(
        default=1, sa_column=sa.Column(sa.Integer, server_default="1", nullable=False)
    )
    """`domain.repeats.METHOD` of the time when it was found."""


class ApartRow(SQLModel, table=True):
    """Two ranges of frames that a reviewer does not call the same, for good."""

    __tablename__: ClassVar[str] = "repeats_apart"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        sa.Index("ix_repeats_apart_source_video_id", "source_video_id"),
        sa.Index("ix_repeats_apart_other_video_id", "other_video_id"),
    )

    id: int = identity()
    source_video_id: int = reference("source_videos.id")
    start_frame: int
    end_frame: int
    other_video_id: int = reference("source_videos.id")
    other_start_frame: int
    other_end_frame: int
    actor: str = text()
    created_at: datetime = now()
