"""A review app with real films behind it: proxies made by the product's own code, rows in Postgres,
the app under waitress on a free port."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db.models import Clip, SourceFacts
from heaters_pipeline.domain.frame_index import FrameRecord, pack, unpack
from heaters_pipeline.domain.sprites import SpriteIndex
from heaters_pipeline.domain.transitions import Transition
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, probe
from heaters_pipeline.media.products.frame_index import read_frame_index
from heaters_pipeline.media.products.transcode import Product, Transcoded, transcode
from heaters_pipeline.storage import Storage
from heaters_pipeline.work.products import made_products
from heaters_pipeline.work.stream_facts import stream_facts
from review_app.server import open_server
from tests.footage import STALL_SECONDS
from tests.rows import make_ready, new_video


@dataclass(frozen=True)
class Footage:
    """A film's proxy as the pipeline makes it."""

    source: Path
    facts: VideoFacts
    made: Transcoded
    records: list[FrameRecord]

    @property
    def proxy(self) -> Path:
        assert self.made.review_proxy
        return self.made.review_proxy

    @property
    def audio(self) -> Path | None:
        return self.made.proxy_audio

    @property
    def sprite_index(self) -> SpriteIndex:
        assert self.made.sprite_index
        return self.made.sprite_index


@dataclass(frozen=True)
class Film:
    footage: Footage
    key: str
    proxy_id: str
    proxy_key: str
    clips: list[Clip]


def prepare(source: Path, folder: Path) -> Footage:
    facts = probe(source)
    made = transcode(
        source, facts, folder, frozenset({Product.REVIEW_PROXY}), stall_seconds=STALL_SECONDS
    )
    assert made.review_proxy
    return Footage(source, facts, made, unpack(pack(read_frame_index(made.review_proxy))))


def add_film(
    engine: Engine,
    storage: Storage,
    footage: Footage,
    key: str,
    cuts: Sequence[int],
    transitions: Sequence[Transition] = (),
    suggestions: Sequence[Transition] = (),
) -> Film:
    """The film as it is once the pipeline has made its proxy, found its transitions and laid out
    its virtual clips."""
    made = made_products(key, "no gold master", footage.made)
    for path, file in made.files.items():
        storage.put(file.path, path)
    products: SourceFacts = {
        **stream_facts(footage.facts),
        **made.columns,
        "frame_count": footage.made.frame_count,
    }
    new_video(engine, key, title=key.replace("-", " ").capitalize(), url=str(footage.source))
    _, live = make_ready(engine, key, products, cuts, transitions, suggestions)
    return Film(footage, key, products["proxy_id"], str(products["proxy_filepath"]), live)


@contextmanager
def served(app: Flask, port: int = 0) -> Iterator[str]:
    """The app's address, as long as the context is open; with no `port`, on a free one."""
    server = open_server(app, "127.0.0.1", port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"

    def close() -> None:
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.close()

    # In its own thread, which waits on its sockets; an answer sent just then may wake it first.
    with suppress(OSError):
        server.trigger.pull_trigger(close)
    thread.join(5)
    server.task_dispatcher.shutdown()
