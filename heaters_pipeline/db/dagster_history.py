"""What Dagster's own interface can't do with the tables of its history, on its Postgres.

Dagster deletes a run with all that it ever told, the state of its assets included: a film whose
last run is deleted would look as if it had never been made.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

_RUNS_OF_LAST_STATES = """
SELECT run_id FROM event_logs AS event
WHERE run_id = ANY(:runs) AND dagster_event_type = 'ASSET_MATERIALIZATION'
    AND NOT EXISTS (
        SELECT FROM event_logs AS newer
        WHERE newer.asset_key = event.asset_key AND newer.partition = event.partition
            AND newer.dagster_event_type = event.dagster_event_type AND newer.id > event.id)
    AND (partition IS NOT NULL OR NOT EXISTS (
        SELECT FROM event_logs AS newer
        WHERE newer.asset_key = event.asset_key AND newer.partition IS NULL
            AND newer.dagster_event_type = event.dagster_event_type AND newer.id > event.id))
UNION
SELECT run_id FROM asset_check_executions
WHERE run_id = ANY(:runs) AND id IN (
    SELECT max(id) FROM asset_check_executions WHERE execution_status <> 'PLANNED'
    GROUP BY asset_key, check_name, partition)
"""

_LOGS = """
FROM event_logs WHERE run_id = ANY(:runs) AND asset_key IS NULL
    AND (dagster_event_type IS NULL OR dagster_event_type !~ '^(PIPELINE|ASSET)_')
"""

_OLD_CHECKS = """
DELETE FROM asset_check_executions WHERE create_timestamp < :before AND id NOT IN (
    SELECT max(id) FROM asset_check_executions WHERE execution_status <> 'PLANNED'
    GROUP BY asset_key, check_name, partition)
"""

_CHECKS_OF_PARTITION = "DELETE FROM asset_check_executions WHERE partition = :partition"


_PARTITIONS = """
DELETE FROM dynamic_partitions WHERE partitions_def_name = :name AND partition = ANY(:keys)
"""


def runs_of_last_states(connection: Connection, runs: Collection[str]) -> set[str]:
    """Those of the runs that made the last state of a partition of an asset, or of a check."""
    return set(connection.scalars(sa.text(_RUNS_OF_LAST_STATES), {"runs": list(runs)}))


def with_logs(connection: Connection, runs: Collection[str]) -> set[str]:
    """Those of the runs of which `forget_logs` would delete something."""
    query = sa.text(f"SELECT DISTINCT run_id {_LOGS}")
    return set(connection.scalars(query, {"runs": list(runs)}))


def forget_logs(connection: Connection, runs: Collection[str]) -> None:
    """Deletes what runs told but when they began and ended and what they made."""
    connection.execute(sa.text(f"DELETE {_LOGS}"), {"runs": list(runs)})


def forget_checks(connection: Connection, before: datetime) -> None:
    """Deletes what checks found before this time, but for the last of each partition."""
    utc = before.astimezone(UTC).replace(tzinfo=None)  # as Dagster writes it
    connection.execute(sa.text(_OLD_CHECKS), {"before": utc})


def forget_checks_of(connection: Connection, partition: str) -> None:
    """Deletes what checks found of a partition that is no more."""
    connection.execute(sa.text(_CHECKS_OF_PARTITION), {"partition": partition})


def delete_partitions(connection: Connection, name: str, keys: Collection[str]) -> None:
    """Of the dynamic partitions of this name, at once: Dagster itself deletes one by one."""
    connection.execute(sa.text(_PARTITIONS), {"name": name, "keys": list(keys)})
