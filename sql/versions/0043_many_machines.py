"""What several machines share: the key that signs sessions, and uploads into a bucket."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "secret_keys",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "bucket_uploads",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("video_key", sa.Text),
        sa.Column("multipart_id", sa.Text),
        sa.Column("etags", ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("in_parts", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("rest", sa.LargeBinary, server_default="", nullable=False),
        sa.Column(
            "changed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
    )
    op.create_index("ix_bucket_uploads_changed_at", "bucket_uploads", ["changed_at"])
