"""Themes of the library, and how unlike all others each clip is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "theme_surveys",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("clips", sa.Integer, nullable=False),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_surveys")),
    )
    op.create_table(
        "themes",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("parent_id", sa.BigInteger),
        sa.Column("name", sa.Text),
        sa.Column("named_by", sa.Text),
        sa.Column("centre", Vector, nullable=False),
        sa.Column("examples", ARRAY(sa.BigInteger), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["themes.id"], name=op.f("fk_themes_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_themes")),
    )
    op.create_index("ix_themes_parent_id", "themes", ["parent_id"])
    op.create_table(
        "clip_themes",
        sa.Column("clip_id", sa.BigInteger, nullable=False),
        sa.Column("theme_id", sa.BigInteger),
        sa.Column("distance", sa.REAL),
        sa.Column("novelty", sa.REAL),
        sa.Column("surveyed", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name=op.f("fk_clip_themes_clip_id")),
        sa.ForeignKeyConstraint(["theme_id"], ["themes.id"], name=op.f("fk_clip_themes_theme_id")),
        sa.PrimaryKeyConstraint("clip_id", name=op.f("pk_clip_themes")),
    )
    op.create_index("ix_clip_themes_theme_id_distance", "clip_themes", ["theme_id", "distance"])
    op.create_index("ix_clip_themes_novelty", "clip_themes", [sa.text("novelty DESC NULLS LAST")])
