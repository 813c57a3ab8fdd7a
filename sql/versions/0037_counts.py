"""How many clips there are of each kind, kept; and the indexes that pages of a large library need.

Many count at once, and none waits for another: whoever changes a number takes one of its rows that
nobody else is changing, or writes a new one. There are as many rows of a name as ever changed it at
the same time; the number is their sum.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

FUNCTIONS = """
CREATE FUNCTION counted_as(state text, labels text[]) RETURNS TABLE (kind text, name text)
LANGUAGE sql IMMUTABLE AS $$
    SELECT 'state', state
    UNION ALL
    SELECT 'label', label FROM unnest(labels) AS label WHERE state <> 'superseded'
$$;

CREATE FUNCTION count_clips(changed_kind text, changed_name text, change bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE clip_counts SET number = number + change WHERE id = (
        SELECT id FROM clip_counts WHERE kind = changed_kind AND name = changed_name
        LIMIT 1 FOR UPDATE SKIP LOCKED
    );
    IF NOT FOUND THEN
        INSERT INTO clip_counts (kind, name, number) VALUES (changed_kind, changed_name, change);
    END IF;
END $$;

CREATE FUNCTION count_made_clips() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_clips(kind, name, number) FROM (
        SELECT kind, name, count(*) AS number
        FROM new_clips, counted_as(state, labels) GROUP BY kind, name
    ) AS changes;
    RETURN NULL;
END $$;

CREATE FUNCTION count_changed_clips() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_clips(kind, name, number) FROM (
        SELECT kind, name, sum(number)::bigint AS number FROM (
            SELECT kind, name, 1 AS number FROM new_clips, counted_as(state, labels)
            UNION ALL
            SELECT kind, name, -1 FROM old_clips, counted_as(state, labels)
        ) AS each GROUP BY kind, name
    ) AS changes WHERE number <> 0;
    RETURN NULL;
END $$;

CREATE FUNCTION count_deleted_clips() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_clips(kind, name, -number) FROM (
        SELECT kind, name, count(*) AS number
        FROM old_clips, counted_as(state, labels) GROUP BY kind, name
    ) AS changes;
    RETURN NULL;
END $$;

CREATE TRIGGER count_made AFTER INSERT ON clips
REFERENCING NEW TABLE AS new_clips
FOR EACH STATEMENT EXECUTE FUNCTION count_made_clips();

CREATE TRIGGER count_changed AFTER UPDATE ON clips
REFERENCING OLD TABLE AS old_clips NEW TABLE AS new_clips
FOR EACH STATEMENT EXECUTE FUNCTION count_changed_clips();

CREATE TRIGGER count_deleted AFTER DELETE ON clips
REFERENCING OLD TABLE AS old_clips
FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_clips();

INSERT INTO clip_counts (kind, name, number)
SELECT kind, name, count(*) FROM clips, counted_as(state, labels) GROUP BY kind, name;
"""


def upgrade() -> None:
    op.create_table(
        "clip_counts",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.CheckConstraint("kind IN ('state', 'label')", name="kind"),
    )
    op.create_index("ix_clip_counts_kind_name", "clip_counts", ["kind", "name"])
    op.execute("LOCK TABLE clips IN SHARE ROW EXCLUSIVE MODE")
    op.execute(FUNCTIONS)
    op.drop_index("ix_clips_state_decided_at", "clips")
    newest = [sa.text("decided_at DESC NULLS LAST"), sa.text("id DESC")]
    op.create_index("ix_clips_state_decided_at_id", "clips", ["state", *newest])
    op.create_index(
        "ix_clips_source_video_id_decided_at", "clips", ["source_video_id", "decided_at"]
    )
    op.create_index(
        "ix_clips_waiting",
        "clips",
        ["created_at"],
        postgresql_where=sa.text("state = 'pending_review'"),
    )
    op.create_index(
        "ix_clips_leased_until",
        "clips",
        ["leased_until"],
        postgresql_where=sa.text("leased_until IS NOT NULL"),
    )
