"""What a large library's pages of profiles and handovers need: what files have cost, kept; what
clips lack, as counted last; and copies that people ask for on a page.

Costs are kept as the numbers of clips are (0037): whoever changes a number takes one of its rows
that nobody else is changing, or writes a new one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

FUNCTIONS = """
CREATE FUNCTION cost_of_export(size bigint, receipt jsonb)
RETURNS TABLE (bytes numeric, seconds numeric, timed_seconds numeric, encode_seconds numeric)
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN film > 0 THEN coalesce(size, 0) ELSE 0 END, film,
        CASE WHEN took > 0 THEN film ELSE 0 END, took
    FROM (SELECT coalesce((receipt ->> 'duration_seconds')::numeric, 0) AS film,
        coalesce((receipt ->> 'encode_seconds')::numeric, 0) AS took) AS told
$$;

CREATE FUNCTION count_cost(changed_profile text, changed_hash text, changed_files bigint,
    changed_bytes numeric, changed_seconds numeric, changed_timed numeric, changed_encode numeric)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE export_costs SET files = files + changed_files, bytes = bytes + changed_bytes,
        seconds = seconds + changed_seconds, timed_seconds = timed_seconds + changed_timed,
        encode_seconds = encode_seconds + changed_encode
    WHERE id = (
        SELECT id FROM export_costs WHERE profile = changed_profile AND profile_hash = changed_hash
        LIMIT 1 FOR UPDATE SKIP LOCKED
    );
    IF NOT FOUND THEN
        INSERT INTO export_costs
            (profile, profile_hash, files, bytes, seconds, timed_seconds, encode_seconds)
        VALUES (changed_profile, changed_hash, changed_files, changed_bytes, changed_seconds,
            changed_timed, changed_encode);
    END IF;
END $$;

CREATE FUNCTION count_made_exports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_cost(profile, profile_hash, count(*), sum(cost.bytes), sum(cost.seconds),
        sum(cost.timed_seconds), sum(cost.encode_seconds))
    FROM new_exports AS made, cost_of_export(made.bytes, made.receipt) AS cost
    GROUP BY profile, profile_hash;
    RETURN NULL;
END $$;

CREATE FUNCTION count_deleted_exports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_cost(profile, profile_hash, -count(*), -sum(cost.bytes), -sum(cost.seconds),
        -sum(cost.timed_seconds), -sum(cost.encode_seconds))
    FROM old_exports AS gone, cost_of_export(gone.bytes, gone.receipt) AS cost
    GROUP BY profile, profile_hash;
    RETURN NULL;
END $$;

CREATE FUNCTION count_changed_exports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_cost(profile, profile_hash, sum(number)::bigint, sum(number * cost.bytes),
        sum(number * cost.seconds), sum(number * cost.timed_seconds),
        sum(number * cost.encode_seconds))
    FROM (
        SELECT 1 AS number, profile, profile_hash, bytes, receipt FROM new_exports
        UNION ALL
        SELECT -1, profile, profile_hash, bytes, receipt FROM old_exports
    ) AS each, cost_of_export(each.bytes, each.receipt) AS cost
    GROUP BY profile, profile_hash;
    RETURN NULL;
END $$;

CREATE TRIGGER count_made AFTER INSERT ON clip_exports
REFERENCING NEW TABLE AS new_exports
FOR EACH STATEMENT EXECUTE FUNCTION count_made_exports();

CREATE TRIGGER count_changed AFTER UPDATE ON clip_exports
REFERENCING OLD TABLE AS old_exports NEW TABLE AS new_exports
FOR EACH STATEMENT EXECUTE FUNCTION count_changed_exports();

CREATE TRIGGER count_deleted AFTER DELETE ON clip_exports
REFERENCING OLD TABLE AS old_exports
FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_exports();

INSERT INTO export_costs
    (profile, profile_hash, files, bytes, seconds, timed_seconds, encode_seconds)
SELECT profile, profile_hash, count(*), sum(cost.bytes), sum(cost.seconds),
    sum(cost.timed_seconds), sum(cost.encode_seconds)
FROM clip_exports, cost_of_export(clip_exports.bytes, clip_exports.receipt) AS cost
GROUP BY profile, profile_hash;
"""


def _moment(name: str, *, needed: bool = False) -> sa.Column[object]:
    default = sa.func.now() if needed else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not needed)


def upgrade() -> None:
    op.create_table(
        "export_costs",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("profile", sa.Text, sa.ForeignKey("export_profiles.name"), nullable=False),
        sa.Column("profile_hash", sa.Text, nullable=False),
        sa.Column("files", sa.BigInteger, nullable=False),
        *(
            sa.Column(name, sa.Numeric, nullable=False)
            for name in ("bytes", "seconds", "timed_seconds", "encode_seconds")
        ),
    )
    op.create_index(
        "ix_export_costs_profile_profile_hash", "export_costs", ["profile", "profile_hash"]
    )
    op.execute("LOCK TABLE clip_exports IN SHARE ROW EXCLUSIVE MODE")
    op.execute(FUNCTIONS)
    op.create_index("ix_export_failures_profile", "export_failures", ["profile"])
    op.create_index("ix_group_exports_profile", "group_exports", ["profile"])
    op.create_table(
        "profile_lacks",
        sa.Column(
            "profile_id", sa.BigInteger, sa.ForeignKey("export_profiles.id"), primary_key=True
        ),
        sa.Column("files", sa.BigInteger, nullable=False),
        sa.Column("videos", sa.BigInteger, nullable=False),
        _moment("counted_at", needed=True),
    )
    op.create_table(
        "handover_copies",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("profile", sa.Text, sa.ForeignKey("export_profiles.name"), nullable=False),
        sa.Column("selection", JSONB, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        _moment("asked_at", needed=True),
        sa.Column("runs", sa.SmallInteger, server_default="0", nullable=False),
        sa.Column("tries", sa.SmallInteger, server_default="0", nullable=False),
        _moment("next_try_at"),
        sa.Column("done", sa.Double, server_default="0", nullable=False),
        sa.Column("files", sa.BigInteger),
        sa.Column("new_files", sa.BigInteger),
        sa.Column("left_out", sa.Text),
        sa.Column("error", sa.Text),
        _moment("ended_at"),
        sa.CheckConstraint("(ended_at IS NULL) = (next_try_at IS NOT NULL)", name="ended"),
    )
    op.create_index(
        "ix_handover_copies_destination",
        "handover_copies",
        ["destination"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
