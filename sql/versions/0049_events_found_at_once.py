"""The index of the clips of events takes each event in at once: what it put off, every search for
the decisions on a clip had to read (`fastupdate`, PostgreSQL 18 Documentation, 65.4.4.1)."""

from __future__ import annotations

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER INDEX ix_review_events_clip_ids SET (fastupdate = off)")
    op.execute("SELECT gin_clean_pending_list('ix_review_events_clip_ids')")


def downgrade() -> None:
    op.execute("ALTER INDEX ix_review_events_clip_ids RESET (fastupdate)")
