"""Invitations by link, and people who sign in elsewhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    when = sa.DateTime(timezone=True)
    op.create_table(
        "invites",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("person_id", sa.BigInteger, sa.ForeignKey("people.id", ondelete="CASCADE")),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", when, server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", when, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("role IN ('reviewer', 'operator', 'admin')", name="role"),
    )
    op.create_index("ix_invites_person_id", "invites", ["person_id"])
    op.alter_column("people", "password_hash", nullable=True)
    op.add_column("people", sa.Column("subject", sa.Text, unique=True))
