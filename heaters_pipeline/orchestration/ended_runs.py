"""What runs that failed or were cancelled have left undone is tried again, or given up."""

import json
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Literal

import dagster as dg
from dagster._core.storage.tags import PARTITION_NAME_TAG

from heaters_pipeline.domain.errors import NotFound
from heaters_pipeline.orchestration.jobs import ingest_job, library_job, vectors_job
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.orchestration.run_keys import (
    asked_of,
    attempt_of,
    is_by_hand,
    is_of_exports,
)
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.faults import may_pass
from heaters_pipeline.work.give_up import (
    give_up_exports,
    give_up_ingest,
    give_up_library,
    give_up_vectors,
    put_back_exports,
    put_back_ingest,
    put_back_library,
)

Ended = Literal[dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_CANCELED]

BATCH = 25
"""Runs in a tick."""

INTERVAL = get_settings().sensor_interval_seconds

_LAST = "record_id"
"""Of the event that was seen last, in the cursor."""


@dg.sensor(minimum_interval_seconds=INTERVAL, default_status=dg.DefaultSensorStatus.RUNNING)
def failed_runs(context: dg.SensorEvaluationContext, database: Database) -> dg.SkipReason:
    """Has what a dead run left in the middle tried again, by another run."""
    said = "The run died before it had ended."
    return _for_each(
        context,
        dg.DagsterEventType.RUN_FAILURE,
        [ingest_job.name, library_job.name],
        lambda run: put_back(database, run, said),
    )


@dg.sensor(minimum_interval_seconds=INTERVAL, default_status=dg.DefaultSensorStatus.RUNNING)
def cancelled_runs(context: dg.SensorEvaluationContext, database: Database) -> dg.SkipReason:
    """Fails, in words, what a cancelled run had not done: its run key is spent."""
    said = "The run was cancelled: try again."
    return _for_each(
        context,
        dg.DagsterEventType.RUN_CANCELED,
        [ingest_job.name, library_job.name, vectors_job.name],
        lambda run: give_up(database, run, said),
    )


def _for_each(
    context: dg.SensorEvaluationContext,
    ended: Ended,
    jobs: Collection[str],
    act: Callable[[dg.DagsterRun], None],
) -> dg.SkipReason:
    """Acts on each run of the jobs that has ended so since the last tick, in their order. A fault
    that may pass ends the tick, and the next one begins with the same run. Dagster's own run status
    sensors go past it, as where a connection to Postgres was cut, and what it left waits for ever.
    """
    instance = context.instance
    if context.cursor is None:
        newest = instance.fetch_run_status_changes(ended, limit=1).records
        context.update_cursor(json.dumps({_LAST: newest[0].storage_id if newest else 0}))
        return dg.SkipReason("Runs that end from now on are looked at.")
    since = dg.RunStatusChangeRecordsFilter(
        ended, after_storage_id=json.loads(context.cursor)[_LAST]
    )
    records = instance.fetch_run_status_changes(since, limit=BATCH, ascending=True).records
    for record in records:
        run = instance.get_run_by_id(record.run_id)
        if run is not None and run.job_name in jobs:
            _act(context, act, run)
        context.update_cursor(json.dumps({_LAST: record.storage_id}))
    return dg.SkipReason(f"{len(records)} runs looked at.")


def _act(
    context: dg.SensorEvaluationContext, act: Callable[[dg.DagsterRun], None], run: dg.DagsterRun
) -> None:
    try:
        with suppress(NotFound):  # a trial film, which is gone by now
            act(run)
    except Exception as error:
        if may_pass(error):
            raise
        context.log.exception(f"What run {run.run_id} left stays as it is.")


def give_up(database: Database, run: dg.DagsterRun, error: str) -> None:
    """Fails what the run was asked for; a run that somebody started by hand was asked for all."""
    if run.job_name == vectors_job.name:
        give_up_vectors(database.engine, get_settings().embedding_model)
        return
    key = run.tags[PARTITION_NAME_TAG]
    if run.job_name == ingest_job.name:
        give_up_ingest(database.engine, key, attempt_of(run), error)
    elif is_of_exports(run):
        give_up_exports(database.engine, key, get_settings().undo_window_seconds, error)
    else:
        window = get_settings().undo_window_seconds
        give_up_library(database.engine, key, asked_of(run), window, error)


def put_back(database: Database, run: dg.DagsterRun, error: str) -> None:
    """Puts back what the run was asked for and did not do. One that somebody started by hand was
    asked for nothing that its rows don't ask for."""
    key = run.tags[PARTITION_NAME_TAG]
    if is_by_hand(run):
        return
    if run.job_name == ingest_job.name:
        put_back_ingest(database.engine, key, attempt_of(run), error)
    elif is_of_exports(run):
        put_back_exports(database.engine, key, get_settings().undo_window_seconds, error)
    else:
        window = get_settings().undo_window_seconds
        put_back_library(database.engine, key, asked_of(run), window, error)
