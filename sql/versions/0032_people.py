"""People with roles, their sessions and tokens, and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

ROLE = "role IN ('reviewer', 'operator', 'admin')"


def _identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


def _text(name: str, **options: bool) -> sa.Column[str]:
    return sa.Column(name, sa.Text, **{"nullable": False, **options})


def _now(name: str) -> sa.Column[object]:
    when = sa.DateTime(timezone=True)
    return sa.Column(name, when, server_default=sa.func.now(), nullable=False)


def _person() -> sa.Column[int]:
    target = sa.ForeignKey("people.id", ondelete="CASCADE")
    return sa.Column("person_id", sa.BigInteger, target, nullable=False)


def upgrade() -> None:
    op.create_table(
        "people",
        _identity(),
        _text("name"),
        _text("role"),
        _text("password_hash"),
        _now("created_at"),
        sa.CheckConstraint(ROLE, name="role"),
    )
    op.create_index("ix_people_name", "people", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "sessions",
        _identity(),
        _person(),
        _text("digest", unique=True),
        _text("address"),
        _text("browser"),
        _now("created_at"),
        _now("seen_at"),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
    op.create_table(
        "tokens",
        _identity(),
        _person(),
        _text("name"),
        _text("role"),
        _text("digest", unique=True),
        _now("created_at"),
        _now("expires_at"),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(ROLE, name="role"),
        sa.UniqueConstraint("person_id", "name"),
    )
    op.create_table(
        "sign_in_delays",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, server_default="0", nullable=False),
        _now("tried_at"),
        _now("free_at"),
    )
    op.create_table(
        "audit_log",
        _identity(),
        _now("at"),
        _text("actor"),
        _text("address"),
        _text("action"),
        _text("target", nullable=True),
        _text("detail", nullable=True),
    )
    op.execute(
        "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON audit_log EXECUTE FUNCTION refuse_change()"
    )
