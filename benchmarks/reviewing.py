"""A review app with as many videos behind it as asked for, all of them one and the same proxy."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine
from waitress.server import create_server

from benchmarks import control
from benchmarks.database import new_databases
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.models import SourceFacts
from heaters_pipeline.domain import layout
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.frame_index import read_frame_index
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.work.products import proxy_columns
from heaters_pipeline.work.stream_facts import stream_facts
from review_app import create_app
from review_app.__main__ import THREADS
from tests.rows import make_ready, new_video

PROXY_KEY = "proxy.mp4"
SOUND_KEY = "proxy.wav"


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
        proxy_id = hashlib.sha256(key.encode()).hexdigest()[: layout.PROXY_ID_LENGTH]
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
    with new_databases(folder) as new_database:
        url = new_database()
        storage = LocalStorage(folder / "storage")
        storage.put(proxy, PROXY_KEY)
        storage.put(sound, SOUND_KEY)
        settings = Settings(
            home=folder / "home", database_url=url, storage_url=str(folder / "storage")
        )
        app = create_app(settings)
        app.register_blueprint(control.blueprint)
        engine = open_engine(url)
        web = create_server(app, host="127.0.0.1", port=0, threads=THREADS)
        threading.Thread(target=web.run, daemon=True).start()
        yield f"http://127.0.0.1:{web.effective_port}", Library(engine, proxy, cuts)
        web.close()
        engine.dispose()
