"""Sensors that hear of runs which have failed or were cancelled."""

from __future__ import annotations

import dagster as dg
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.orchestration.ended_runs import cancelled_runs, failed_runs
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.orchestration.run_keys import ingest_key
from heaters_pipeline.settings import get_settings
from tests.rows import new_video


def begun(instance: dg.DagsterInstance, key: str, job: str = "ingest") -> dg.DagsterRun:
    """A run that a sensor asked for."""
    tags = {"dagster/partition": key, "dagster/run_key": ingest_key(key, 0)}
    return instance.add_run(
        dg.DagsterRun(job_name=job, tags=tags, status=dg.DagsterRunStatus.STARTED)
    )


def tick(
    sensor: dg.SensorDefinition, instance: dg.DagsterInstance, cursor: str | None = None
) -> str | None:
    """The cursor after a tick."""
    resources = {"database": Database()}
    with dg.build_sensor_context(instance, cursor, resources=resources) as context:
        assert isinstance(sensor(context), dg.SkipReason)
        return context.cursor


def attempt(engine: Engine, key: str) -> int:
    with transaction(engine) as session:
        return source_videos.get(session, key).attempt


def test_a_failed_run_is_heard_of_again_after_a_fault_that_passes(
    pipeline: Engine, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_video(pipeline).key
    since = tick(failed_runs, instance)
    instance.report_run_failed(begun(instance, key))
    with monkeypatch.context() as down:
        down.setenv("DATABASE_URL", "postgresql://127.0.0.1:9/nobody")
        get_settings.cache_clear()
        with pytest.raises(OperationalError):
            tick(failed_runs, instance, since)
    get_settings.cache_clear()
    assert attempt(pipeline, key) == 0
    since = tick(failed_runs, instance, since)
    assert attempt(pipeline, key) == 1, "another run comes"
    tick(failed_runs, instance, since)
    assert attempt(pipeline, key) == 1


def test_a_video_that_is_gone_holds_nothing_up(
    pipeline: Engine, instance: dg.DagsterInstance
) -> None:
    key = new_video(pipeline).key
    since = tick(failed_runs, instance)
    for each in ("gone", key):
        instance.report_run_failed(begun(instance, each))
    tick(failed_runs, instance, since)
    assert attempt(pipeline, key) == 1


def test_runs_of_before_and_of_other_jobs_are_nothing_to_the_sensors(
    pipeline: Engine, instance: dg.DagsterInstance
) -> None:
    key = new_video(pipeline).key
    instance.report_run_failed(begun(instance, key))
    since = tick(failed_runs, instance)
    instance.report_run_failed(begun(instance, key, job="themes"))
    tick(failed_runs, instance, since)
    assert attempt(pipeline, key) == 0


def test_the_cursor_of_a_release_before_is_understood(
    pipeline: Engine, instance: dg.DagsterInstance
) -> None:
    """They were run status sensors of Dagster's."""
    key = new_video(pipeline).key
    instance.report_run_failed(begun(instance, key))
    before = (
        '{"__class__": "RunStatusSensorCursor", "record_id": 0, "record_timestamp": null, '
        '"update_timestamp": null}'
    )
    tick(failed_runs, instance, before)
    assert attempt(pipeline, key) == 1


def test_a_cancelled_run_fails_what_it_had_not_done(
    pipeline: Engine, instance: dg.DagsterInstance
) -> None:
    key = new_video(pipeline).key
    since = tick(cancelled_runs, instance)
    instance.report_run_canceled(begun(instance, key))
    tick(cancelled_runs, instance, since)
    with transaction(pipeline) as session:
        video = source_videos.get(session, key)
        assert (video.state, video.error) == (
            "download_failed",
            "The run was cancelled: try again.",
        )
