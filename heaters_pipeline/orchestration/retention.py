"""Once a day, what nobody needs any more is forgotten: a year of work slows nothing."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from heaters_pipeline.db import dagster_history
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.retention import forget_handovers, forget_requests

AT_ONCE = 500


@dg.op
def forget_history(context: dg.OpExecutionContext, database: Database) -> None:
    """Deletes runs that ended long ago, but not the state of assets; handovers of files that were
    taken again since; and requests that can't come again."""
    settings = get_settings()
    deleted, kept = forget_runs(context.instance, settings.run_days)
    handed = forget_handovers(database.engine, settings.handover_days)
    requests = forget_requests(database.engine)
    context.add_output_metadata(
        {
            "runs deleted": deleted,
            "runs without their logs": kept,
            "handovers": handed,
            "requests": requests,
        }
    )


@dg.job(name="retention", executor_def=dg.in_process_executor)
def retention_job() -> None:
    """What nobody needs any more is forgotten; decisions, and what there is now, stay."""
    forget_history()


retention = dg.ScheduleDefinition(
    name="retention",
    job=retention_job,
    cron_schedule="40 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


def forget_runs(instance: dg.DagsterInstance, days: float) -> tuple[int, int]:
    """Deletes runs that ended more than `days` ago, with their logs. Of those that made the last
    state of a video's asset or check the logs alone go, once. The numbers of both."""
    before = datetime.now(UTC) - timedelta(days=days)
    events = instance.event_log_storage
    if not isinstance(events, SqlEventLogStorage):
        raise TypeError(f"Dagster keeps its events in {type(events).__name__}, not in Postgres.")
    deleted = kept = 0
    for runs in _ended(instance, before):
        with events.index_connection() as connection:
            last = dagster_history.runs_of_last_states(connection, runs)
            told = dagster_history.with_logs(connection, last)
        gone = [run_id for run_id in runs if run_id not in last]
        for run_id in [*gone, *told]:
            instance.compute_log_manager.delete_logs(prefix=[run_id])
        for run_id in gone:
            instance.delete_run(run_id)
        with events.index_connection() as connection:
            dagster_history.forget_logs(connection, told)
        deleted += len(gone)
        kept += len(told)
    with events.index_connection() as connection:
        dagster_history.forget_checks(connection, before)
    return deleted, kept


def _ended(instance: dg.DagsterInstance, before: datetime) -> Iterator[Sequence[str]]:
    """Ids of runs that ended before this time, in batches."""
    ended = dg.RunsFilter(statuses=FINISHED_STATUSES, updated_before=before)
    ids = instance.get_run_ids(ended)
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
