"""A review app with as many videos behind it as asked for, all of them one and the same proxy."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from benchmarks import control
from benchmarks.database import new_databases
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.models import SourceFacts
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.frame_index import read_frame_index
from heaters_pipeline.platform.sockets import answers_http
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.work.products import proxy_columns
from heaters_pipeline.work.stream_facts import stream_facts
from review_app import create_app
from review_app.server import open_server
from tests.rows import make_ready, new_video

PROXY_KEY = "proxy.mp4"
SOUND_KEY = "proxy.wav"


def proxy_id_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[: layout.PROXY_ID_LENGTH]


class Library:
    """Videos that wait for review."""

    def __init__(self, engine: Engine, proxy: Path, cuts: Sequence[int]) -> None:
        self._engine = engine
        self._cuts = cuts
        self._products: SourceFacts = {
            **stream_facts(probe(proxy)),
            **proxy_columns(proxy),
            "proxy_filepath": PROXY_KEY,
            "frame_count": len(read_frame_index(proxy)),
        }
        self._made = 0

    def add(self, *, has_sound: bool = False) -> str:
        """One more video, cut like all of them; its key."""
        self._made += 1
        key = f"film-{self._made}"
        new_video(self._engine, key)
        proxy_id = proxy_id_of(key)
        products: SourceFacts = {**self._products, "proxy_id": proxy_id}
        if has_sound:
            products["proxy_audio_filepath"] = SOUND_KEY
        make_ready(self._engine, key, products, self._cuts)
        return key


@contextmanager
def review_app(
    folder: Path, proxy: Path, sound: Path, cuts: Sequence[int]
) -> Iterator[tuple[str, Library]]:
    """The address of a review app, with the control page in it, and its videos."""
    with _library(folder, proxy, sound, cuts) as (settings, library):
        app = create_app(settings)
        control.add_to(app)
        web = open_server(app, "127.0.0.1", 0)
        threading.Thread(target=web.run, daemon=True).start()
        yield f"http://127.0.0.1:{web.effective_port}", library
        web.close()


class ShippedApp:
    """The review app in a process of its own, as `heaters up` starts it."""

    def __init__(self, settings: Settings, log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        self._environment = {
            **os.environ,
            "HEATERS_HOME": str(settings.home),
            "DATABASE_URL": str(settings.database_url),
            "STORAGE_URL": str(settings.storage_url),
            "HEATERS_REVIEW_PORT": str(port),
        }
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        command = [sys.executable, "-m", "review_app"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        while not answers_http(f"{self.url}/healthz"):
            if self._process.poll() is not None:
                said = self._log.read_text()
                raise HeatersError(f"The review app did not start: {said.strip()}")
            time.sleep(0.1)

    def kill(self) -> None:
        """As `kill -9` does."""
        self._process.kill()
        self._process.wait()


@contextmanager
def shipped_review_app(
    folder: Path, proxy: Path, sound: Path, cuts: Sequence[int]
) -> Iterator[tuple[str, Library]]:
    """The same in a process of its own, as `heaters up` starts it."""
    with _library(folder, proxy, sound, cuts) as (settings, library):
        app = ShippedApp(settings, folder / "review.log")
        try:
            yield app.url, library
        finally:
            app.kill()


@contextmanager
def _library(
    folder: Path, proxy: Path, sound: Path, cuts: Sequence[int]
) -> Iterator[tuple[Settings, Library]]:
    with new_databases(folder) as new_database:
        url = new_database()
        storage = LocalStorage(folder / "storage")
        storage.put(proxy, PROXY_KEY)
        storage.put(sound, SOUND_KEY)
        settings = Settings(
            home=folder / "home", database_url=url, storage_url=str(folder / "storage")
        )
        engine = open_engine(url)
        yield settings, Library(engine, proxy, cuts)
        engine.dispose()
