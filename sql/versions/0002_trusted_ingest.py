"""Cancelling, fetching again, duplicates, playlists, damage, and the ledger of stored bytes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATES = (
    "new",
    "downloading",
    "downloaded",
    "download_failed",
    "preprocessing",
    "preprocessed",
    "preprocess_failed",
    "detecting_scenes",
    "detect_scenes_failed",
    "ready",
    "duplicate",
    "expanded",
)
_KINDS = (
    "source",
    "gold_master",
    "frame_checksums",
    "frame_scores",
    "review_proxy",
    "proxy_audio",
    "clip",
    "keyframe",
)


def upgrade() -> None:
    op.add_column("source_videos", sa.Column("step_began_at", sa.DateTime(timezone=True)))
    for name in ("cancel_requested", "refetch_requested"):
        column = sa.Column(name, sa.Boolean, server_default=sa.text("false"), nullable=False)
        op.add_column("source_videos", column)
    op.add_column("source_videos", sa.Column("site_id", sa.Text))
    op.create_index("ix_source_videos_site_id", "source_videos", ["site_id"])
    for name in ("duplicate_of_id", "playlist_id"):
        op.add_column("source_videos", sa.Column(name, sa.BigInteger))
        op.create_foreign_key(
            op.f(f"fk_source_videos_{name}"), "source_videos", "source_videos", [name], ["id"]
        )
    op.create_index("ix_source_videos_playlist_id", "source_videos", ["playlist_id"])
    op.add_column("source_videos", sa.Column("damage", JSONB))
    op.drop_constraint(op.f("ck_source_videos_state"), "source_videos")
    op.create_check_constraint(
        op.f("ck_source_videos_state"), "source_videos", f"state IN ({_quoted(_STATES)})"
    )
    op.create_table(
        "stored_objects",
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("source_video_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.CheckConstraint(f"kind IN ({_quoted(_KINDS)})", name=op.f("ck_stored_objects_kind")),
        sa.CheckConstraint("bytes >= 0", name=op.f("ck_stored_objects_bytes")),
        sa.ForeignKeyConstraint(
            ["source_video_id"],
            ["source_videos.id"],
            name=op.f("fk_stored_objects_source_video_id"),
        ),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_stored_objects")),
    )
    op.create_index(
        "ix_stored_objects_source_video_id_kind", "stored_objects", ["source_video_id", "kind"]
    )


def _quoted(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)
