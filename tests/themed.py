"""A library whose themes are known: clips of several kinds, by the directions of their vectors."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import col

from heaters_pipeline.db import embeddings
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from tests.rows import add_keyframe, ready_video

KINDS, EACH = 6, 15
DIMENSIONS = 8
ODD = 17
"""The place of a clip that is like no other."""


def vector_of(place: int) -> list[float]:
    """Clips of a kind lie close together, EACH of them side by side in the film."""
    if place == ODD:
        return [0.0] * (DIMENSIONS - 1) + [1.0]
    made = 0.05 * np.random.default_rng(place).normal(size=DIMENSIONS)
    made[place // EACH] += 1
    return [float(each) for each in made]


def themed_library(engine: Engine) -> list[int]:
    """Ninety clips of one film, in its order, in the library, and one that waits for review. The
    clips of the first kind are labelled."""
    count = KINDS * EACH
    _, found = ready_video(engine, frame_count=count + 1, cuts=range(1, count + 1))
    ids = [clip.id for clip in found[:count]]
    with transaction(engine) as session:
        for place, clip_id in enumerate(ids):
            embeddings.save(session, clip_id, LAYOUT_MODEL, "mean", vector_of(place))
            add_keyframe(session, clip_id, place, f"clips/{clip_id}/{place}.jpg")
        for some, values in (
            (ids, {"state": ClipState.EMBEDDED}),
            (ids[:EACH], {"labels": ["night train"]}),
        ):
            session.execute(sa.update(Clip).where(col(Clip.id).in_(some)).values(**values))
    return ids
