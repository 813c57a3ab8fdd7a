"""A search process, and clips to find."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy import Engine

from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ClipEmbedding
from heaters_pipeline.files.sockets import encoder_socket
from heaters_pipeline.platform.sockets import accepts_connections
from tests.rows import add_keyframe, ready_video

START_SECONDS = 60


def start_search_process(home: Path, model: str) -> subprocess.Popen[bytes]:
    """As `heaters up` starts it; it answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "heaters_pipeline.platform.search_process"],
        env={**os.environ, "HEATERS_HOME": str(home), "HEATERS_EMBEDDING_MODEL": model},
    )
    end = time.monotonic() + START_SECONDS
    socket = encoder_socket(home)
    while not (socket.exists() and accepts_connections(socket)):
        assert process.poll() is None and time.monotonic() < end, "the search process is not there"
        time.sleep(0.05)
    return process


@contextmanager
def search_process(home: Path, model: str) -> Iterator[subprocess.Popen[bytes]]:
    process = start_search_process(home, model)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def in_library(engine: Engine, key: str = "film-1", cuts: Sequence[int] = (10, 50)) -> list[Clip]:
    """Clips of a film, all finished, the last one decided on last."""
    _, found = ready_video(engine, key, cuts=cuts)
    for clip in found:
        describe(
            engine,
            clip.id,
            state="embedded",
            is_virtual=False,
            clip_filepath=f"clips/{clip.id}/clip.mp4",
            exported_frames=clip.frames.as_json(),
            decided_at=sa.func.clock_timestamp(),
        )
    return found


def describe(engine: Engine, clip_id: int, **columns: Any) -> None:
    with transaction(engine) as session:
        session.execute(sa.update(Clip).where(Clip.id == clip_id).values(**columns))


def give_vectors(
    engine: Engine, model: str, vectors: dict[tuple[int, int | None], Sequence[float]]
) -> None:
    """By clip and frame; those with a frame are of the strategy `frames` and have a keyframe."""
    with transaction(engine) as session:
        for (clip_id, frame), vector in vectors.items():
            unit = np.asarray(vector, float) / np.linalg.norm(vector)
            session.add(
                ClipEmbedding(
                    clip_id=clip_id,
                    model=model,
                    strategy="mean" if frame is None else "frames",
                    frame=frame,
                    embedding=unit.tolist(),
                )
            )
            if frame is not None:
                add_keyframe(session, clip_id, frame, f"clips/{clip_id}/{frame}.jpg")


def find(client: FlaskClient, **asked: Any) -> Any:
    answer = client.get("/api/v1/search", query_string=asked)
    assert answer.status_code == 200, answer.text
    return answer.json


def ids(found: Any) -> list[int]:
    return [hit["clip_id"] for hit in found["hits"]]


def jpeg(colour: tuple[int, int, int], size: tuple[int, int] = (160, 90)) -> bytes:
    import cv2

    return bytes(cv2.imencode(".jpg", np.full((*size[::-1], 3), colour, np.uint8))[1])
