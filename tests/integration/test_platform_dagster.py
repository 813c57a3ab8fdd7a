"""What `up` does to Dagster's database before Dagster starts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
)

from heaters_pipeline.cli import main
from heaters_pipeline.domain.automation import SCHEDULES, SENSORS
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.orchestration.catalogue import VERSIONS
from heaters_pipeline.orchestration.definitions import defs
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.platform.dagster_config import POOL_LIMITS
from heaters_pipeline.platform.dagster_instance import (
    END_RUNS,
    UPGRADE,
    DagsterFiles,
    prepare,
    set_pool_limits,
)
from heaters_pipeline.settings import Settings, get_settings
from review_app import create_app


def _prepare() -> None:
    words = [sys.executable, "-m", "heaters_pipeline.platform.dagster_instance"]
    subprocess.run([*words, UPGRADE, END_RUNS], check=True)


def test_runs_that_a_crash_left_behind_are_failed_and_others_are_let_be(
    dagster_home: DagsterFiles,
) -> None:
    @dg.job
    def nothing() -> None: ...

    left = ["STARTING", "STARTED", "CANCELING"]
    kept = ["SUCCESS", "FAILURE", "CANCELED", "NOT_STARTED"]
    _prepare()
    with dg.DagsterInstance.get() as instance:
        ids = {
            status: instance.create_run_for_job(nothing, status=dg.DagsterRunStatus(status)).run_id
            for status in left + kept
        }
    _prepare()
    with dg.DagsterInstance.get() as instance:
        for status, run_id in ids.items():
            run = instance.get_run_by_id(run_id)
            assert run is not None
            ended = {"STARTING": "FAILURE", "STARTED": "FAILURE", "CANCELING": "CANCELED"}
            assert run.status.value == ended.get(status, status)
        assert limits(instance) == POOL_LIMITS


def limits(instance: dg.DagsterInstance) -> dict[str, int]:
    return {each.name: each.limit for each in instance.event_log_storage.get_pool_limits()}


def test_a_pools_limit_that_a_person_set_stays(dagster_home: DagsterFiles) -> None:
    _prepare()
    with dg.DagsterInstance.get() as instance:
        instance.event_log_storage.set_concurrency_slots("export", 5)
        set_pool_limits(instance, 3)
        tripled = {pool: 3 * limit for pool, limit in POOL_LIMITS.items()}
        assert limits(instance) == tripled | {"export": 5}
        instance.event_log_storage.set_concurrency_slots("export", tripled["export"])
        set_pool_limits(instance, 1)
        assert limits(instance) == POOL_LIMITS


def test_what_dagster_writes_lies_in_the_home(
    dagster_home: DagsterFiles, heaters_home: Path
) -> None:
    with dg.DagsterInstance.get() as instance:
        assert Path(instance.storage_directory()).is_relative_to(heaters_home / "dagster")
        assert not instance.telemetry_enabled
        assert not instance.run_retries_enabled, "rows ask for another try"
    workspace = yaml.safe_load(dagster_home.workspace.read_text())
    assert workspace["load_from"][0]["grpc_server"]["location_name"] == "heaters"
    assert dagster_home.home.stat().st_mode & 0o077 == 0


def test_every_sensor_and_schedule_has_words_for_when_it_is_stopped() -> None:
    assert {sensor.name for sensor in defs.sensors or ()} == set(SENSORS)
    assert {schedule.name for schedule in defs.schedules or ()} == set(SCHEDULES)


def test_what_somebody_stopped_is_told(
    dagster_home: DagsterFiles, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEATERS_DAGSTER_DATABASE_URL", os.environ["DAGSTER_PG_URL"])
    get_settings.cache_clear()
    page = create_app(get_settings()).test_client()

    def told() -> list[str]:
        """By the command and by the page."""
        status = CliRunner().invoke(main, ["status", "--json"])
        sentences: list[str] = json.loads(status.stdout)["stopped"]
        message = re.compile(r'<p class="message bad" role="status">(.*?)</p>')
        shown = [unescape(each) for each in message.findall(page.get("/sources").text)]
        assert shown == sentences
        return sentences

    assert told() == [], "Dagster has no tables yet"
    _prepare()
    with dg.DagsterInstance.get() as instance:
        location = GrpcServerCodeLocationOrigin("localhost", socket="/code.sock", location_name="a")
        origin = RemoteRepositoryOrigin(location, "a").get_instigator_origin
        states = [
            InstigatorState(origin(name), kind, InstigatorStatus.STOPPED, data)
            for name, kind, data in (
                ("approved_clips", InstigatorType.SENSOR, SensorInstigatorData()),
                ("retention", InstigatorType.SCHEDULE, ScheduleInstigatorData("0 0 * * *")),
            )
        ]
        for state in states:
            instance.add_instigator_state(state)
        assert told() == [
            "The sensor approved_clips is stopped, so no approved clip is exported: start it in "
            "Dagster, on the page Automation.",
            "The schedule retention is stopped, so Dagster's old runs stay for ever: start it in "
            "Dagster, on the page Automation.",
        ]
        assert told()[0] in CliRunner().invoke(main, ["status"]).stdout
        for state in states:
            instance.update_instigator_state(state.with_status(InstigatorStatus.RUNNING))
        assert told() == []


def test_every_asset_has_an_owner_and_a_version() -> None:
    graph = defs.resolve_asset_graph()
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == set(VERSIONS)
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.owners == ("team:heaters",)
        assert node.code_version == VERSIONS[key.to_user_string()]


def test_runs_that_dagster_looks_after_itself_are_let_be(
    dagster_home: DagsterFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dg.job
    def nothing() -> None: ...

    watched = property(lambda _launcher: True)
    monkeypatch.setattr(DefaultRunLauncher, "supports_check_run_worker_health", watched)
    prepare()
    with dg.DagsterInstance.get() as instance:
        started = dg.DagsterRunStatus.STARTED
        elsewhere = instance.create_run_for_job(nothing, status=started).run_id
        prepare()
        run = instance.get_run_by_id(elsewhere)
    assert run is not None
    assert run.status == started


def test_a_run_makes_no_database_of_its_own(
    heaters_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    get_settings.cache_clear()
    with (
        pytest.raises(InputError, match="has no database: set it to the one that the other"),
        Database().yield_for_execution(dg.build_init_resource_context()),
    ):
        pass
    assert not (heaters_home / "postgres").exists()
