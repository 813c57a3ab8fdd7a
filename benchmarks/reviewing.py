"""A review app with as many videos behind it as asked for, all of them one and the same proxy."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from sqlalchemy import Engine
from waitress.server import create_server

from benchmarks import control
from heaters_pipeline.db import migrate, replanning, source_videos
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.models import Origin
from heaters_pipeline.db.urls import APP_DRIVER
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.frame_index import pack
from heaters_pipeline.domain.states import DETECT_SCENES, DOWNLOAD, PREPROCESS
from heaters_pipeline.media.products.frame_index import proxy_codec, read_frame_index
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from review_app import create_app
from review_app.__main__ import THREADS

PROXY_KEY = "proxy.mp4"


class Library:
    """Videos that wait for review."""

    def __init__(self, engine: Engine, proxy: Path, rate: int, cuts: Sequence[int]) -> None:
        self._engine = engine
        self._cuts = cuts
        self._rate = rate
        self._codec = proxy_codec(proxy)
        self._records = read_frame_index(proxy)
        self._made = 0

    def add(self) -> str:
        """One more video, cut like all of them; its key."""
        self._made += 1
        key = f"film-{self._made}"
        frames = len(self._records)
        columns = {
            "width": self._codec.width,
            "height": self._codec.height,
            "rate_num": self._rate,
            "rate_den": 1,
            "frame_count": frames,
            "duration_seconds": float(Fraction(frames, self._rate)),
            "has_audio": False,
            "gold_master_filepath": "unused",
            "proxy_filepath": PROXY_KEY,
            "proxy_id": hashlib.sha256(key.encode()).hexdigest()[: layout.PROXY_ID_LENGTH],
            "proxy_codec": self._codec.codec,
            "proxy_description": self._codec.description,
            "proxy_width": self._codec.width,
            "proxy_height": self._codec.height,
            "keyframe_offsets": pack(self._records),
        }
        with transaction(self._engine) as session:
            source_videos.register(
                session, key=key, title=key, url=key, origin=Origin.UPLOAD, needs_splicing=True
            )
            source_videos.begin(session, key, DOWNLOAD)
            source_videos.finish(session, key, DOWNLOAD, {"source_filepath": "unused"})
            source_videos.begin(session, key, PREPROCESS)
            source_videos.finish(session, key, PREPROCESS, columns)
            source_videos.begin(session, key, DETECT_SCENES)
            replanning.replan(session, source_videos.get(session, key), self._cuts)
            source_videos.finish(session, key, DETECT_SCENES)
        return key


@contextmanager
def review_app(
    folder: Path, proxy: Path, rate: int, cuts: Sequence[int]
) -> Iterator[tuple[str, Library]]:
    """The address of a review app, with the control page in it, and its videos."""
    server = EmbeddedPostgres(folder / "home")
    server.start()
    try:
        url = server.url("postgres", APP_DRIVER)
        migrate.upgrade(url)
        LocalStorage(folder / "storage").put(proxy, PROXY_KEY)
        settings = Settings(
            home=folder / "home", database_url=url, storage_url=str(folder / "storage")
        )
        app = create_app(settings)
        app.register_blueprint(control.blueprint)
        engine = open_engine(url)
        web = create_server(app, host="127.0.0.1", port=0, threads=THREADS)
        threading.Thread(target=web.run, daemon=True).start()
        yield f"http://127.0.0.1:{web.effective_port}", Library(engine, proxy, rate, cuts)
        web.close()
        engine.dispose()
    finally:
        server.stop()
