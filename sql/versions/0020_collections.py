"""Collections of clips, and what was handed over when and by whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


def _now(name: str) -> sa.Column[object]:
    when = sa.DateTime(timezone=True)
    return sa.Column(name, when, server_default=sa.func.now(), nullable=False)


def _reference(name: str, target: str, *, in_key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), primary_key=in_key, nullable=False)


def upgrade() -> None:
    op.create_table(
        "collections",
        _identity(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        _now("created_at"),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "ix_collections_name",
        "collections",
        ["name"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "collection_clips",
        _reference("collection_id", "collections.id", in_key=True),
        _reference("clip_id", "clips.id", in_key=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("put_by", sa.Text, nullable=False),
        _now("put_at"),
        sa.Column("taken_out_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_collection_clips_clip_id", "collection_clips", ["clip_id"])
    op.create_table(
        "handovers",
        _identity(),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("profile", sa.Text, sa.ForeignKey("export_profiles.name"), nullable=False),
        sa.Column("selection", JSONB, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        _now("created_at"),
    )
    op.create_table(
        "handover_clips",
        _reference("handover_id", "handovers.id", in_key=True),
        _reference("clip_id", "clips.id", in_key=True),
        sa.Column("sha256", sa.Text),
    )
    op.create_index("ix_handover_clips_clip_id", "handover_clips", ["clip_id"])
