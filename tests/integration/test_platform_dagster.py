"""What `up` does to Dagster's database before Dagster starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import yaml

from heaters_pipeline.platform.dagster_instance import POOL_LIMITS, DagsterFiles


def _prepare() -> None:
    subprocess.run([sys.executable, "-m", "heaters_pipeline.platform.dagster_instance"], check=True)


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
        assert {
            limit.name: limit.limit for limit in instance.event_log_storage.get_pool_limits()
        } == POOL_LIMITS


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
