"""What searches look words and pictures up in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import identity, now, text


class SearchWord(SQLModel, table=True):
    """A word of some text, for queries that have it wrong. Triggers add it; a word that no text has
    any more stays, and one that two learnt at once is there twice."""

    __tablename__: ClassVar[str] = "search_words"
    __table_args__ = (sa.Index("ix_search_words_trigrams", "trigrams", postgresql_using="gin"),)

    id: int = identity()
    word: str = text(index=True)
    trigrams: list[str] = Field(sa_column=sa.Column(ARRAY(sa.Text), nullable=False))


class SearchPicture(SQLModel, table=True):
    """A picture that somebody looks for, as its vector by a model; for a few days."""

    __tablename__: ClassVar[str] = "search_pictures"

    digest: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    """sha256 of its file."""
    model: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    embedding: Any = Field(sa_column=sa.Column(Vector, nullable=False))
    thumbnail: bytes = Field(sa_column=sa.Column(BYTEA, nullable=False))
    """JPEG."""
    made_at: datetime = now(index=True)
