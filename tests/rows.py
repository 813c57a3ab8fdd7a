"""Rows for tests that need a video or clips but no footage."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session, select

from heaters_pipeline.db import clips, repeats, replanning, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import (
    ArtifactKind,
    Clip,
    ClipArtifact,
    ObjectToDelete,
    Origin,
    SourceFacts,
    SourceVideo,
)
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND, FrameRecord, pack
from heaters_pipeline.domain.repeats import Repeat
from heaters_pipeline.domain.states import DETECT_SCENES, DOWNLOAD, PREPROCESS
from heaters_pipeline.domain.transitions import Transition

RATE = 25


def new_video(
    engine: Engine, key: str = "film-1", *, title: str | None = None, url: str | None = None
) -> SourceVideo:
    with transaction(engine) as session:
        video, _ = source_videos.register(
            session,
            key=key,
            title=title or key.title(),
            url=url or f"/films/{key}.mp4",
            origin=Origin.UPLOAD,
            needs_splicing=True,
        )
    return video


def make_ready(
    engine: Engine,
    key: str,
    products: SourceFacts,
    cuts: Iterable[int],
    transitions: Iterable[Transition] = (),
    suggestions: Iterable[Transition] = (),
) -> tuple[SourceVideo, list[Clip]]:
    """Takes a new video through all states of its ingest, with these products, and cuts it into
    clips that wait for review."""
    with transaction(engine) as session:
        source_videos.begin(session, key, DOWNLOAD)
        source = products.get("source_filepath", "unused")
        source_videos.finish(session, key, DOWNLOAD, {"source_filepath": source})
        source_videos.begin(session, key, PREPROCESS)
        source_videos.finish(
            session, key, PREPROCESS, {"gold_master_filepath": "unused", **products}
        )
        source_videos.begin(session, key, DETECT_SCENES)
        found = {
            "transitions": [asdict(each) for each in transitions],
            "suggestions": [asdict(each) for each in suggestions],
        }
        source_videos.record(session, key, {"scene_cut_points": found})
        video = source_videos.get(session, key)
        replanning.replan(session, video, cuts)
        source_videos.finish(session, key, DETECT_SCENES)
        live = list(clips.of_video(session, video.id))
    return video, live


def ready_video(
    engine: Engine, key: str = "film-1", *, frame_count: int = 100, cuts: Sequence[int] = (10, 50)
) -> tuple[SourceVideo, list[Clip]]:
    """A video of `frame_count` frames at 25 per second, cut into clips that wait for review."""
    new_video(engine, key)
    index = pack(
        FrameRecord(48 + number * 10, 10, number * TICKS_PER_SECOND // RATE)
        for number in range(frame_count)
    )
    products: SourceFacts = {
        "rate_num": RATE,
        "rate_den": 1,
        "frame_count": frame_count,
        "source_filepath": "s",
        "gold_master_filepath": "g",
        "proxy_filepath": "p",
        "proxy_id": f"id-{key}",
        "keyframe_offsets": index,
    }
    return make_ready(engine, key, products, cuts)


def wait_for_waiting(engine: Engine) -> None:
    """Until a transaction on this database waits for another one's lock."""
    blocked = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with engine.connect() as connection:
            if connection.scalar(blocked):
                return
        time.sleep(0.02)
    raise TimeoutError("Nobody waits for a lock.")


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements sent meanwhile; one that is sent for many rows counts as many."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, rows: Any, _x: Any, many: bool) -> None:
        one_each = many and isinstance(rows, list)
        sent.extend([statement] * (len(rows) if one_each else 1))

    sa.event.listen(engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", note)


def add_keyframe(session: Session, clip_id: int, frame: int, filepath: str) -> None:
    session.add(
        ClipArtifact(
            clip_id=clip_id,
            kind=ArtifactKind.KEYFRAME,
            frame=frame,
            filepath=filepath,
            width=1,
            height=1,
        )
    )


def to_delete(engine: Engine) -> set[str]:
    """The objects that wait to be deleted."""
    with transaction(engine) as session:
        return set(session.exec(select(ObjectToDelete.path)))


def show_the_same(
    engine: Engine, clip_id: int, other_id: int, *, score: float = 0.9, mirrored: bool = False
) -> None:
    """Has the search for repeats say so of two clips, from first to last frame."""
    with transaction(engine) as session:
        clip, other = clips.get(session, clip_id), clips.get(session, other_id)
        video = session.get_one(SourceVideo, clip.source_video_id)
        found = Repeat(clip.frames, other.frames, mirrored, score)
        repeats.save(session, video, [(other.source_video_id, found)], "thumbnails")
