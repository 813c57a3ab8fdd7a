"""Runs of which Dagster does not know that they have ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

import dagster as dg
import psutil

from heaters_pipeline.platform.dagster_instance import end_run

WRONG_CLOCK_SECONDS = 300
"""By which a run's clock may be behind."""

_AT_WORK = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])


def end_dead_runs(instance: dg.DagsterInstance, tags: Mapping[str, str], since: float) -> None:
    """Tells Dagster that the run with these tags which was at work at the time `since` (seconds
    since 1970) is dead: until it knows, the run keeps its place, and no other one of its video
    begins. Such runs come one after the other, so it is the one that had begun by then."""
    under_way = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED], tags=tags)
    for record in instance.get_run_records(under_way):
        if record.start_time is not None and record.start_time <= since:
            instance.report_run_failed(
                record.dagster_run, "The process of this run has died; another run goes on."
            )


def end_lost_runs(instance: dg.DagsterInstance, silence: timedelta) -> Iterator[dg.DagsterRun]:
    """Tells Dagster of the runs whose process is gone, or was stopped and has told nothing for
    longer than `silence`, and gives them.

    Dagster's own launcher hears of a run's end from the run, or from the code server that began it.
    Where neither could write it down, as on a full disk, the run would keep its place and its video
    for ever. The process is looked for on this machine; launchers for several look after theirs.
    """
    if instance.run_launcher.supports_check_run_worker_health:
        return
    for seen in instance.get_runs(_AT_WORK):
        if _lives(instance, seen.run_id, silence):
            continue
        run = instance.get_run_by_id(seen.run_id)  # it may have ended just now
        if run is None or run.is_finished:
            continue
        end_run(instance, run, "The process of this run has died or was stopped.")
        yield run


def _lives(instance: dg.DagsterInstance, run_id: str, silence: timedelta) -> bool:
    """Whether the process that wrote of the start is there. A later one may have its number."""
    began = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.RUN_START).records
    entry = began[0].event_log_entry if began else None
    if entry is None or entry.dagster_event is None or entry.dagster_event.pid is None:
        return True
    try:
        process = psutil.Process(entry.dagster_event.pid)
        is_later = process.create_time() > entry.timestamp + WRONG_CLOCK_SECONDS
        status = process.status()
    except psutil.NoSuchProcess:
        return False
    if status == psutil.STATUS_STOPPED:
        (last,) = instance.get_records_for_run(run_id, limit=1, ascending=False).records
        return last.timestamp > time.time() - silence.total_seconds()
    return status != psutil.STATUS_ZOMBIE and not is_later
