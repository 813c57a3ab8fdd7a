"""How repeats were sought, so that videos that were looked through by an older method are again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source_videos", sa.Column("repeats_method", sa.Integer))
    op.add_column("source_videos", sa.Column("repeats_tried_at", sa.DateTime(timezone=True)))
    op.add_column("repeats", sa.Column("method", sa.Integer, server_default="1", nullable=False))
