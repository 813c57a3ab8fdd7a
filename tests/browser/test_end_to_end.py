"""What a first user does: `make demo`, press `a` in the page, find the clip in the library."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Browser
from sqlalchemy import Engine

from heaters_pipeline.db import artifacts, clips, embeddings
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.db.urls import APP_DRIVER
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.postgres import APP_DATABASE
from heaters_pipeline.storage import open_storage
from tests.footage import NumberedFilm

pytestmark = pytest.mark.long

CHECKOUT = Path(__file__).resolve().parents[2]
START_SECONDS = 600
"""`make demo` may have to install first."""
PIPELINE_SECONDS = 420
FILM = NumberedFilm(100, scenes=(50,))


def free_port() -> int:
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        return int(probe_socket.getsockname()[1])


Found = TypeVar("Found")


def wait_for(find: Callable[[], Found], seconds: float, what: str) -> Found:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what} did not come within {seconds} s")


@contextmanager
def demo(home: Path, review_port: int, footage: Path | None) -> Iterator[Path]:
    """`make demo`, with its own film where there is no `footage`, in a terminal of its own, ended
    by Ctrl-C. Yields the file of what it printed."""
    printed = home.parent / "printed.txt"
    environment = {
        **os.environ,
        "HEATERS_HOME": str(home),
        "HEATERS_REVIEW_PORT": str(review_port),
        "HEATERS_DAGSTER_PORT": str(free_port()),
        "HEATERS_UNDO_WINDOW_SECONDS": "1",
        # A tick of all sensors takes a second of a core.
        "HEATERS_SENSOR_INTERVAL_SECONDS": "3",
        # As for a first user, who has not installed the network.
        "HEATERS_DETECTOR": "transition",
    }
    if footage:
        environment["FOOTAGE"] = str(footage)
    for name in ("DATABASE_URL", "STORAGE_URL", "DAGSTER_HOME", "HEATERS_EMBEDDING_MODEL"):
        environment.pop(name, None)
    with printed.open("wb") as output:
        process = subprocess.Popen(
            ["make", "--no-print-directory", "demo"],
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        try:
            wait_for(
                lambda: "wait for review" in printed.read_text() or process.poll() is not None,
                START_SECONDS,
                "The demo's clips",
            )
        except AssertionError as error:
            raise AssertionError(printed.read_text()) from error
        assert process.poll() is None, printed.read_text()
        yield printed
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)


def running_below(home: Path) -> list[str]:
    """Commands of processes that name the home or have it in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if str(home) in command or f"HEATERS_HOME={home}".encode() in environment.split(b"\0"):
            found.append(command)
    return found


def clip_in_library(engine: Engine, clip_id: int) -> Clip | None:
    with transaction(engine) as session:
        clip = clips.get(session, clip_id)
    assert not clip.state.endswith("_failed"), clip.error
    return clip if clip.state == ClipState.EMBEDDED else None


@pytest.mark.parametrize(
    "own",
    [pytest.param(True, id="footage"), pytest.param(False, id="film", marks=pytest.mark.whole)],
)
def test_a_clip_approved_by_key_reaches_the_library_untouched_by_hand(
    own: bool, browser: Browser, tmp_path: Path
) -> None:
    footage = FILM.make(tmp_path) if own else None
    port = free_port()
    outside_homes = Path(tempfile.gettempdir()) / f"heaters-demo-{os.getuid()}"
    with scratch_folder(outside_homes) as folder, browser.new_page() as page:
        home = folder / "home"
        with demo(home, port, footage) as printed:
            assert f"http://127.0.0.1:{port}" in printed.read_text()
            page.goto(f"http://127.0.0.1:{port}/")
            wait_for(
                lambda: page.evaluate("heaters.player.presented !== null"), 60, "The first frame"
            )
            clip_id = int(page.evaluate("heaters.queue.clips[0].id"))
            page.keyboard.press("a")
            wait_for(
                lambda: page.evaluate("heaters.queue.clips[0].id") != clip_id, 10, "The next clip"
            )

            url = EmbeddedPostgres(home).url(APP_DATABASE, APP_DRIVER)
            engine = open_engine(url)
            clip = wait_for(
                lambda: clip_in_library(engine, clip_id), PIPELINE_SECONDS, "An embedded clip"
            )
            storage = open_storage(None, home)
            with transaction(engine) as session:
                pictures = artifacts.keyframes(session, clip_id)
                assert embeddings.models_of_clip(session, clip_id) == [LAYOUT_MODEL]
            assert pictures
            assert all(storage.size(picture.filepath) > 0 for picture in pictures)
            with storage.fetch(str(clip.clip_filepath)) as file:
                facts = probe(file)
            assert abs(facts.duration_seconds - clip.frames.length / float(facts.rate)) < 0.05
            engine.dispose()

            page.goto(f"http://127.0.0.1:{port}/library")
            assert page.locator(f'a[href="/clips/{clip_id}"]').count() > 0
        assert running_below(home) == []
