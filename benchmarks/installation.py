"""An installation of its own in which `heaters up` runs, and what can be done to its home and its
processes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlalchemy import Engine

from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.urls import APP_DRIVER
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.processes import MARK, kill_marked
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests.faulty_s3 import FaultyS3

START_SECONDS = 300
DISK = "700m"
CACHE_GB = "0.012"
"""Too little for all of a film: some is fetched again."""
WORKER, FFMPEG, POSTGRES = "run worker", "ffmpeg", "Postgres"
SERVERS = {
    "code server": "heaters_pipeline.platform.code_server",
    "daemon": "dagster._daemon",
    "web server": "heaters_pipeline.platform.dagster_ui",
    "review app": "review_app",
    "search process": "heaters_pipeline.platform.search_process",
}
"""Processes by a word of their command lines."""


@dataclass
class World:
    """A home in which `heaters up` runs."""

    home: Path
    storage_url: str
    s3: FaultyS3
    clocks: Path | None = None
    """The file that says by how much all clocks are wrong, beside the library that reads it
    (`wrong_clock.c`); None where no process looks."""
    review_port: int = field(default_factory=lambda: free_port())
    dagster_port: int = field(default_factory=lambda: free_port())

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.review_port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **plain_environment(self.home),
            "STORAGE_URL": self.storage_url,
            "AWS_ENDPOINT_URL": self.s3.url,
            "HEATERS_REVIEW_PORT": str(self.review_port),
            "HEATERS_DAGSTER_PORT": str(self.dagster_port),
            "HEATERS_SENSOR_INTERVAL_SECONDS": "1",
            "HEATERS_STALL_SECONDS": "10",
            "HEATERS_STUCK_SECONDS": "30",
            "HEATERS_CACHE_GB": CACHE_GB,
            **self._wrong_clocks,
        }

    @property
    def _wrong_clocks(self) -> dict[str, str]:
        if self.clocks is None:
            return {}
        return {
            "LD_PRELOAD": str(self.clocks.with_suffix(".so")),
            "WRONG_CLOCK": str(self.clocks),
        }

    def engine(self) -> Engine:
        return open_engine(EmbeddedPostgres(self.home).url("heaters", APP_DRIVER))

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[str]]:
        log = self.home.with_suffix(".log")
        with log.open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "heaters_pipeline.cli", "up"],
                env=self.environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
            )
        try:
            until(
                lambda: "Ctrl-C stops everything." in log.read_text() or process.poll() is not None,
                START_SECONDS,
            )
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            kill_marked(self.home)
            EmbeddedPostgres(self.home).stop()
            log.unlink()

    def processes(self, kind: str) -> list[psutil.Process]:
        """Those of this world, by kind."""
        return [each for each in psutil.process_iter() if self._kind(each) == kind]

    def _kind(self, process: psutil.Process) -> str | None:
        try:
            command = process.cmdline()
            if str(self.home) in " ".join(command) and "postgres" in Path(command[0]).name:
                return POSTGRES
            if process.environ().get(MARK) != str(self.home):
                return None
            if FFMPEG in process.name():
                return FFMPEG
            if any("spawn_main" in word for word in command):
                return WORKER
            return next((kind for kind, word in SERVERS.items() if word in command), None)
        except (psutil.Error, IndexError):
            return None


def opened(environment: Mapping[str, str]) -> Pipeline:
    os.environ.update(environment)
    get_settings.cache_clear()
    settings = get_settings()
    return open_pipeline(open_engine(str(settings.database_url)), settings)


def plain_environment(home: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HEATERS_", "AWS_")) and name not in ("DATABASE_URL", "STORAGE_URL")
    }
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "HEATERS_HOME": str(home),
        "HEATERS_UNDO_WINDOW_SECONDS": "0",
        "HEATERS_MIN_FREE_GB": "0",
        "HEATERS_DETECTOR": "transition",
        "HEATERS_EMBEDDING_MODEL": LAYOUT_MODEL,
    }


@contextmanager
def private_folder() -> Iterator[Path]:
    """A home that the user of the embedded Postgres can reach, too."""
    home = Path(tempfile.mkdtemp(prefix="heaters-home-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def own_disk(folder: Path) -> Iterator[bool]:
    """Makes a folder a small disk of its own; whether that is possible."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


def until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
