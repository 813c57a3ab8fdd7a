"""Source videos, clips, review events, artifacts and embeddings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, ExcludeConstraint

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_videos",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("needs_splicing", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("state", sa.Text, server_default="new", nullable=False),
        sa.Column("attempt", sa.Integer, server_default="0", nullable=False),
        sa.Column("progress", sa.REAL()),
        sa.Column("error", sa.Text),
        sa.Column("source_sha256", sa.Text),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("rate_num", sa.Integer),
        sa.Column("rate_den", sa.Integer),
        sa.Column("rotation", sa.Integer),
        sa.Column("sample_aspect_num", sa.Integer),
        sa.Column("sample_aspect_den", sa.Integer),
        sa.Column("frame_count", sa.Integer),
        sa.Column("duration_seconds", sa.Float()),
        sa.Column("has_audio", sa.Boolean),
        sa.Column("download_quality", JSONB),
        sa.Column("source_filepath", sa.Text),
        sa.Column("gold_master_filepath", sa.Text),
        sa.Column("frame_checksums_filepath", sa.Text),
        sa.Column("frame_scores_filepath", sa.Text),
        sa.Column("proxy_filepath", sa.Text),
        sa.Column("proxy_audio_filepath", sa.Text),
        sa.Column("proxy_id", sa.Text),
        sa.Column("proxy_codec", sa.Text),
        sa.Column("proxy_description", BYTEA),
        sa.Column("proxy_width", sa.Integer),
        sa.Column("proxy_height", sa.Integer),
        sa.Column("keyframe_offsets", BYTEA),
        sa.Column("scene_cut_points", JSONB),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("key ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name=op.f("ck_source_videos_key")),
        sa.CheckConstraint("origin IN ('web', 'upload')", name=op.f("ck_source_videos_origin")),
        sa.CheckConstraint(
            "state <> 'ready' OR (frame_count IS NOT NULL AND keyframe_offsets IS NOT NULL"
            " AND gold_master_filepath IS NOT NULL AND proxy_filepath IS NOT NULL)",
            name=op.f("ck_source_videos_ready"),
        ),
        sa.CheckConstraint(
            "state IN ('new', 'downloading', 'downloaded', 'download_failed',"
            " 'preprocessing', 'preprocessed', 'preprocess_failed',"
            " 'detecting_scenes', 'detect_scenes_failed', 'ready')",
            name=op.f("ck_source_videos_state"),
        ),
        sa.CheckConstraint("frame_count > 0", name=op.f("ck_source_videos_frame_count")),
        sa.CheckConstraint(
            "octet_length(keyframe_offsets) = frame_count * 20",
            name=op.f("ck_source_videos_keyframe_offsets"),
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_source_videos_progress")),
        sa.CheckConstraint("rate_num > 0 AND rate_den > 0", name=op.f("ck_source_videos_rate")),
        sa.CheckConstraint(
            "sample_aspect_num > 0 AND sample_aspect_den > 0",
            name=op.f("ck_source_videos_sample_aspect"),
        ),
        sa.CheckConstraint("rotation IN (0, 90, 180, 270)", name=op.f("ck_source_videos_rotation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_videos")),
        sa.UniqueConstraint("key", name=op.f("uq_source_videos_key")),
        sa.UniqueConstraint("proxy_id", name=op.f("uq_source_videos_proxy_id")),
    )
    op.create_index(op.f("ix_source_videos_source_sha256"), "source_videos", ["source_sha256"])
    op.create_index("ix_source_videos_state", "source_videos", ["state"])
    op.create_table(
        "clips",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("source_video_id", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, server_default="pending_review", nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("is_virtual", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("cut_points", JSONB, nullable=False),
        sa.Column(
            "start_frame",
            sa.Integer,
            sa.Computed("(cut_points->>'start_frame')::integer", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "end_frame",
            sa.Integer,
            sa.Computed("(cut_points->>'end_frame')::integer", persisted=True),
            nullable=False,
        ),
        sa.Column("clip_filepath", sa.Text),
        sa.Column("grouped_with_clip_id", sa.BigInteger),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        sa.Column("leased_by", sa.Text),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("last_event_id", sa.BigInteger),
        sa.Column("attempt", sa.Integer, server_default="0", nullable=False),
        sa.Column("error", sa.Text),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        ExcludeConstraint(
            (sa.text("int8range(source_video_id, source_video_id, '[]')"), "&&"),
            (sa.text("int4range(start_frame, end_frame)"), "&&"),
            where=sa.text("state <> 'superseded'"),
            using="gist",
            name="ex_clips_overlap",
        ),
        sa.CheckConstraint(
            "state IN ('pending_review', 'review_approved', 'review_skipped',"
            " 'review_archived', 'exporting', 'exported', 'export_failed', 'keyframing',"
            " 'keyframed', 'keyframe_failed',"
            " 'embedding', 'embedded', 'embedding_failed', 'archived', 'superseded')",
            name=op.f("ck_clips_state"),
        ),
        sa.CheckConstraint(
            "made_by IN ('replan', 'merge', 'split')",
            name=op.f("ck_clips_made_by"),
        ),
        sa.CheckConstraint(
            "0 <= start_frame AND start_frame < end_frame", name=op.f("ck_clips_range")
        ),
        sa.CheckConstraint(
            "is_virtual OR clip_filepath IS NOT NULL", name=op.f("ck_clips_physical")
        ),
        sa.ForeignKeyConstraint(
            ["grouped_with_clip_id"], ["clips.id"], name=op.f("fk_clips_grouped_with_clip_id")
        ),
        sa.ForeignKeyConstraint(
            ["source_video_id"], ["source_videos.id"], name=op.f("fk_clips_source_video_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clips")),
    )
    op.create_index(op.f("ix_clips_grouped_with_clip_id"), "clips", ["grouped_with_clip_id"])
    op.create_index(
        "ix_clips_pending",
        "clips",
        ["source_video_id", "start_frame"],
        postgresql_where=sa.text("state = 'pending_review'"),
    )
    op.create_index(
        "ix_clips_source_video_id_start_frame", "clips", ["source_video_id", "start_frame"]
    )
    op.create_index("ix_clips_state_decided_at", "clips", ["state", "decided_at"])
    op.create_table(
        "review_events",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("source_video_id", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("clip_ids", sa.ARRAY(sa.BigInteger), nullable=False),
        sa.Column("before", JSONB, nullable=False),
        sa.Column("after", JSONB, nullable=False),
        sa.Column("undoes_event_id", sa.BigInteger),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "action IN ('approve', 'skip', 'archive', 'group', 'merge', 'split', 'undo', 'replan')",
            name=op.f("ck_review_events_action"),
        ),
        sa.ForeignKeyConstraint(
            ["source_video_id"], ["source_videos.id"], name=op.f("fk_review_events_source_video_id")
        ),
        sa.ForeignKeyConstraint(
            ["undoes_event_id"], ["review_events.id"], name=op.f("fk_review_events_undoes_event_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_events")),
        sa.UniqueConstraint("undoes_event_id", name=op.f("uq_review_events_undoes_event_id")),
    )
    op.create_index("ix_review_events_actor_id", "review_events", ["actor", "id"])
    op.create_index(
        "ix_review_events_clip_ids", "review_events", ["clip_ids"], postgresql_using="gin"
    )
    op.create_table(
        "clip_artifacts",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("clip_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("frame", sa.Integer, nullable=False),
        sa.Column("filepath", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("kind IN ('keyframe')", name=op.f("ck_clip_artifacts_kind")),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name=op.f("fk_clip_artifacts_clip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip_artifacts")),
        sa.UniqueConstraint(
            "clip_id", "kind", "frame", name=op.f("uq_clip_artifacts_clip_id_kind_frame")
        ),
    )
    op.create_table(
        "clip_embeddings",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("clip_id", sa.BigInteger, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("strategy", sa.Text, nullable=False),
        sa.Column("embedding", Vector, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name=op.f("fk_clip_embeddings_clip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip_embeddings")),
        sa.UniqueConstraint(
            "clip_id", "model", "strategy", name=op.f("uq_clip_embeddings_clip_id_model_strategy")
        ),
    )
    op.execute("ALTER TABLE source_videos ALTER COLUMN keyframe_offsets SET STORAGE EXTERNAL")
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE TRIGGER review_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON review_events EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in ("clip_embeddings", "clip_artifacts", "review_events", "clips", "source_videos"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change()")
