"""What starts runs. Each tick asks Postgres what is due: rows are the memory, and a cursor at most
spares a question."""

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.tags import PARTITION_NAME_TAG, RUN_KEY_TAG

from heaters_pipeline.db import (
    archiving,
    clip_exports,
    clip_work,
    embeddings,
    group_exports,
    handover_copies,
    keyframe_rules,
    lost_objects,
    profiles,
    repeats,
    retrying,
    sites,
    source_videos,
    themes,
    webhooks,
)
from heaters_pipeline.db.clip_exports import DueExports
from heaters_pipeline.db.clip_work import DueWork
from heaters_pipeline.db.group_exports import DueGroups
from heaters_pipeline.domain.alerts import news
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.stuck import longest_silence
from heaters_pipeline.media.clips.embeddings import obstacle
from heaters_pipeline.orchestration.handing_over import (
    COPY,
    copy_config,
    handover_job,
    waiting_copies,
)
from heaters_pipeline.orchestration.jobs import (
    archive_job,
    ingest_job,
    library_job,
    repeats_job,
    storage_job,
    themes_job,
    vectors_job,
)
from heaters_pipeline.orchestration.lost_runs import end_dead_runs, end_lost_runs
from heaters_pipeline.orchestration.partitions import needed
from heaters_pipeline.orchestration.resources import Database, ObjectStore
from heaters_pipeline.orchestration.retention import retention_job
from heaters_pipeline.orchestration.retirement import partitions_job
from heaters_pipeline.orchestration.run_keys import (
    archive_key,
    copy_key,
    exports_key,
    ingest_key,
    library_key,
    themes_keys,
)
from heaters_pipeline.orchestration.sensor_rest import Look
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.alerts import can_tell, tell, troubles
from heaters_pipeline.work.give_up import (
    end_stuck,
    take_over,
)
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.outages import storage_outage
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.room import lack_of_room
from heaters_pipeline.work.watched_bucket import add_listed
from heaters_pipeline.work.watched_folder import add_settled
from heaters_pipeline.work.webhooks import deliver_due

BATCH = 50
"""Runs asked for in one tick: what a queue swallows without a tick timing out."""

AT_ONCE = 1000
"""Clips that are archived or whose keyframes are compared with the rules, and deliveries that are
forgotten, in one tick."""

INTERVAL = get_settings().sensor_interval_seconds

OF_NO_VIDEO = (
    *(vectors_job, themes_job, repeats_job),
    *(storage_job, retention_job, partitions_job),
)
"""Whose failures no row of a video tells."""


@dg.sensor(
    job=ingest_job,
    minimum_interval_seconds=INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_source_videos(database: Database, store: ObjectStore) -> dg.SensorResult:
    """Ingests source videos that nobody has begun with, or whose pause before another try is over,
    as long as their sites answer and there is room for them; makes products again that the storage
    has lost."""
    settings = get_settings()
    if reason := storage_outage(database.engine, store.open):
        return dg.SensorResult(skip_reason=reason)
    # Runs on other machines look at their own disks (`work.room`).
    if not settings.is_spread and (lack := lack_of_room(store.open(), settings)):
        return dg.SensorResult(skip_reason=lack)
    with database.transaction() as session:
        sites.forget_unneeded(session)
        waiting = source_videos.waiting(session, BATCH)
        lost = lost_objects.due(session, BATCH)
        partitions = needed(session, [*(key for key, _ in waiting), *(key for key, _, _ in lost)])
        down = retrying.outages_told(session, settings.undo_window_seconds)
    requests = [*ingest_requests(waiting), *remake_requests(lost)]
    return dg.SensorResult(
        run_requests=requests,
        dynamic_partitions_requests=[partitions],
        skip_reason=None if requests else " ".join(down) or None,
    )


@dg.sensor(
    minimum_interval_seconds=3 * INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def watched_folder(
    context: dg.SensorEvaluationContext, database: Database, store: ObjectStore
) -> dg.SkipReason:
    """Adds the videos that have come to lie in the watched folder or bucket; `new_source_videos`
    sees to the rest. A file is known by its path, size and time of change."""
    watched = get_settings().watch_folder
    if watched is None:
        return dg.SkipReason("HEATERS_WATCH_FOLDER is not set.")
    if watched.startswith("s3://"):
        pipeline = Pipeline(database.engine, store.open(), get_settings(), context.log)
        titles = add_listed(pipeline, watched)
        return dg.SkipReason(f"{len(titles)} videos added from {watched}.")
    folder = Path(watched)
    if not folder.is_dir():
        raise InputError(f"The watched folder {folder} is not there: check HEATERS_WATCH_FOLDER.")
    look = add_settled(database.engine, folder, time.time(), get_settings().pipeline)
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
def approved_clips(
    context: dg.SensorEvaluationContext, database: Database, store: ObjectStore
) -> dg.SensorResult:
    """Exports, keyframes and embeds approved clips past their undo window, takes keyframes anew
    where their rules say otherwise now, and makes archive decisions past their window final, as
    well as merges and splits of clips with files. Work whose run has died or is stuck is taken
    over."""
    settings = get_settings()
    window = settings.undo_window_seconds
    silence = longest_silence(settings.stuck_seconds, settings.stall_seconds)
    for key, since in end_stuck(database.engine, silence):
        context.log.warning(f"The run that was at work on {key} is stuck; its work is tried again.")
        end_dead_runs(context.instance, {PARTITION_NAME_TAG: key}, since.timestamp())
    for key, since in take_over(database.engine, BATCH):
        context.log.warning(f"The run that was at work on {key} died; its work is tried again.")
        end_dead_runs(context.instance, {PARTITION_NAME_TAG: key}, since.timestamp())
    for run in end_lost_runs(context.instance, silence):
        context.log.warning(f"The process of run {run.run_id} ({run.job_name}) is gone or stopped.")
    if reason := storage_outage(database.engine, store.open):
        return dg.SensorResult(skip_reason=reason)
    with database.transaction() as session:
        archived = archiving.archive_rested(session, window, AT_ONCE)
        archiving.drop_replaced(session, window, AT_ONCE)
        keyframe_rules.send_back(session, window, AT_ONCE)
        due = clip_work.due(session, window, BATCH)
        partitions = needed(session, [work.video_key for work in due])
    return dg.SensorResult(
        run_requests=library_requests(due),
        dynamic_partitions_requests=[partitions],
        skip_reason=None if due else f"No clip is due; {archived} archived.",
    )


@dg.sensor(
    job=library_job,
    minimum_interval_seconds=3 * INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def missing_exports(
    context: dg.SensorEvaluationContext, database: Database, store: ObjectStore
) -> dg.SensorResult:
    """Makes the files that exported clips lack, since a profile was added, changed, or given
    another use. All clips are looked through for that, so it rests after a look that found none."""
    if reason := storage_outage(database.engine, store.open):
        return dg.SensorResult(skip_reason=reason)
    last, began = Look.of_cursor(context.cursor), time.monotonic()
    with database.transaction() as session:
        sought = profiles.mark(session)
        if last and last.is_enough(time.time(), sought):
            return dg.SensorResult(skip_reason="No file was missing a moment ago.")
        due: list[DueExports | DueGroups] = [
            *clip_exports.due(session, get_settings().undo_window_seconds, BATCH),
            *group_exports.due(session, BATCH),
        ]
        if due or any(lack.files for lack in profiles.lacks(session).values()):
            profiles.recount(session)
        partitions = needed(session, [work.video_key for work in due])
    if due:
        return dg.SensorResult(
            run_requests=exports_requests(due), dynamic_partitions_requests=[partitions]
        )
    look = Look(time.time(), time.monotonic() - began, sought)
    return dg.SensorResult(skip_reason="No file is missing.", cursor=look.cursor)


@dg.sensor(
    job=archive_job,
    minimum_interval_seconds=3 * INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def archived_sources(database: Database, store: ObjectStore) -> dg.SensorResult:
    """Moves source and gold master of archived videos to a cold storage class, or back, as somebody
    asked for on the sources page."""
    if reason := storage_outage(database.engine, store.open):
        return dg.SensorResult(skip_reason=reason)
    with database.transaction() as session:
        due = archiving.due_moves(session, BATCH)
        partitions = needed(session, [move.video_key for move in due])
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=archive_key(move.video_key, move.mark), partition_key=move.video_key
            )
            for move in due
        ],
        dynamic_partitions_requests=[partitions],
        skip_reason=None if due else "Nothing is on its way to the cold, or back.",
    )


@dg.sensor(
    job=handover_job,
    minimum_interval_seconds=INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def asked_copies(
    context: dg.SensorEvaluationContext, database: Database, store: ObjectStore
) -> dg.SensorResult:
    """Copies the files of selections to where somebody asked for them on the page Hand over. A copy
    whose run has died goes on with another one."""
    if reason := storage_outage(database.engine, store.open):
        return dg.SensorResult(skip_reason=reason)
    silent_since = time.time() - handover_copies.SILENCE.total_seconds()
    waiting = waiting_copies(context.instance, silent_since)
    with database.transaction() as session:
        due = handover_copies.due(session, BATCH, waiting)
    for copy in due:
        end_dead_runs(context.instance, {COPY: str(copy.copy_id)}, silent_since)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=copy_key(copy.copy_id, copy.runs),
                run_config=copy_config(copy.copy_id),
                tags={COPY: str(copy.copy_id)},
            )
            for copy in due
        ],
        skip_reason=None if due else "Nobody has asked for a copy.",
    )


@dg.sensor(
    job=vectors_job,
    minimum_interval_seconds=3 * INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def missing_vectors(context: dg.SensorEvaluationContext, database: Database) -> dg.SensorResult:
    """Gives clips of the library the vector of the present model and strategy that they lack, a
    run of 2,000 clips at a time."""
    settings = get_settings()
    model, strategy = settings.embedding_model, settings.embedding_strategy
    with database.transaction() as session:
        lacking = embeddings.lacking(session, model, strategy, 1)
        reason = obstacle(model) or embeddings.why_missing(session, model)
    at_work = dg.RunsFilter(job_name=vectors_job.name, statuses=NOT_FINISHED_STATUSES)
    if not lacking:
        skipped = f"No clip lacks a vector by {model}."
    elif reason is not None:
        skipped = f"No vector by {model} yet: {reason}."
    elif context.instance.get_runs(at_work, limit=1):
        skipped = "A run is making vectors."
    else:
        # Rows are the memory: what a run can't make rests for a day, a model for ten minutes.
        return dg.SensorResult(run_requests=[dg.RunRequest()])
    return dg.SensorResult(skip_reason=skipped)


@dg.sensor(
    job=repeats_job,
    minimum_interval_seconds=3 * INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def missing_repeats(
    context: dg.SensorEvaluationContext, database: Database, store: ObjectStore
) -> dg.SensorResult:
    """Looks through the videos in which nobody has sought repeats yet, or by an older method, a run
    of 20 videos at a time."""
    if reason := storage_outage(database.engine, store.open):
        return dg.SensorResult(skip_reason=reason)
    with database.transaction() as session:
        lacking = repeats.unsought(session, 1)
    at_work = dg.RunsFilter(job_name=repeats_job.name, statuses=NOT_FINISHED_STATUSES)
    if not lacking:
        skipped = "All videos were looked through."
    elif context.instance.get_runs(at_work, limit=1):
        skipped = "A run is looking for repeats."
    else:
        return dg.SensorResult(run_requests=[dg.RunRequest()])
    return dg.SensorResult(skip_reason=skipped)


@dg.sensor(
    job=themes_job,
    minimum_interval_seconds=3 * INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def changed_library(context: dg.SensorEvaluationContext, database: Database) -> dg.SensorResult:
    """Places new clips in the themes of the library, and has the themes made anew once enough clips
    have come or gone."""
    model = get_settings().embedding_model
    with database.transaction() as session:
        placed = themes.place(session, model)
        standing = themes.standing(session, model)
    if not standing.is_due:
        return dg.SensorResult(skip_reason=f"{placed} new clips placed; the themes stay.")
    keys = themes_keys(model, standing)
    failed = context.instance.get_runs_count(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], tags={RUN_KEY_TAG: keys})
    )
    if failed >= len(keys):
        return dg.SensorResult(skip_reason="The themes of these clips could not be made.")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=keys[failed])])


@dg.sensor(
    minimum_interval_seconds=3 * INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def unused_objects(
    context: dg.SensorEvaluationContext, database: Database, store: ObjectStore
) -> dg.SkipReason:
    """Deletes objects in the storage that no row names any more."""
    if reason := storage_outage(database.engine, store.open):
        return dg.SkipReason(reason)
    deleted = delete_due(Pipeline(database.engine, store.open(), get_settings(), context.log))
    failed = f"; {len(deleted.failures)} stay, and are tried again" if deleted.failures else ""
    return dg.SkipReason(f"{deleted.number} objects deleted{failed}.")


@dg.sensor(
    minimum_interval_seconds=INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def webhook_deliveries(context: dg.SensorEvaluationContext, database: Database) -> dg.SkipReason:
    """Tells the addresses of `heaters webhook` what happened, and forgets what ended long ago."""
    with database.transaction() as session:
        webhooks.forget_ended(session, get_settings().webhook_days, AT_ONCE)
    done = deliver_due(database.engine)
    for failure in done.failures:
        context.log.warning(f"{failure}; it is tried again later.")
    return dg.SkipReason(f"{done.delivered} delivered, {len(done.failures)} failed.")


@dg.sensor(
    minimum_interval_seconds=6 * INTERVAL,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def alerts(context: dg.SensorEvaluationContext, database: Database) -> dg.SkipReason:
    """Tells people by mail and chat what has come to wait for them, once, and when it is over.
    The cursor holds what they were told."""
    settings = get_settings()
    if not can_tell(settings):
        return dg.SkipReason("Neither HEATERS_ALERT_WEBHOOK nor HEATERS_ALERT_MAIL is set.")
    told = json.loads(context.cursor) if context.cursor else []
    events = context.instance.event_log_storage
    assert isinstance(events, SqlEventLogStorage)  # noqa: S101 - dagster.yaml says so
    with database.transaction() as session, events.index_connection() as dagster:
        now = troubles(session, dagster, settings, [job.name for job in OF_NO_VIDEO])
    found = news(now, told)
    if found.is_none:
        return dg.SkipReason(f"{len(now)} things wait for a person, who knows it.")
    failures = tell(settings, found)
    for failure in failures:
        context.log.warning(f"{failure} It is tried again.")
    if not failures:
        context.update_cursor(json.dumps(sorted({each.mark for each in now})))
    return dg.SkipReason(" ".join([f"{len(found.begun)} begun, {found.over} over.", *failures]))


def ingest_requests(waiting: Iterable[tuple[str, int]]) -> list[dg.RunRequest]:
    """A run a video."""
    return [
        dg.RunRequest(run_key=ingest_key(key, attempt), partition_key=key)
        for key, attempt in waiting
    ]


def remake_requests(lost: Iterable[tuple[str, int, Sequence[str]]]) -> list[dg.RunRequest]:
    """A run a video for the products that it has lost."""
    return [
        dg.RunRequest(
            run_key=ingest_key(key, attempt),
            partition_key=key,
            asset_selection=[dg.AssetKey(product) for product in products],
        )
        for key, attempt, products in lost
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


def exports_requests(due: Iterable[DueExports | DueGroups]) -> list[dg.RunRequest]:
    """A run a video for all files that it lacks."""
    return [
        dg.RunRequest(run_key=exports_key(work.video_key, work.mark), partition_key=work.video_key)
        for work in due
    ]
