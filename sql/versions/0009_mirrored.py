"""Stored images that are mirrored, as front cameras store them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source_videos", sa.Column("mirrored", sa.Boolean))
