"""Events by time, and what reviewers mended of each video, without reading all events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_review_events_created_at", "review_events", ["created_at"])
    op.create_index(
        "ix_review_events_mended",
        "review_events",
        ["source_video_id"],
        postgresql_where=sa.text("action IN ('merge', 'split', 'nudge')"),
    )
