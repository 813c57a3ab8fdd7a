"""What people say to one another, and the work that is given to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import READ_BACK, identity, json, now, reference, text, time


class Comment(SQLModel, table=True):
    """On a clip, or on one frame of it."""

    __tablename__: ClassVar[str] = "comments"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        sa.Index(None, "source_video_id"),
        sa.Index("ix_comments_author_created_at", "author", "created_at"),
    )

    id: int = identity()
    source_video_id: int = reference("source_videos.id")
    clip_id: int = reference("clips.id")
    """On which it was written."""
    frame: int | None = Field(default=None, sa_column=sa.Column(sa.Integer))
    """Of the source video; null where it is about the clip."""
    author: str = text()
    text: str = text()
    created_at: datetime = now()


class Mention(SQLModel, table=True):
    """A person whom a comment names, in their inbox."""

    __tablename__: ClassVar[str] = "mentions"
    __table_args__ = (
        sa.Index("ix_mentions_unread", "person_id", postgresql_where=sa.text("read_at IS NULL")),
    )

    comment_id: int = Field(
        sa_column=sa.Column(sa.BigInteger, sa.ForeignKey("comments.id"), primary_key=True)
    )
    person_id: int = Field(
        sa_column=sa.Column(
            sa.BigInteger,
            sa.ForeignKey("people.id", ondelete="CASCADE"),
            primary_key=True,
            index=True,
        )
    )
    read_at: datetime | None = time()


class Assignment(SQLModel, table=True):
    """Clips that a person is to decide on."""

    __tablename__: ClassVar[str] = "assignments"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (sa.UniqueConstraint("person_id", "arguments"),)

    id: int = identity()
    person_id: int = Field(
        sa_column=sa.Column(
            sa.BigInteger, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False
        )
    )
    name: str = text()
    """What the clips are: a title, the name of a collection or of a saved view."""
    arguments: dict[str, str] = json(nullable=False)
    """Those of an address (`domain.selection`)."""
    assigned_by: str = text()
    created_at: datetime = now()
