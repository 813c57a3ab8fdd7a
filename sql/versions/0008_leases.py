"""Leases of pages: a reviewer's tabs have clips of their own, and finding them needs no scan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clips", sa.Column("leased_page", sa.Text))
    for column in ("leased_by", "leased_page"):
        op.create_index(
            f"ix_clips_{column}",
            "clips",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
