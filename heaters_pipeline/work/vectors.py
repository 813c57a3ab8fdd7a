"""From keyframes to vectors.

Where the model can't be had, clips go on without a vector, and get it once it can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import numpy as np
from sqlmodel import col, select

from heaters_pipeline.db import artifacts, embeddings
from heaters_pipeline.db.index_making import ensure_index
from heaters_pipeline.db.models import Clip, ClipArtifact
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.domain.vectors import Strategy
from heaters_pipeline.media.clips.embeddings import (
    Embedder,
    ModelMissing,
    Pixels,
    Vectors,
    mean_vector,
    obstacle,
    open_embedder,
    read_image,
)
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.step import sentence_of

CLIPS_AT_ONCE = 8
"""Whose keyframes go through the model together: at 4K, half a gigabyte of pixels."""

CLIPS_OF_A_RUN = 2000

MODEL_RESTS = timedelta(minutes=10)
CLIP_RESTS = timedelta(days=1)
"""Until a model that can't be loaded, or a clip that failed, is tried again."""


@dataclass(frozen=True)
class Filled:
    model: str
    strategy: Strategy
    made: list[int]
    """Clips that got a vector."""
    failed: list[int]
    missing: str | None
    """Why the model can't be had."""


def fill_vectors(
    pipeline: Pipeline,
    video_id: int | None = None,
    open_model: Callable[[], Embedder] | None = None,
) -> Filled:
    """Gives clips of the library, of one video or of all, the vector of the present model and
    strategy that they lack: the newest 2,000 clips. `open_model` is `open_or_say`, where it is
    called elsewhere, too."""
    model, strategy = pipeline.settings.embedding_model, pipeline.settings.embedding_strategy
    with pipeline.transaction() as session:
        clips = embeddings.lacking(session, model, strategy, CLIPS_OF_A_RUN, video_id)
    made: list[int] = []
    failed: list[int] = []
    missing = None
    if clips:
        try:
            embedder = (open_model or partial(open_or_say, pipeline))()
        except ModelMissing as error:
            missing = str(error)
        else:
            for clip, problem in make_vectors(pipeline, clips, embedder):
                (made if problem is None else failed).append(clip.id)
                if problem is not None:
                    _keep_failure(pipeline, clip, model, problem)
    return Filled(model, strategy, made, failed, missing)


def open_or_say(pipeline: Pipeline) -> Embedder:
    """The embedder of the settings. Raises ModelMissing, having told the log and kept the sentence
    for the pages. A model that could not be loaded is tried again after ten minutes only."""
    model = pipeline.settings.embedding_model
    reason = obstacle(model)
    with pipeline.transaction() as session:
        known = embeddings.why_missing(session, model)
    if reason is None and known is not None:
        pipeline.log.warning(f"No vector by {model} yet: {known}.")
        raise ModelMissing(model, known)
    try:
        embedder = open_embedder(model)
    except ModelMissing as error:
        pipeline.log.warning(str(error))
        with pipeline.transaction() as session:
            # What can be told without loading it is asked anew each time.
            rests = MODEL_RESTS if reason is None else timedelta(0)
            embeddings.fail(session, model, error.reason, rests)
        raise
    with pipeline.transaction() as session:
        embeddings.recover(session, model)
    return embedder


def make_vectors(
    pipeline: Pipeline, clips: Sequence[Clip], embedder: Embedder
) -> Iterator[tuple[Clip, Exception | None]]:
    """Makes the vectors of clips, several at a time. Yields each clip with what went wrong with it;
    the index is there at the end."""
    strategy = pipeline.settings.embedding_strategy
    for first in range(0, len(clips), CLIPS_AT_ONCE):
        yield from _make(pipeline, clips[first : first + CLIPS_AT_ONCE], embedder, strategy)
    if clips:
        half = pipeline.settings.embedding_precision == "half"
        ensure_index(pipeline.engine, embedder.model, strategy, embedder.dimensions, half=half)


def _make(
    pipeline: Pipeline, clips: Sequence[Clip], embedder: Embedder, strategy: Strategy
) -> Iterator[tuple[Clip, Exception | None]]:
    images: list[Pixels] = []
    read: list[tuple[Clip, list[ClipArtifact]]] = []
    for clip in clips:
        try:
            stills = _stills(pipeline, clip, strategy)
            images += _read(pipeline, stills)
        except Exception as error:
            yield clip, error
        else:
            read.append((clip, stills))
    if not read:
        return
    try:
        vectors = embedder.encode_images(images)
    except Exception as error:
        yield from ((clip, error) for clip, _ in read)
        return
    place = 0
    for clip, stills in read:
        own = vectors[place : place + len(stills)]
        place += len(stills)
        try:
            _save(pipeline, clip, embedder.model, strategy, stills, own)
        except Exception as error:
            yield clip, error
        else:
            yield clip, None


def _stills(pipeline: Pipeline, clip: Clip, strategy: Strategy) -> list[ClipArtifact]:
    with pipeline.transaction() as session:
        found = list(artifacts.keyframes(session, clip.id))
    if not found:
        raise HeatersError(f"Clip {clip.id} has no keyframes to make a vector of: take them anew.")
    return [found[len(found) // 2]] if strategy is Strategy.SINGLE else found


def _read(pipeline: Pipeline, stills: Sequence[ClipArtifact]) -> list[Pixels]:
    with ExitStack() as files:
        paths = [files.enter_context(pipeline.storage.fetch(each.filepath)) for each in stills]
        return [read_image(path) for path in paths]


def _save(
    pipeline: Pipeline,
    clip: Clip,
    model: str,
    strategy: Strategy,
    stills: Sequence[ClipArtifact],
    vectors: Vectors,
) -> None:
    found: dict[int | None, list[float]]
    if strategy is Strategy.FRAMES:
        found = {still.frame: row.tolist() for still, row in zip(stills, vectors, strict=True)}
    else:
        found = {None: mean_vector(np.atleast_2d(vectors)).tolist()}
    with pipeline.transaction() as session:
        # A clip that leaves the library meanwhile, or gets other keyframes, must not get these.
        state = session.exec(
            select(Clip.state).where(col(Clip.id) == clip.id).with_for_update(read=True)
        ).one()
        if state in (ClipState.EMBEDDING, ClipState.EMBEDDED):
            embeddings.replace(session, clip.id, model, strategy, found)


def _keep_failure(pipeline: Pipeline, clip: Clip, model: str, error: Exception) -> None:
    sentence = sentence_of(error)
    pipeline.log.error(f"Clip {clip.id} has no vector by {model}: {sentence}")
    with pipeline.transaction() as session:
        embeddings.fail(session, model, sentence, CLIP_RESTS, clip.id)
