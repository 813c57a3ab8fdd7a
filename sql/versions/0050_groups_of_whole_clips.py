"""A profile that gives every file one length makes a file of each clip of a group: one file of the
whole group would hold its first seconds alone, and those that there are do."""

from __future__ import annotations

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        WITH wrong AS (
            UPDATE export_profiles SET spec = spec - 'groups', updated_at = now()
            WHERE spec ? 'seconds' AND spec ->> 'groups' <> 'parts' RETURNING name
        ), files AS (
            DELETE FROM group_exports WHERE profile IN (SELECT name FROM wrong) RETURNING filepath
        )
        INSERT INTO objects_to_delete (path, reason)
        SELECT filepath, 'it holds the first seconds of its group alone'
        FROM files WHERE filepath IS NOT NULL
        ON CONFLICT (path) DO NOTHING
    """)


def downgrade() -> None:
    """Nothing to put back."""
