"""Files that hold a whole group of clips."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "group_exports",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("first_clip_id", sa.BigInteger, sa.ForeignKey("clips.id"), nullable=False),
        sa.Column("profile", sa.Text, sa.ForeignKey("export_profiles.name"), nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("filepath", sa.Text),
        sa.Column("frames", JSONB),
        sa.Column("receipt", JSONB),
        sa.Column("error", sa.Text),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint(
            "(filepath IS NOT NULL AND frames IS NOT NULL AND receipt IS NOT NULL)"
            " <> (error IS NOT NULL)",
            name=op.f("ck_group_exports_made"),
        ),
        sa.UniqueConstraint("first_clip_id", "profile"),
    )
