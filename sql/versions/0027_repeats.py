"""Which frames show again what others show, and the signatures by which they are found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import BIT

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source_videos", sa.Column("repeats_sought_in", sa.Text))
    op.create_table(
        "frame_signatures",
        _identity(),
        _video("frame_signatures", "source_video_id"),
        sa.Column("frame", sa.Integer, nullable=False),
        sa.Column("bits", BIT(172), nullable=False),
        sa.UniqueConstraint(
            "source_video_id", "frame", name="uq_frame_signatures_source_video_id_frame"
        ),
    )
    op.create_index(
        "ix_frame_signatures_bits",
        "frame_signatures",
        ["bits"],
        postgresql_using="hnsw",
        postgresql_ops={"bits": "bit_hamming_ops"},
    )
    op.create_table(
        "repeats",
        _identity(),
        *_ranges("repeats"),
        sa.Column("is_mirrored", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("score", sa.REAL, nullable=False),
        sa.CheckConstraint(
            "start_frame < end_frame AND other_start_frame < other_end_frame",
            name="ranges",
        ),
        sa.UniqueConstraint(
            *("source_video_id", "start_frame", "other_video_id", "other_start_frame"),
            name="uq_repeats_starts",
        ),
    )
    op.create_index("ix_repeats_other_video_id", "repeats", ["other_video_id", "other_start_frame"])
    op.create_table(
        "repeats_apart",
        _identity(),
        *_ranges("repeats_apart"),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
    )
    for column in ("source_video_id", "other_video_id"):
        op.create_index(f"ix_repeats_apart_{column}", "repeats_apart", [column])


def _identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


def _video(table: str, name: str) -> sa.Column[int]:
    target = sa.ForeignKey("source_videos.id", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.BigInteger, target, nullable=False)


def _ranges(table: str) -> list[sa.Column[int]]:
    return [
        _video(table, "source_video_id"),
        sa.Column("start_frame", sa.Integer, nullable=False),
        sa.Column("end_frame", sa.Integer, nullable=False),
        _video(table, "other_video_id"),
        sa.Column("other_start_frame", sa.Integer, nullable=False),
        sa.Column("other_end_frame", sa.Integer, nullable=False),
    ]
