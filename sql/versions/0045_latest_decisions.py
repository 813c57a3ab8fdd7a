"""Somebody's latest decisions are the latest by their times: those that came from an older system
are as old as they were there."""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_review_events_actor_created_at_id", "review_events", ["actor", "created_at", "id"]
    )
    op.drop_index("ix_review_events_actor_id", "review_events")


def downgrade() -> None:
    op.create_index("ix_review_events_actor_id", "review_events", ["actor", "id"])
    op.drop_index("ix_review_events_actor_created_at_id", "review_events")
