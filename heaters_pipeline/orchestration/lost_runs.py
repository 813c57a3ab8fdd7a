"""Runs of which Dagster does not know that they have ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import psutil

WRONG_CLOCK_SECONDS = 300
"""By which a run's clock may be behind."""

_AT_WORK = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])


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
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run)
        else:
            instance.report_run_failed(run, "The process of this run has died or was stopped.")
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
