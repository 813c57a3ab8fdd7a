"""How unsure the cuts of clips are, for the order in which reviewers see them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clips", sa.Column("doubt", sa.REAL))
