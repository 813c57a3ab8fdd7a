"""Themes of the library, and each clip's."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import (
    READ_BACK,
    flag,
    identity,
    key_part,
    now,
    optional_text,
    reference,
    text,
)


class ThemeSurvey(SQLModel, table=True):
    """One making of the themes. The last one counts."""

    __tablename__: ClassVar[str] = "theme_surveys"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    id: int = identity()
    model: str = text()
    """Whose vectors it compared."""
    clips: int
    """That it divided."""
    made_at: datetime = now()


class Theme(SQLModel, table=True):
    """Clips that are like one another, or a part of a larger theme's."""

    __tablename__: ClassVar[str] = "themes"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (sa.Index("ix_themes_parent_id", "parent_id"),)

    id: int = identity()
    parent_id: int | None = reference("themes.id", nullable=True)
    name: str | None = optional_text()
    """Null where nothing tells it from others."""
    named_by: str | None = optional_text()
    """Who named it; null where its clips' words did."""
    centre: Any = Field(sa_column=sa.Column(Vector, nullable=False))
    """Of length 1."""
    examples: list[int] = Field(sa_column=sa.Column(ARRAY(sa.BigInteger), nullable=False))
    """Ids of clips that show what it holds, best first."""


class ClipTheme(SQLModel, table=True):
    """Where a clip of the library lies among the others."""

    __tablename__: ClassVar[str] = "clip_themes"
    __table_args__ = (
        sa.Index("ix_clip_themes_theme_id_distance", "theme_id", "distance"),
        sa.Index("ix_clip_themes_novelty", sa.text("novelty DESC NULLS LAST")),
    )

    clip_id: int = key_part("clips.id")
    theme_id: int | None = reference("themes.id", nullable=True)
    """The smallest one that it belongs to; null while there are none, and without a vector."""
    distance: float | None = Field(default=None, sa_column=sa.Column(sa.REAL))
    """From the centre of that theme, cosine distance."""
    novelty: float | None = Field(default=None, sa_column=sa.Column(sa.REAL))
    """The mean cosine distance of the clips that are nearest to it; null without a vector."""
    surveyed: bool = flag()
    """Whether the last survey counted it; others came later."""
