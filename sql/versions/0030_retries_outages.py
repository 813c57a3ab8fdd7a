"""Work that is tried again by itself, and what is outside and does not answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TRIED = ("clips", "source_videos", "export_failures", "group_exports")


def upgrade() -> None:
    for table in TRIED:
        op.add_column(
            table, sa.Column("tries", sa.SmallInteger, server_default="0", nullable=False)
        )
        op.add_column(table, sa.Column("retry_at", sa.DateTime(timezone=True)))
    op.create_table(
        "outages",
        sa.Column("thing", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column(
            "since", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("probes", sa.SmallInteger, server_default="0", nullable=False),
        sa.Column(
            "probe_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
    )
