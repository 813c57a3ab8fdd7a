"""Second opinions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0032"
branch_labels = None
depends_on = None


def _identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


def _now(name: str) -> sa.Column[object]:
    when = sa.DateTime(timezone=True)
    return sa.Column(name, when, server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    op.add_column(
        "clips", sa.Column("opinions", JSONB, server_default=sa.text("'[]'"), nullable=False)
    )
    op.create_table(
        "opinion_rules",
        _identity(),
        sa.Column("source_video_id", sa.BigInteger, sa.ForeignKey("source_videos.id")),
        sa.Column("label_id", sa.BigInteger, sa.ForeignKey("labels.id")),
        sa.Column("share", sa.SmallInteger, nullable=False),
        _now("created_at"),
        sa.CheckConstraint("source_video_id IS NULL OR label_id IS NULL", name="scope"),
        sa.CheckConstraint("share BETWEEN 0 AND 100", name="share"),
        sa.UniqueConstraint("source_video_id", "label_id", postgresql_nulls_not_distinct=True),
    )
    op.create_index(
        "ix_clips_opinions", "clips", ["state"], postgresql_where=sa.text("opinions <> '[]'")
    )
