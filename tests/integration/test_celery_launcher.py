"""Runs as Celery tasks, on a real Redis: what becomes of those that no worker has any more."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import PARTITION_NAME_TAG
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_celery.tags import DAGSTER_CELERY_QUEUE_TAG, DAGSTER_CELERY_TASK_ID_TAG
from sqlalchemy import Engine

from benchmarks.dagster_location import Location
from heaters_pipeline.cli import main
from heaters_pipeline.db import source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.orchestration import celery_launcher
from heaters_pipeline.orchestration.celery_launcher import CeleryLauncher
from heaters_pipeline.platform.dagster_config import queue_of
from heaters_pipeline.platform.dagster_instance import DagsterFiles
from heaters_pipeline.settings import get_settings
from tests.collector import Collector
from tests.footage import make_numbered_film


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server: no run can be handed to a worker")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", ""]
    with subprocess.Popen([*words, "--dir", str(tmp_path)], stdout=subprocess.DEVNULL) as redis:
        end = time.monotonic() + 20
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < end
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
        redis.kill()


@pytest.fixture
def instance(
    dagster_home: DagsterFiles, broker: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """Dagster's, with the launcher that the settings ask for."""
    monkeypatch.setenv("HEATERS_BROKER_URL", broker)
    get_settings.cache_clear()
    DagsterFiles.below(get_settings())
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.run_launcher, CeleryLauncher)
        yield instance


@dg.job
def nothing() -> None: ...


def started(instance: dg.DagsterInstance, **tags: str) -> dg.DagsterRun:
    return instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED, tags=tags)


def test_a_run_that_no_worker_has_is_dead_after_a_while(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(instance, **{DAGSTER_CELERY_TASK_ID_TAG: "of a worker that is gone"})
    look = instance.run_launcher.check_run_worker_health
    assert look(run).status == WorkerStatus.RUNNING, "it may be cut off for a moment"
    monkeypatch.setattr(celery_launcher, "UNSEEN_SECONDS", 0)
    dead = look(run)
    assert (dead.status, dead.msg) == (WorkerStatus.FAILED, "No worker has this run any more.")


def test_a_task_that_has_ended_says_how(instance: dg.DagsterInstance) -> None:
    launcher = instance.run_launcher
    assert isinstance(launcher, CeleryLauncher)
    for state, status in (("SUCCESS", WorkerStatus.SUCCESS), ("FAILURE", WorkerStatus.FAILED)):
        launcher.celery.backend.store_result(state, None, state)
        run = started(instance, **{DAGSTER_CELERY_TASK_ID_TAG: state})
        assert launcher.check_run_worker_health(run).status == status


def test_a_run_that_dagster_terminates_is_cancelled_and_not_taken_for_dead(
    instance: dg.DagsterInstance,
) -> None:
    run = started(instance, **{DAGSTER_CELERY_TASK_ID_TAG: "at work somewhere"})
    assert instance.run_launcher.terminate(run.run_id)
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None and ended.status == dg.DagsterRunStatus.CANCELED
    assert not instance.run_launcher.terminate(run.run_id), "it has ended already"


def test_a_worker_sends_the_last_spans_of_a_run_and_gets_the_next_one_of_its_video(
    pipeline: Engine, instance: dg.DagsterInstance, collector: Collector, tmp_path: Path
) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 30, size=(64, 36))
    assert CliRunner().invoke(main, ["add", str(film)]).exit_code == 0
    with transaction(pipeline) as session:
        (key,) = source_videos.keys(session)
    instance.add_dynamic_partitions("heaters_videos", [key])
    of_video = {PARTITION_NAME_TAG: key}
    traced = {**os.environ, "HEATERS_TRACES_ENDPOINT": collector.endpoint}
    command = [sys.executable, "-m", "heaters_pipeline.orchestration.run_worker"]
    code = WorkspaceProcessContext(
        instance, ModuleTarget("heaters_pipeline.orchestration.definitions", None, None, None)
    )
    with subprocess.Popen(command, env=traced) as worker, code as context:
        try:
            dagster = Location(context)
            dagster.start("ingest", of_video)
            end = time.monotonic() + 30
            while "verifying" not in (names := [each.name for each in collector.spans]):
                assert time.monotonic() < end, names
                time.sleep(0.1)
            dagster.start("library", of_video)
        finally:
            worker.terminate()
    assert {each.service for each in collector.spans} == {"heaters-runs"}
    ingest, library = reversed(instance.get_runs(dg.RunsFilter(tags=of_video)))
    assert DAGSTER_CELERY_QUEUE_TAG not in ingest.tags
    near = library.tags[DAGSTER_CELERY_QUEUE_TAG]
    assert near == queue_of(f"heaters@{socket.gethostname()}")
