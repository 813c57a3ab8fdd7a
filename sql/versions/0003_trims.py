"""What of a clip is clean of transitions, and which frames its file has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clips", sa.Column("trim", JSONB))
    op.add_column("clips", sa.Column("exported_frames", JSONB))
    op.execute(
        "UPDATE clips SET exported_frames = jsonb_build_object("
        "'start_frame', start_frame, 'end_frame', end_frame) WHERE NOT is_virtual"
    )
    op.drop_constraint(op.f("ck_clips_physical"), "clips")
    op.create_check_constraint(
        op.f("ck_clips_physical"),
        "clips",
        "is_virtual OR (clip_filepath IS NOT NULL AND exported_frames IS NOT NULL)",
    )
