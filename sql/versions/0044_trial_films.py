"""The decisions on a trial film, which `heaters doctor --running` adds and takes away, go with it.
All other review events stay append-only."""

from __future__ import annotations

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The name is `domain.trial_film.NAME`, of a file that was sent.
    op.execute(r"""
        CREATE FUNCTION refuse_change_but_of_trials() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND EXISTS (
                SELECT FROM source_videos WHERE id = OLD.source_video_id
                AND origin = 'upload' AND url ~ '^heaters-doctor-[0-9a-f]{32}\.mp4$'
            ) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
        END $$
    """)
    op.execute("DROP TRIGGER review_events_append_only ON review_events")
    op.execute(
        "CREATE TRIGGER review_events_append_only BEFORE UPDATE OR DELETE ON review_events"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change_but_of_trials()"
    )
    op.execute(
        "CREATE TRIGGER review_events_never_emptied BEFORE TRUNCATE ON review_events"
        " EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER review_events_never_emptied ON review_events")
    op.execute("DROP TRIGGER review_events_append_only ON review_events")
    op.execute("DROP FUNCTION refuse_change_but_of_trials()")
    op.execute(
        "CREATE TRIGGER review_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON review_events EXECUTE FUNCTION refuse_change()"
    )
