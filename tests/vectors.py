"""Pictures and clips to make vectors of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from heaters_pipeline.db import clips
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.media.clips.embeddings import Pixels
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.pipeline import Pipeline
from tests.decisions import decide
from tests.footage import make_numbered_film


def in_library(work: Pipeline, folder: Path) -> tuple[str, list[int]]:
    """A film of three clips, all in the library."""
    film = make_numbered_film(folder / "film.mp4", 45, (64, 36), scenes=(15, 30), audio=False)
    key = ingest(work, str(film)).key
    with work.transaction() as session:
        ids = [clip.id for clip in clips.of_video(session, 1)]
    for clip_id in ids:
        decide(work.engine, clip_id, APPROVE)
    export_clips(work, key)
    take_keyframes(work, key)
    assert embed_clips(work, key).batch.done == ids
    return key, ids


def pictures(number: int, size: tuple[int, int] = (160, 90)) -> Iterator[Pixels]:
    """Drawn scenes, each another one: a sky, a ground, and things of many shapes and colours that
    stand before them."""
    import cv2

    width, height = size
    for seed in range(number):
        draw = np.random.default_rng(seed)

        def colour(draw: np.random.Generator = draw) -> tuple[int, ...]:
            return tuple(int(each) for each in draw.integers(0, 256, 3))

        image = np.zeros((height, width, 3), np.uint8)
        horizon = int(draw.uniform(0.3, 0.8) * height)
        for top, bottom in ((0, horizon), (horizon, height)):
            first, last = np.array(colour()), np.array(colour())
            share = np.linspace(0, 1, bottom - top)[:, np.newaxis, np.newaxis]
            image[top:bottom] = first * (1 - share) + last * share
        for _ in range(int(draw.integers(3, 9))):
            x, y = (int(draw.uniform(0, side)) for side in size)
            w, h = (int(draw.uniform(0.08, 0.4) * side) for side in size)
            if draw.random() < 0.5:
                cv2.rectangle(image, (x, y), (x + w, y + h), colour(), -1)
            else:
                cv2.ellipse(image, (x, y), (w, h), draw.uniform(0, 180), 0, 360, colour(), -1)
        yield image
