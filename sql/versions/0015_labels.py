"""Labels on a list that people keep, in place of the setting HEATERS_LABELS.

What that setting still names begins the list, once; the variable means nothing afterwards.
"""

from __future__ import annotations

import os

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0012"
branch_labels = None
depends_on = None

_COLOURS = (
    *("blue", "green", "yellow", "red", "purple"),
    *("teal", "orange", "pink", "brown", "grey"),
)
_KEYS = 9


def upgrade() -> None:
    labels = op.create_table(
        "labels",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column(
            "former_names", sa.ARRAY(sa.Text), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("colour", sa.Text, nullable=False),
        sa.Column("key", sa.SmallInteger, unique=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("retired", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.CheckConstraint(
            f"colour IN ({', '.join(repr(each) for each in _COLOURS)})",
            name=op.f("ck_labels_colour"),
        ),
        sa.CheckConstraint("key BETWEEN 1 AND 9", name=op.f("ck_labels_key")),
    )
    given = (" ".join(each.split()) for each in os.environ.get("HEATERS_LABELS", "").split(","))
    names = [name for name in dict.fromkeys(given) if 1 <= len(name) <= 40 and name.isprintable()]
    rows = [
        {
            "name": name,
            "colour": _COLOURS[at % len(_COLOURS)],
            "key": at + 1 if at < _KEYS else None,
            "place": at + 1,
        }
        for at, name in enumerate(names)
    ]
    if rows:
        op.bulk_insert(labels, rows)
