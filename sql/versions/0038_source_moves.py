"""Sources and gold masters that are to move to a cold storage class, or back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    when = sa.DateTime(timezone=True)
    op.create_table(
        "source_moves",
        sa.Column(
            "source_video_id",
            sa.BigInteger,
            sa.ForeignKey("source_videos.id"),
            primary_key=True,
        ),
        sa.Column("goal", sa.Text, nullable=False),
        sa.Column("moved", sa.SmallInteger, server_default="0", nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("tries", sa.SmallInteger, server_default="0", nullable=False),
        sa.Column("asked_at", when, server_default=sa.func.now(), nullable=False),
        sa.Column("next_try_at", when, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("goal IN ('cold', 'back')", name="goal"),
    )
