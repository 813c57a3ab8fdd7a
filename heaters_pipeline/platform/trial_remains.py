"""Taking a trial film away again: rows, objects, and what Dagster knows of it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from heaters_pipeline.db import dagster_history, removal, source_videos, trial_films
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.states import SourceState
from heaters_pipeline.domain.trial_film import DOCTOR
from heaters_pipeline.platform.dagster_instance import open_instance
from heaters_pipeline.settings import Settings
from heaters_pipeline.work.objects import sweep
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline

if TYPE_CHECKING:
    from dagster import DagsterInstance

PARTITIONS = "heaters_videos"
LOCK_SECONDS = 60.0
"""A step that is at work on the film stops within seconds of being asked to."""

RUN_SECONDS = 60.0
LOOK_SECONDS = 0.5


@dataclass
class Cleared:
    films: int = 0
    objects: int = 0
    left: list[str] = field(default_factory=list)
    """What could not be taken away, and why; the next check tries again."""


def clear_away(engine: Engine, settings: Settings) -> Cleared:
    """Takes away all trial films that are there, with everything that was made of them."""
    cleared = Cleared()
    with transaction(engine) as session:
        keys = trial_films.keys(session)
    if not keys:
        return cleared
    pipeline = open_pipeline(engine, settings)
    with open_instance(settings) as instance:
        for key in keys:
            try:
                cleared.objects += _clear_one(pipeline, instance, key)
                cleared.films += 1
            except HeatersError as error:
                cleared.left.append(f"{key} is still there: {error}")
    return cleared


def _clear_one(pipeline: Pipeline, instance: DagsterInstance, key: str) -> int:
    """How many objects were deleted."""
    engine = pipeline.engine
    with suppress(InputError), transaction(engine) as session:
        source_videos.cancel(session, key)
    with video_lock(engine, key, LOCK_SECONDS), transaction(engine) as session:
        if source_videos.get(session, key).state != SourceState.REMOVED:
            removal.remove(session, key, actor=DOCTOR)
    _wait_for_runs(instance, key)
    deleted = sweep(pipeline)
    with transaction(engine) as session:
        folders = trial_films.folders(session, key)
    for path in (path for folder in folders for path in pipeline.storage.list(folder)):
        raise HeatersError(f"{path} stays: {deleted.failures.get(path, 'it is being deleted')}.")
    with transaction(engine) as session:
        trial_films.purge(session, key)
    _forget_in_dagster(instance, key)
    return deleted.number


def _wait_for_runs(instance: DagsterInstance, key: str) -> None:
    """Until none is under way: what a run writes would come after its film. Runs that wait in the
    queue are cancelled."""
    import dagster as dg
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
    from dagster._core.storage.tags import PARTITION_NAME_TAG

    of_film = {PARTITION_NAME_TAG: key}
    queued = dg.RunsFilter(tags=of_film, statuses=[dg.DagsterRunStatus.QUEUED])
    under_way = dg.RunsFilter(tags=of_film, statuses=NOT_FINISHED_STATUSES)
    end = time.monotonic() + RUN_SECONDS
    while instance.get_runs(under_way, limit=1):
        for run in instance.get_runs(queued):
            instance.report_run_canceled(run, "The trial film is taken away.")
        if time.monotonic() > end:
            raise HeatersError("a run of Dagster is still at work on it.")
        time.sleep(LOOK_SECONDS)


def _forget_in_dagster(instance: DagsterInstance, key: str) -> None:
    import dagster as dg
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
    from dagster._core.storage.tags import PARTITION_NAME_TAG

    for run in instance.get_runs(dg.RunsFilter(tags={PARTITION_NAME_TAG: key})):
        instance.compute_log_manager.delete_logs(prefix=[run.run_id])
        instance.delete_run(run.run_id)
    events = instance.event_log_storage
    if isinstance(events, SqlEventLogStorage):
        with events.index_connection() as connection:
            dagster_history.forget_checks_of(connection, key)
    instance.delete_dynamic_partition(PARTITIONS, key)
