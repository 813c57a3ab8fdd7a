"""Clips that came from the pipeline that Heaters succeeds."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import SQLModel

from heaters_pipeline.db.models.columns import (
    identity,
    json,
    now,
    optional_text,
    reference,
    text,
    time,
)


class ImportedClip(SQLModel, table=True):
    """A clip of an older system. Its file is a source video of its own, until the clip is placed in
    its film."""

    __tablename__: ClassVar[str] = "imported_clips"
    __table_args__ = (
        sa.UniqueConstraint("system", "old_id"),
        sa.UniqueConstraint("video_id"),
        sa.UniqueConstraint("clip_id"),
        sa.CheckConstraint("0 <= start_frame AND start_frame < end_frame", name="range"),
        sa.CheckConstraint(
            "(placed_in_id IS NULL) = (placed_frame IS NULL) AND placed_frame >= 0", name="placed"
        ),
        sa.Index("ix_imported_clips_film_id", "film_id"),
        sa.Index("ix_imported_clips_placed_in_id", "placed_in_id"),
    )

    id: int = identity()
    system: str = text()
    """What the older system is called."""
    old_id: str = text()
    """The clip's id there."""
    film_id: int = reference("source_videos.id")
    """The film that it was cut from, whose own file may not be at hand."""
    video_id: int | None = reference("source_videos.id", nullable=True)
    """The source video that is made of the clip's file; null of clips that others have replaced."""
    clip_id: int | None = reference("clips.id", nullable=True)
    """Null until the file has been ingested, and once the clip has another file."""
    record: dict[str, Any] | None = json()
    """What is known of the clip (`domain.older.OlderClip`) and not taken in yet; null once all of
    it is."""
    start_frame: int | None = None
    end_frame: int | None = None
    """Where it lies in its film by the older system's word, 0-based, half-open."""
    placed_in_id: int | None = reference("source_videos.id", nullable=True)
    placed_frame: int | None = None
    """The film that it was found in, and the frame of that which shows its first one; null while it
    is in its own file."""
    sought_at: datetime | None = time()
    """When it was sought in its film last."""
    problem: str | None = optional_text()
    """Why it was not placed then."""
    created_at: datetime = now()
