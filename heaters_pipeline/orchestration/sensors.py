"""What starts runs. Each tick asks Postgres what is due: rows are the memory, not a cursor."""

import shutil
import time
from collections.abc import Iterable

import dagster as dg
from dagster._core.storage.tags import PARTITION_NAME_TAG, WILL_RETRY_TAG

from heaters_pipeline.db import clip_work, source_videos
from heaters_pipeline.db.clip_work import DueWork
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.orchestration.jobs import ingest_job, library_job
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.orchestration.run_keys import (
    attempt_of,
    ingest_key,
    last_event_of,
    library_key,
)
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.give_up import give_up_ingest, give_up_library
from heaters_pipeline.work.watched_folder import add_settled

BATCH = 50
"""Runs asked for in one tick: what a queue swallows without a tick timing out."""

INTERVAL = get_settings().sensor_interval_seconds


@dg.sensor(
    job=ingest_job,
    minimum_interval_seconds=INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_source_videos(database: Database) -> dg.SensorResult:
    """Ingests source videos that nobody has begun with, as long as there is room for them."""
    settings = get_settings()
    free = shutil.disk_usage(settings.home).free
    if free < settings.min_free_gb * 10**9:
        return dg.SensorResult(
            skip_reason=f"Only {free / 10**9:.1f} GB are free in {settings.home}: no other video "
            "is begun before there is more room (HEATERS_MIN_FREE_GB)."
        )
    with database.transaction() as session:
        waiting = source_videos.waiting(session, BATCH)
    return dg.SensorResult(
        run_requests=ingest_requests(waiting),
        dynamic_partitions_requests=[heaters_videos.build_add_request([key for key, _ in waiting])],
    )


@dg.sensor(
    minimum_interval_seconds=3 * INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def watched_folder(context: dg.SensorEvaluationContext, database: Database) -> dg.SkipReason:
    """Adds the videos that have come to lie in the watched folder; `new_source_videos` sees to the
    rest. A file is known by its path, size and time of change."""
    folder = get_settings().watch_folder
    if folder is None:
        return dg.SkipReason("HEATERS_WATCH_FOLDER is not set.")
    if not folder.is_dir():
        raise InputError(f"The watched folder {folder} is not there: check HEATERS_WATCH_FOLDER.")
    look = add_settled(database.engine, folder, time.time())
    for title in look.added:
        context.log.info(f"{title}: added.")
    for sentence in look.unreadable:
        context.log.warning(sentence)
    return dg.SkipReason(
        " ".join([f"{len(look.added)} videos added from {folder}.", *look.unreadable])
    )


@dg.sensor(
    job=library_job,
    minimum_interval_seconds=INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def approved_clips(database: Database) -> dg.SensorResult:
    """Exports, keyframes and embeds approved clips past their undo window, and makes archive
    decisions past theirs final."""
    window = get_settings().undo_window_seconds
    with database.transaction() as session:
        archived = clip_work.archive_rested(session, window)
        due = clip_work.due(session, window, BATCH)
    return dg.SensorResult(
        run_requests=library_requests(due),
        dynamic_partitions_requests=[
            heaters_videos.build_add_request([work.video_key for work in due])
        ],
        skip_reason=None if due else f"No clip is due; {archived} archived.",
    )


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    monitored_jobs=[ingest_job, library_job],
    minimum_interval_seconds=INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def failed_runs(context: dg.RunStatusSensorContext, database: Database) -> None:
    """Fails, in words, what a dead run left in the middle, unless Dagster starts the run again."""
    if context.dagster_run.tags.get(WILL_RETRY_TAG) != "true":
        give_up(database, context.dagster_run, "The run died before it had ended: try again.")


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.CANCELED,
    monitored_jobs=[ingest_job, library_job],
    minimum_interval_seconds=INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def cancelled_runs(context: dg.RunStatusSensorContext, database: Database) -> None:
    """Fails, in words, what a cancelled run had not done: its run key is spent."""
    give_up(database, context.dagster_run, "The run was cancelled: try again.")


def give_up(database: Database, run: dg.DagsterRun, error: str) -> None:
    """Fails what the run was asked for; a run that somebody started by hand was asked for all."""
    key = run.tags[PARTITION_NAME_TAG]
    if run.job_name == ingest_job.name:
        give_up_ingest(database.engine, key, attempt_of(run), error)
    else:
        window = get_settings().undo_window_seconds
        give_up_library(database.engine, key, last_event_of(run), window, error)


def ingest_requests(waiting: Iterable[tuple[str, int]]) -> list[dg.RunRequest]:
    """A run a video."""
    return [
        dg.RunRequest(run_key=ingest_key(key, attempt), partition_key=key)
        for key, attempt in waiting
    ]


def library_requests(due: Iterable[DueWork]) -> list[dg.RunRequest]:
    """A run a video for all its due clips; a newer decision or a retry makes another one."""
    return [
        dg.RunRequest(
            run_key=library_key(work.video_key, work.last_event_id, work.attempt),
            partition_key=work.video_key,
        )
        for work in due
    ]
