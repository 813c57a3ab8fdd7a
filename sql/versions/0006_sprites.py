"""Sprite sheets of proxies, and previews that library searches don't meet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KINDS = (
    "source",
    "gold_master",
    "frame_checksums",
    "frame_scores",
    "review_proxy",
    "proxy_audio",
    "sprites",
    "clip",
    "keyframe",
)


def upgrade() -> None:
    op.add_column("source_videos", sa.Column("sprites_filepath", sa.Text))
    op.drop_constraint(op.f("ck_stored_objects_kind"), "stored_objects")
    kinds = ", ".join(f"'{kind}'" for kind in _KINDS)
    op.create_check_constraint(
        op.f("ck_stored_objects_kind"), "stored_objects", f"kind IN ({kinds})"
    )
    # The partial indexes of the library's vectors have no use for previews, of which there are many
    # more: a search would pass over them one by one, and give up.
    op.execute(
        """
        DO $$
        DECLARE index record;
        BEGIN
            FOR index IN
                SELECT indexname, indexdef FROM pg_indexes
                WHERE tablename = 'clip_embeddings' AND indexname LIKE 'hnsw\\_%'
            LOOP
                EXECUTE format('DROP INDEX %I', index.indexname);
                EXECUTE index.indexdef || ' AND strategy <> ''preview''';
            END LOOP;
        END $$
        """
    )
