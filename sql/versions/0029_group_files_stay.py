"""Where a newer file of a group failed, the older one stays beside the reason."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_group_exports_made"), "group_exports")
    op.create_check_constraint(
        op.f("ck_group_exports_made"),
        "group_exports",
        "num_nonnulls(filepath, frames, receipt) = CASE WHEN filepath IS NULL THEN 0 ELSE 3 END"
        " AND (filepath IS NOT NULL OR error IS NOT NULL)",
    )
