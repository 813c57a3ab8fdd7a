"""Dagster's files, and the program that prepares its database before it starts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heaters_pipeline.files.sockets import make_private, socket_folder
from heaters_pipeline.platform.dagster_config import (
    CODE_SOCKET,
    POOL_LIMITS,
    instance_config,
    workspace_config,
    write,
)
from heaters_pipeline.platform.environment import variables
from heaters_pipeline.platform.postgres import ensure_database
from heaters_pipeline.settings import Settings, get_settings

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

SOCKET_NAME = "code.sock"
UPGRADE, END_RUNS = "upgrade", "end-runs"
POOLS_KEY = "heaters/pool_limits"


@dataclass(frozen=True)
class DagsterFiles:
    home: Path
    """DAGSTER_HOME: dagster.yaml, and all files that Dagster writes."""
    workspace: Path
    code_socket: Path

    @classmethod
    def below(cls, settings: Settings) -> DagsterFiles:
        """Put the files in their places below HEATERS_HOME."""
        folder = settings.home / "dagster"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        write(instance_config(settings), folder / "dagster.yaml")
        write(workspace_config(settings), folder / "workspace.yaml")
        sockets = socket_folder(folder, SOCKET_NAME)
        make_private(sockets, os.geteuid(), os.getegid())
        return cls(folder, folder / "workspace.yaml", sockets / SOCKET_NAME)

    def environment(self, database_url: str) -> dict[str, str]:
        return {
            "DAGSTER_HOME": str(self.home),
            "DAGSTER_PG_URL": database_url,
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "HEATERS_DAGSTER_FILES": str(self.home / "files"),
            CODE_SOCKET: str(self.code_socket),
        }


def prepare(parts: Collection[str] = (UPGRADE, END_RUNS)) -> None:
    """UPGRADE: bring Dagster's tables up to date, and set the pools' limits. END_RUNS: end the runs
    that a crash left behind, before the code server starts, whose children they were."""
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        if UPGRADE in parts:
            instance.upgrade()
            set_pool_limits(instance, get_settings().workers)
        # Runs of other launchers may live on other machines, and Dagster looks after them itself.
        if END_RUNS in parts and not instance.run_launcher.supports_check_run_worker_health:
            end_runs_left_behind(instance)


def set_pool_limits(instance: DagsterInstance, workers: int) -> None:
    """As many for each worker, except where a person has set another number since: Dagster's
    database has what was set here beside what holds."""
    wanted = {pool: limit * workers for pool, limit in POOL_LIMITS.items()}
    kept = instance.run_storage.get_cursor_values({POOLS_KEY})
    ours = json.loads(kept.get(POOLS_KEY, "{}"))
    now = {each.name: each.limit for each in instance.event_log_storage.get_pool_limits()}
    for pool, limit in wanted.items():
        if now.get(pool) == ours.get(pool):
            instance.event_log_storage.set_concurrency_slots(pool, limit)
    instance.run_storage.set_cursor_values({POOLS_KEY: json.dumps(wanted)})


def end_runs_left_behind(instance: DagsterInstance) -> None:
    """Reports the runs that seem to be under way as failed: on one machine nothing else notices
    that a run's process is gone."""
    import dagster as dg

    left = dg.RunsFilter(
        statuses=[
            dg.DagsterRunStatus.STARTING,
            dg.DagsterRunStatus.STARTED,
            dg.DagsterRunStatus.CANCELING,
        ]
    )
    for run in instance.get_runs(filters=left):
        end_run(instance, run, "Heaters stopped while this run was under way.")


def end_run(instance: DagsterInstance, run: DagsterRun, why: str) -> None:
    """Tells Dagster that a run whose process is no more has failed, or was cancelled if somebody
    wanted that."""
    import dagster as dg

    if run.status == dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run)
    else:
        instance.report_run_failed(run, why)


@contextmanager
def open_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """The instance that `heaters up` shows, even while Heaters does not run."""
    import dagster as dg

    environment = DagsterFiles.below(settings).environment(ensure_database(settings).dagster)
    with variables(environment), dg.DagsterInstance.get() as instance:
        yield instance


if __name__ == "__main__":
    prepare(sys.argv[1:])
