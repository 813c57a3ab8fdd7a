"""Which bytes of the source the products were made from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source_videos", sa.Column("products_sha256", sa.Text))
    op.execute("UPDATE source_videos SET products_sha256 = source_sha256 WHERE state = 'ready'")
