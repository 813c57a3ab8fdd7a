"""Partitions of videos at rest that Dagster does not list any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retired_partitions",
        sa.Column(
            "source_video_id", sa.BigInteger, sa.ForeignKey("source_videos.id"), primary_key=True
        ),
        sa.Column("versions", sa.Text),
        sa.Column(
            "retired_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("returned_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "ix_retired_partitions_versions",
        "retired_partitions",
        ["versions"],
        postgresql_where=sa.text("returned_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("retired_partitions")
