"""Export profiles as rows, and the files that were made by them.

The exports that exist become those of the profile `delivery`, so that none is made again. What the
setting HEATERS_EXPORT_TRIMMED still says goes into that profile, once; the variable means nothing
afterwards.
"""

from __future__ import annotations

import os

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_WHOLE = {"container": "mp4", "codec": "h264", "quality": 16}
_TRIMMED = {**_WHOLE, "trimmed": True}
_WEB = {
    **{"container": "mp4", "codec": "h264", "quality": 20, "picture": "web"},
    **{"width": 1920, "height": 1920},
}
_ARCHIVE = {"container": "mkv", "codec": "ffv1", "audio": "all", "audio_codec": "flac"}
_PRORES = {
    **{"container": "mov", "codec": "prores", "quality": 3},
    **{"audio": "all", "audio_codec": "pcm"},
}
_DATASET = {
    **{"container": "mp4", "codec": "h264", "quality": 18, "picture": "web", "audio": []},
    **{"width": 256, "height": 256, "fit": "fill", "rate": "10", "seconds": 4.0},
}
_OTHERS = (
    ("web", _WEB, "d3d33e3c767a"),
    ("archive", _ARCHIVE, "4d9eb0359eee"),
    ("hevc", {"container": "mp4", "codec": "hevc", "quality": 20}, "19d3c88f8b0f"),
    ("av1", {"container": "mp4", "codec": "av1", "quality": 28}, "a2493e34bf0b"),
    ("prores", _PRORES, "50ae71c8a0b7"),
    ("dataset", _DATASET, "62d926fda493"),
)


def upgrade() -> None:
    trimmed = os.environ.get("HEATERS_EXPORT_TRIMMED", "").strip().lower()
    if trimmed in ("1", "true", "t", "yes", "y", "on"):
        delivery = ("delivery", _TRIMMED, "68a5b61ada4b")
    else:
        delivery = ("delivery", _WHOLE, "6d4c647a7294")
    profiles = _tables()
    op.bulk_insert(
        profiles,
        [
            {"name": name, "spec": spec, "hash": digest}
            for name, spec, digest in (delivery, *_OTHERS)
        ],
    )
    op.execute(
        "INSERT INTO profile_uses (profile_id) SELECT id FROM export_profiles"
        " WHERE name = 'delivery'"
    )
    op.execute(
        sa.text(
            "INSERT INTO clip_exports (clip_id, profile, profile_hash, filepath, exported_frames,"
            " bytes, sha256, receipt, made_at)"
            " SELECT clips.id, 'delivery', :hash, clip_filepath, exported_frames,"
            " coalesce((receipt->>'size')::bigint, stored_objects.bytes), receipt->>'sha256',"
            " receipt, clips.updated_at"
            " FROM clips LEFT JOIN stored_objects ON path = clip_filepath WHERE NOT is_virtual"
        ).bindparams(hash=delivery[2])
    )


def _tables() -> sa.Table:
    now = sa.func.now()
    profiles = op.create_table(
        "export_profiles",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("spec", JSONB, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("retired", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint(
            "name ~ '^[a-z0-9][a-z0-9-]{0,31}$'", name=op.f("ck_export_profiles_name")
        ),
    )
    op.create_table(
        "profile_uses",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("profile_id", sa.BigInteger, sa.ForeignKey("export_profiles.id"), nullable=False),
        sa.Column("source_video_id", sa.BigInteger, sa.ForeignKey("source_videos.id")),
        sa.Column("label", sa.Text),
        sa.UniqueConstraint(
            "profile_id", "source_video_id", "label", postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "clip_exports",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("clip_id", sa.BigInteger, sa.ForeignKey("clips.id"), nullable=False),
        sa.Column("profile", sa.Text, sa.ForeignKey("export_profiles.name"), nullable=False),
        sa.Column("profile_hash", sa.Text, nullable=False),
        sa.Column("filepath", sa.Text, nullable=False),
        sa.Column("exported_frames", JSONB, nullable=False),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("sha256", sa.Text),
        sa.Column("receipt", JSONB),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.UniqueConstraint("clip_id", "profile"),
    )
    op.create_index("ix_clip_exports_profile", "clip_exports", ["profile"])
    op.create_table(
        "export_failures",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("clip_id", sa.BigInteger, sa.ForeignKey("clips.id"), nullable=False),
        sa.Column("profile", sa.Text, sa.ForeignKey("export_profiles.name"), nullable=False),
        sa.Column("profile_hash", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.UniqueConstraint("clip_id", "profile"),
    )
    return profiles
