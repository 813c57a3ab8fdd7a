"""What the storage must hold, so that it can be checked; why objects are deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def _now(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    op.add_column("stored_objects", sa.Column("sha256", sa.Text))
    op.add_column("stored_objects", sa.Column("etag", sa.Text))
    op.add_column("stored_objects", _now("entered_at"))
    # In the order of bytes, in which a storage lists its objects.
    op.alter_column("stored_objects", "path", type_=sa.Text(collation="C"))
    op.execute(
        "UPDATE stored_objects SET sha256 = source_sha256 FROM source_videos"
        " WHERE source_filepath = path"
    )
    op.execute(
        "UPDATE stored_objects SET sha256 = clip_exports.sha256 FROM clip_exports"
        " WHERE filepath = path"
    )
    op.add_column("objects_to_delete", sa.Column("bytes", sa.BigInteger))
    op.add_column("objects_to_delete", sa.Column("reason", sa.Text))
    op.add_column("source_videos", sa.Column("lost_products", sa.ARRAY(sa.Text)))
    op.create_table(
        "storage_checks",
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("last_key", sa.Text, nullable=False),
        sa.Column("tally", JSONB, nullable=False),
        _now("began_at"),
        sa.PrimaryKeyConstraint("mode", name=op.f("pk_storage_checks")),
    )
