"""The finished beginning of a review proxy that is still being made, so that its clips can be
reviewed before the rest is there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source_videos", sa.Column("proxy_segments", JSONB))


def downgrade() -> None:
    op.drop_column("source_videos", "proxy_segments")
