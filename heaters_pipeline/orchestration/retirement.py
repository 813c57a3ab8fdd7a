"""Partitions of videos at rest leave Dagster's list, whose pages read all of it, and come back as
soon as something is to be done (docs/decisions/0021-retired-partitions.md). What was made of them
stays known: Dagster keeps the events, and shows them again."""

from dataclasses import dataclass, field
from datetime import timedelta

import dagster as dg
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
)
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.tags import PARTITION_NAME_TAG
from sqlalchemy import Engine

from heaters_pipeline.db import alerts, dagster_history, retired_partitions
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.wording import number_of
from heaters_pipeline.orchestration.catalogue import versions
from heaters_pipeline.orchestration.partitions import NAME, bring_back
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.settings import Settings, get_settings

AT_ONCE = 1000
"""Partitions that come back in one tick."""

INTERVAL = get_settings().sensor_interval_seconds

_OF_BACKFILLS = [each for each in BulkActionStatus if each not in BULK_ACTION_TERMINAL_STATUSES]


@dataclass
class Retirement:
    listed: int
    """Partitions that Dagster had before."""
    retired: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    """Keys of videos which have something to do again."""
    waits_for: str | None = None
    """Why none was retired, though there are too many."""


@dg.op
def retire_partitions(context: dg.OpExecutionContext, database: Database) -> None:
    """Takes partitions of videos at rest out of Dagster's list where it has grown too long, and
    puts those back whose videos have something to do again."""
    done = retire(context.instance, database.engine, get_settings())
    for key in done.retired:
        context.log.info(f"{key} is retired; `heaters partitions restore {key}` brings it back.")
    for key in done.returned:
        context.log.info(f"{key} is back: there is something to do with its video.")
    if done.waits_for:
        context.log.warning(f"No partition is retired: {done.waits_for}.")
    context.add_output_metadata(
        {
            "partitions before": done.listed,
            "retired": len(done.retired),
            "brought back": len(done.returned),
        }
    )


@dg.job(name="partitions", executor_def=dg.in_process_executor)
def partitions_job() -> None:
    """Partitions of videos at rest leave Dagster's list where it is too long. Their files, clips
    and decisions stay, and so does what Dagster knows of them."""
    retire_partitions()


retired_partitions_schedule = dg.ScheduleDefinition(
    name="retired_partitions",
    job=partitions_job,
    cron_schedule="55 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.sensor(
    minimum_interval_seconds=3 * INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def wanted_partitions(context: dg.SensorEvaluationContext, database: Database) -> dg.SkipReason:
    """Brings back retired partitions that somebody has asked for on the sources page, and those
    that are stale since an asset has a new version."""
    with database.transaction() as session:
        keys = retired_partitions.wanted(session, versions(), AT_ONCE)
    bring_back(context.instance, database.engine, keys)
    return dg.SkipReason(f"{number_of(len(keys), 'partition')} brought back.")


def retire(instance: dg.DagsterInstance, engine: Engine, settings: Settings) -> Retirement:
    """As many as there are more than `partitions_kept`, if so many videos are at rest. None while a
    backfill is under way, which may be about any of them."""
    with transaction(engine) as session:
        # A sensor of somebody else's may have added them.
        retired_partitions.note_return(session, instance.get_dynamic_partitions(NAME))
        returned = retired_partitions.with_work(session)
    bring_back(instance, engine, returned)
    listed = instance.get_dynamic_partitions(NAME)
    done = Retirement(len(listed) - len(returned), returned=returned)
    too_many = len(listed) - settings.partitions_kept
    if too_many <= 0:
        return done
    if instance.get_backfills(BulkActionsFilter(statuses=_OF_BACKFILLS), limit=1):
        done.waits_for = "a backfill is under way"
        return done
    events = _events(instance)
    with events.index_connection() as connection:
        failed = {each.partition for each in alerts.failed_checks(connection, len(listed))}
    free = {*listed} - failed - _at_work(instance)
    with transaction(engine) as session:
        done.retired = retired_partitions.retire(
            session, free, timedelta(days=settings.partition_days), too_many, versions()
        )
    with events.index_connection() as connection:
        dagster_history.delete_partitions(connection, NAME, done.retired)
    # A run that has begun meanwhile.
    late = [*_at_work(instance).intersection(done.retired)]
    bring_back(instance, engine, late)
    done.retired = [key for key in done.retired if key not in late]
    return done


def _at_work(instance: dg.DagsterInstance) -> set[str]:
    """Keys of videos with a run that has not ended."""
    runs = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
    return {run.tags[PARTITION_NAME_TAG] for run in runs if PARTITION_NAME_TAG in run.tags}


def _events(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    events = instance.event_log_storage
    if not isinstance(events, SqlEventLogStorage):
        raise TypeError(f"Dagster keeps its events in {type(events).__name__}, not in Postgres.")
    return events
