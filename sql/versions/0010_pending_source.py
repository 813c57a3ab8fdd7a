"""A refetched copy lies beside the present source until its products are made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source_videos", sa.Column("pending_source", JSONB(none_as_null=True)))
