"""Second opinions, comments, assignments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def _identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


def _now(name: str) -> sa.Column[object]:
    when = sa.DateTime(timezone=True)
    return sa.Column(name, when, server_default=sa.func.now(), nullable=False)


def _reference(
    name: str, target: str, *, ondelete: str | None = None, primary_key: bool = False
) -> sa.Column[int]:
    key = sa.ForeignKey(target, ondelete=ondelete)
    return sa.Column(name, sa.BigInteger, key, nullable=False, primary_key=primary_key)


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
    op.create_table(
        "comments",
        _identity(),
        _reference("source_video_id", "source_videos.id"),
        _reference("clip_id", "clips.id"),
        sa.Column("frame", sa.Integer),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        _now("created_at"),
    )
    op.create_index("ix_comments_source_video_id", "comments", ["source_video_id"])
    op.create_index("ix_comments_author_created_at", "comments", ["author", "created_at"])
    op.create_table(
        "mentions",
        _reference("comment_id", "comments.id", primary_key=True),
        _reference("person_id", "people.id", ondelete="CASCADE", primary_key=True),
        sa.Column("read_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_mentions_person_id", "mentions", ["person_id"])
    op.create_index(
        "ix_mentions_unread",
        "mentions",
        ["person_id"],
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "assignments",
        _identity(),
        _reference("person_id", "people.id", ondelete="CASCADE"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("arguments", JSONB, nullable=False),
        sa.Column("assigned_by", sa.Text, nullable=False),
        _now("created_at"),
        sa.UniqueConstraint("person_id", "arguments"),
    )
    op.create_index(
        "ix_clips_opinions", "clips", ["state"], postgresql_where=sa.text("opinions <> '[]'")
    )
