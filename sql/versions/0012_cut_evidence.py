"""What cut detection knows about a video before any threshold, as an object."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KINDS = (
    "source",
    "gold_master",
    "frame_checksums",
    "frame_scores",
    "cut_evidence",
    "review_proxy",
    "proxy_audio",
    "sprites",
    "clip",
    "keyframe",
)


def upgrade() -> None:
    op.add_column("source_videos", sa.Column("cut_evidence_filepath", sa.Text))
    op.drop_constraint(op.f("ck_stored_objects_kind"), "stored_objects")
    kinds = ", ".join(f"'{kind}'" for kind in _KINDS)
    op.create_check_constraint(
        op.f("ck_stored_objects_kind"), "stored_objects", f"kind IN ({kinds})"
    )
