"""Labels, ratings and notes, moved cuts, batches, removed videos; where sprites lie."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STATES = (
    "new",
    "downloading",
    "downloaded",
    "download_failed",
    "preprocessing",
    "preprocessed",
    "preprocess_failed",
    "detecting_scenes",
    "detect_scenes_failed",
    "ready",
    "duplicate",
    "expanded",
    "removed",
)
_ACTIONS = (
    "approve",
    "skip",
    "archive",
    "group",
    "merge",
    "split",
    "nudge",
    "annotate",
    "undo",
    "replan",
    "remove",
)


def upgrade() -> None:
    op.add_column("source_videos", sa.Column("sprites", JSONB))
    _allow("source_videos", "state", _STATES)
    labels = sa.Column("labels", sa.ARRAY(sa.Text), server_default=sa.text("'{}'"), nullable=False)
    op.add_column("clips", labels)
    op.add_column("clips", sa.Column("rating", sa.SmallInteger))
    op.add_column("clips", sa.Column("note", sa.Text))
    op.create_check_constraint(op.f("ck_clips_rating"), "clips", "rating BETWEEN 1 AND 5")
    _allow("clips", "made_by", ("replan", "merge", "split", "nudge"))
    op.create_index(
        "ix_clips_labels",
        "clips",
        ["labels"],
        postgresql_using="gin",
        postgresql_where=sa.text("labels <> '{}'"),
    )
    op.add_column("review_events", sa.Column("batch_id", sa.BigInteger))
    op.create_foreign_key(
        op.f("fk_review_events_batch_id"), "review_events", "review_events", ["batch_id"], ["id"]
    )
    _allow("review_events", "action", _ACTIONS)
    op.create_index(
        "ix_review_events_batch_id",
        "review_events",
        ["batch_id"],
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_index(
        "ix_review_events_removed",
        "review_events",
        ["source_video_id"],
        postgresql_where=sa.text("action = 'remove'"),
    )


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    name, quoted = op.f(f"ck_{table}_{column}"), ", ".join(f"'{value}'" for value in values)
    op.drop_constraint(name, table)
    op.create_check_constraint(name, table, f"{column} IN ({quoted})")
