"""Videos whose clips get files before they are reviewed, and sprite sheets of clips."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0041"
down_revision = "0039"
branch_labels = None
depends_on = None

SOURCE_STATES = (
    *("new", "downloading", "downloaded", "download_failed"),
    *("preprocessing", "preprocessed", "preprocess_failed"),
    *("detecting_scenes", "detect_scenes_failed", "ready"),
    *("splicing", "spliced", "splice_failed"),
    *("duplicate", "expanded", "removed"),
)
CLIP_STATES = (
    *("splicing", "spliced", "generating_sprite", "sprite_failed"),
    *("pending_review", "review_approved", "review_skipped", "review_archived"),
    *("exporting", "exported", "export_failed"),
    *("keyframing", "keyframed", "keyframe_failed"),
    *("embedding", "embedded", "embedding_failed"),
    *("archived", "superseded"),
)


def one_of(table: str, column: str, values: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table)
    quoted = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(name, table, f"{column} IN ({quoted})")


def upgrade() -> None:
    op.add_column(
        "source_videos",
        sa.Column("pipeline", sa.Text, server_default="virtual", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_source_videos_pipeline"), "source_videos", "pipeline IN ('virtual', 'physical')"
    )
    one_of("source_videos", "state", SOURCE_STATES)
    op.drop_constraint(op.f("ck_source_videos_ready"), "source_videos")
    op.create_check_constraint(
        op.f("ck_source_videos_ready"),
        "source_videos",
        "state NOT IN ('ready', 'spliced') OR (frame_count IS NOT NULL"
        " AND keyframe_offsets IS NOT NULL"
        " AND (gold_master_filepath IS NOT NULL OR archived IS NOT NULL)"
        " AND proxy_filepath IS NOT NULL)",
    )
    one_of("clips", "state", CLIP_STATES)
    op.create_index(
        "ix_clips_replaced",
        "clips",
        ["source_video_id"],
        postgresql_where=sa.text("state = 'superseded' AND NOT is_virtual"),
    )
    one_of("clip_artifacts", "kind", ("keyframe", "sprites"))
    op.add_column("clip_artifacts", sa.Column("sprites", JSONB))
    op.create_check_constraint(
        op.f("ck_clip_artifacts_sprites"),
        "clip_artifacts",
        "(kind = 'sprites') = (sprites IS NOT NULL)",
    )
