"""Collections of clips, and what has left the house."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import (
    READ_BACK,
    identity,
    json,
    key_part,
    named_profile,
    now,
    optional_text,
    text,
    time,
    tries,
)


class Collection(SQLModel, table=True):
    """Clips under a name, in an order that people give them."""

    __tablename__: ClassVar[str] = "collections"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        sa.Index(
            "ix_collections_name",
            "name",
            unique=True,
            postgresql_where=sa.text("removed_at IS NULL"),
        ),
        sa.Index("ix_collections_words", sa.text("search_words_of(name)"), postgresql_using="gin"),
    )

    id: int = identity()
    name: str = text()
    made_by: str = text()
    created_at: datetime = now()
    removed_at: datetime | None = time()
    """Null unless somebody removed it; it can be brought back."""


class CollectionClip(SQLModel, table=True):
    """A clip's place in a collection."""

    __tablename__: ClassVar[str] = "collection_clips"
    __table_args__ = (sa.Index("ix_collection_clips_clip_id", "clip_id"),)

    collection_id: int = key_part("collections.id")
    clip_id: int = key_part("clips.id")
    place: int
    """Counted from 1. A clip that was taken out keeps its place, so that it can be put back."""
    put_by: str = text()
    put_at: datetime = now()
    taken_out_at: datetime | None = time()


class Handover(SQLModel, table=True):
    """Files of clips that somebody took."""

    __tablename__: ClassVar[str] = "handovers"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    id: int = identity()
    actor: str = text()
    profile: str = named_profile()
    selection: dict[str, str] = json(nullable=False)
    """The arguments of its address (`domain.selection`)."""
    destination: str = text()
    """Where the files went, in the words of whoever took them."""
    created_at: datetime = now()


class HandoverClip(SQLModel, table=True):
    """A file of a handover."""

    __tablename__: ClassVar[str] = "handover_clips"
    __table_args__ = (sa.Index("ix_handover_clips_clip_id", "clip_id"),)

    handover_id: int = key_part("handovers.id")
    clip_id: int = key_part("clips.id")
    sha256: str | None = optional_text()


class HandoverCopy(SQLModel, table=True):
    """A copy of a selection's files that somebody asked for on a page; a run of Dagster makes
    it."""

    __tablename__: ClassVar[str] = "handover_copies"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        sa.CheckConstraint("(ended_at IS NULL) = (next_try_at IS NOT NULL)", name="ended"),
        sa.Index(
            "ix_handover_copies_destination",
            "destination",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: int = identity()
    actor: str = text()
    profile: str = named_profile()
    selection: dict[str, str] = json(nullable=False)
    title: str = text()
    """Of the selection, as the page names it."""
    destination: str = text()
    asked_at: datetime = now()
    runs: int = tries()
    """That were asked for."""
    tries: int = tries()
    """Runs that began."""
    next_try_at: datetime | None = time()
    """When a run is asked for; null once the copy has ended."""
    done: float = Field(
        default=0, sa_column=sa.Column(sa.Double, server_default="0", nullable=False)
    )
    """Share of the bytes, of the present try."""
    files: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger))
    """This and the next two are null until the copy is whole."""
    new_files: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger))
    left_out: str | None = optional_text()
    """Names the clips that are left out, and the older files that went or stayed."""
    error: str | None = optional_text()
    """Of the last try."""
    ended_at: datetime | None = time()
