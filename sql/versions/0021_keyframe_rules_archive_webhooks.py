"""Chosen frames and rules for keyframes, names of groups, archived sources, objects that wait to be
deleted, and webhooks.

Keyframes that exist stay: without a basis they count as made by the usual rule.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_ACTIONS = (
    *("approve", "skip", "archive", "group", "ungroup", "merge", "split", "nudge"),
    *("annotate", "undo", "replan", "remove"),
)


def upgrade() -> None:
    op.add_column(
        "clips",
        sa.Column(
            "chosen_frames", sa.ARRAY(sa.Integer), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column("clips", sa.Column("keyframes_basis", sa.Text))
    op.add_column("clips", sa.Column("keyframes_asked_at", sa.DateTime(timezone=True)))
    op.add_column("clips", sa.Column("group_name", sa.Text))
    op.create_index(
        "ix_clips_keyframes_asked_at",
        "clips",
        ["keyframes_asked_at"],
        postgresql_where=sa.text("keyframes_asked_at IS NOT NULL"),
    )
    op.drop_constraint(op.f("ck_review_events_action"), "review_events", type_="check")
    op.create_check_constraint(
        op.f("ck_review_events_action"),
        "review_events",
        f"action IN ({', '.join(repr(each) for each in _ACTIONS)})",
    )
    _create_keyframe_rules()
    _create_objects_to_delete()
    _archive_source_videos()
    _create_webhooks()


def _create_keyframe_rules() -> None:
    op.create_table(
        "keyframe_rules",
        _identity(),
        sa.Column("source_video_id", sa.BigInteger, sa.ForeignKey("source_videos.id")),
        sa.Column("label_id", sa.BigInteger, sa.ForeignKey("labels.id")),
        sa.Column("spec", JSONB, nullable=False),
        _now("created_at"),
        sa.CheckConstraint(
            "source_video_id IS NULL OR label_id IS NULL", name=op.f("ck_keyframe_rules_scope")
        ),
        sa.UniqueConstraint(
            "source_video_id",
            "label_id",
            name=op.f("uq_keyframe_rules_source_video_id_label_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )


def _create_objects_to_delete() -> None:
    op.create_table(
        "objects_to_delete",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("tries", sa.Integer, server_default="0", nullable=False),
        sa.Column("error", sa.Text),
        _now("next_try_at"),
        _now("created_at"),
    )
    op.create_index("ix_objects_to_delete_next_try_at", "objects_to_delete", ["next_try_at"])


def _archive_source_videos() -> None:
    op.add_column("source_videos", sa.Column("archived", sa.Text))
    op.add_column("source_videos", sa.Column("archived_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        op.f("ck_source_videos_archived"),
        "source_videos",
        "archived IN ('cold', 'away') AND (archived IS NULL) = (archived_at IS NULL)",
    )
    op.drop_constraint(op.f("ck_source_videos_ready"), "source_videos", type_="check")
    op.create_check_constraint(
        op.f("ck_source_videos_ready"),
        "source_videos",
        "state <> 'ready' OR (frame_count IS NOT NULL AND keyframe_offsets IS NOT NULL"
        " AND (gold_master_filepath IS NOT NULL OR archived IS NOT NULL)"
        " AND proxy_filepath IS NOT NULL)",
    )


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        _identity(),
        sa.Column("url", sa.Text, nullable=False, unique=True),
        sa.Column("secret", sa.Text, nullable=False),
        _now("created_at"),
    )
    op.create_table(
        "webhook_deliveries",
        _identity(),
        sa.Column(
            "webhook_id",
            sa.BigInteger,
            sa.ForeignKey("webhooks.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("state", sa.Text, server_default="waiting", nullable=False),
        sa.Column("tries", sa.Integer, server_default="0", nullable=False),
        sa.Column("error", sa.Text),
        _now("next_try_at"),
        _now("created_at"),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'given_up')",
            name=op.f("ck_webhook_deliveries_state"),
        ),
        sa.UniqueConstraint("webhook_id", "event_id"),
    )
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["next_try_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _identity() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


def _now(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
