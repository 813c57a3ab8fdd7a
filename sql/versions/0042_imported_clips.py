"""Clips of the pipeline that Heaters succeeds, and the event of a clip that moves to its film."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

ACTIONS = (
    *("approve", "skip", "archive", "group", "ungroup", "merge", "split", "nudge"),
    *("annotate", "undo", "replan", "remove", "move"),
)


def upgrade() -> None:
    when = sa.DateTime(timezone=True)
    video, clip = sa.ForeignKey("source_videos.id"), sa.ForeignKey("clips.id")
    op.create_table(
        "imported_clips",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("old_id", sa.Text, nullable=False),
        sa.Column("film_id", sa.BigInteger, video, nullable=False),
        sa.Column("video_id", sa.BigInteger, sa.ForeignKey("source_videos.id")),
        sa.Column("clip_id", sa.BigInteger, clip),
        sa.Column("record", JSONB),
        sa.Column("start_frame", sa.Integer),
        sa.Column("end_frame", sa.Integer),
        sa.Column("placed_in_id", sa.BigInteger, sa.ForeignKey("source_videos.id")),
        sa.Column("placed_frame", sa.Integer),
        sa.Column("sought_at", when),
        sa.Column("problem", sa.Text),
        sa.Column("created_at", when, server_default=sa.func.now(), nullable=False),
        sa.UniqueConstraint("system", "old_id"),
        sa.UniqueConstraint("video_id"),
        sa.UniqueConstraint("clip_id"),
        sa.CheckConstraint("0 <= start_frame AND start_frame < end_frame", name="range"),
        sa.CheckConstraint(
            "(placed_in_id IS NULL) = (placed_frame IS NULL) AND placed_frame >= 0", name="placed"
        ),
    )
    op.create_index("ix_imported_clips_film_id", "imported_clips", ["film_id"])
    op.create_index("ix_imported_clips_placed_in_id", "imported_clips", ["placed_in_id"])
    op.drop_constraint(op.f("ck_review_events_action"), "review_events")
    listed = ", ".join(f"'{action}'" for action in ACTIONS)
    op.create_check_constraint(
        op.f("ck_review_events_action"), "review_events", f"action IN ({listed})"
    )
