"""Dagster's files, and the program that prepares its database before it starts."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files.sockets import make_private, socket_folder
from heaters_pipeline.platform.environment import variables
from heaters_pipeline.platform.postgres import ensure_database
from heaters_pipeline.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

SOCKET_NAME = "code.sock"
POOL_LIMITS = {"download": 2, "transcode": 1, "export": 1, "model": 1}
"""How many runs may use each at the same time."""


@dataclass(frozen=True)
class DagsterFiles:
    home: Path
    """DAGSTER_HOME: a copy of dagster.yaml, and all files that Dagster writes."""
    workspace: Path
    code_socket: Path

    @classmethod
    def below(cls, heaters_home: Path) -> DagsterFiles:
        """Put the files in their places below HEATERS_HOME."""
        folder = heaters_home / "dagster"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        for name in ("dagster.yaml", "workspace.yaml"):
            partial = folder / f"{name}.{os.getpid()}.partial"
            shutil.copyfile(shipped(name), partial)
            partial.replace(folder / name)
        sockets = socket_folder(folder, SOCKET_NAME)
        make_private(sockets, os.geteuid(), os.getegid())
        return cls(folder, folder / "workspace.yaml", sockets / SOCKET_NAME)

    def environment(self, database_url: str) -> dict[str, str]:
        return {
            "DAGSTER_HOME": str(self.home),
            "DAGSTER_PG_URL": database_url,
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "HEATERS_DAGSTER_FILES": str(self.home / "files"),
            "HEATERS_CODE_SOCKET": str(self.code_socket),
        }


def shipped(name: str) -> Path:
    """A file of the repository's root: in a checkout, or in the place where a wheel installs it."""
    places = [Path(__file__).resolve().parents[2], Path(sys.prefix) / "share" / "heaters"]
    for place in places:
        if (place / name).is_file():
            return place / name
    raise HeatersError(
        f"{name} is neither in {places[0]} nor in {places[1]}: install Heaters again."
    )


def prepare() -> None:
    """Bring Dagster's tables up to date, end the runs that a crash left behind, and set the pools'
    limits. Call it while no other process of Dagster runs on this database."""
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        instance.upgrade()
        # Runs of other launchers may live on other machines, and Dagster looks after them itself.
        if not instance.run_launcher.supports_check_run_worker_health:
            end_runs_left_behind(instance)
        for pool, limit in POOL_LIMITS.items():
            instance.event_log_storage.set_concurrency_slots(pool, limit)


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
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run)
        else:
            instance.report_run_failed(run, "Heaters stopped while this run was under way.")


@contextmanager
def open_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """The instance that `heaters up` shows, even while Heaters does not run."""
    import dagster as dg

    environment = DagsterFiles.below(settings.home).environment(ensure_database(settings).dagster)
    with variables(environment), dg.DagsterInstance.get() as instance:
        yield instance


if __name__ == "__main__":
    prepare()
