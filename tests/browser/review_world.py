"""A review app with real films behind it: proxies made by the product's own code, rows in Postgres,
the app under waitress on a free port."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine
from waitress.server import create_server

from heaters_pipeline.db import clips, replanning, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, Origin
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.frame_index import FrameRecord, pack, unpack
from heaters_pipeline.domain.sprites import SpriteIndex
from heaters_pipeline.domain.states import DETECT_SCENES, DOWNLOAD, PREPROCESS
from heaters_pipeline.domain.transitions import Transition
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, probe
from heaters_pipeline.media.products.frame_index import proxy_codec, read_frame_index
from heaters_pipeline.media.products.transcode import Product, transcode
from heaters_pipeline.storage import Storage
from tests.footage import STALL_SECONDS


@dataclass(frozen=True)
class Footage:
    """A film's proxy as the pipeline makes it."""

    source: Path
    facts: VideoFacts
    proxy: Path
    audio: Path | None
    sprites: Path
    sprite_index: SpriteIndex
    records: list[FrameRecord]


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
    assert made.review_proxy and made.sprites and made.sprite_index
    records = unpack(pack(read_frame_index(made.review_proxy)))
    return Footage(
        source,
        facts,
        made.review_proxy,
        made.proxy_audio,
        made.sprites,
        made.sprite_index,
        records,
    )


def add_film(
    engine: Engine,
    storage: Storage,
    footage: Footage,
    key: str,
    cuts: Sequence[int],
    transitions: Sequence[Transition] = (),
) -> Film:
    """The film as it is once the pipeline has made its proxy, found its transitions and laid out
    its virtual clips."""
    codec = proxy_codec(footage.proxy)
    digest = hashlib.sha256(footage.proxy.read_bytes() + key.encode()).hexdigest()
    proxy_id = digest[: layout.PROXY_ID_LENGTH]
    proxy_key = layout.review_proxy(key, proxy_id)
    storage.put(footage.proxy, proxy_key)
    audio_key = layout.proxy_audio(key, proxy_id) if footage.audio else None
    if footage.audio and audio_key:
        storage.put(footage.audio, audio_key)
    sprites_key = layout.sprites(key, proxy_id)
    storage.put(footage.sprites, sprites_key)
    facts = footage.facts
    columns = {
        "width": facts.width,
        "height": facts.height,
        "rate_num": facts.rate.numerator,
        "rate_den": facts.rate.denominator,
        "frame_count": len(footage.records),
        "duration_seconds": facts.duration_seconds,
        "has_audio": facts.has_audio,
        "gold_master_filepath": "unused",
        "proxy_filepath": proxy_key,
        "proxy_audio_filepath": audio_key,
        "sprites_filepath": sprites_key,
        "sprites": footage.sprite_index.as_json(),
        "proxy_id": proxy_id,
        "proxy_codec": codec.codec,
        "proxy_description": codec.description,
        "proxy_width": codec.width,
        "proxy_height": codec.height,
        "keyframe_offsets": pack(footage.records),
    }
    with transaction(engine) as session:
        source_videos.register(
            session,
            key=key,
            title=key.replace("-", " ").capitalize(),
            url=str(footage.source),
            origin=Origin.UPLOAD,
            needs_splicing=True,
        )
        source_videos.begin(session, key, DOWNLOAD)
        source_videos.finish(session, key, DOWNLOAD, {"source_filepath": "unused"})
        source_videos.begin(session, key, PREPROCESS)
        source_videos.finish(session, key, PREPROCESS, columns)
        source_videos.begin(session, key, DETECT_SCENES)
        found = {"transitions": [asdict(each) for each in transitions]}
        source_videos.record(session, key, {"scene_cut_points": found})
        video = source_videos.get(session, key)
        replanning.replan(session, video, cuts)
        source_videos.finish(session, key, DETECT_SCENES)
        live = list(clips.of_video(session, video.id))
    return Film(footage, key, proxy_id, proxy_key, live)


@contextmanager
def served(app: Flask, port: int = 0) -> Iterator[str]:
    """The app's address, as long as the context is open; with no `port`, on a free one."""
    server = create_server(app, host="127.0.0.1", port=port, threads=8)
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
