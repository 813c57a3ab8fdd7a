"""From a selection to a dataset in a folder."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from sqlalchemy import Engine

from heaters_pipeline.datasets.card import Counts, SplitRule, card
from heaters_pipeline.datasets.formats import FORMATS
from heaters_pipeline.datasets.near import near_pairs
from heaters_pipeline.datasets.rows import Example, FolderSink, Objects, Sink, Still
from heaters_pipeline.db import artifacts, embeddings, handed, repeats
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.likeness import learn
from heaters_pipeline.domain.alike import BORDER
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError
from heaters_pipeline.domain.handover import File, Handed, Handover
from heaters_pipeline.domain.profiles import MAIN
from heaters_pipeline.domain.repeats import tied
from heaters_pipeline.domain.splits import SHARES, assign, groups
from heaters_pipeline.files.locks import try_lock
from heaters_pipeline.files.scratch import LOCK_NAME
from heaters_pipeline.storage import Storage
from heaters_pipeline.storage.base import PARTIAL_SUFFIX
from heaters_pipeline.storage.zips import Zipped, checked
from heaters_pipeline.work.pipeline import Pipeline

SHARD_BYTES = 10**9

CLIPS_AT_A_TIME = 500


@dataclass(frozen=True)
class Recipe:
    """How a dataset is made of a selection."""

    kind: str
    """One of `datasets.formats.FORMATS`."""
    profile: str = MAIN
    shares: Mapping[str, Fraction] = field(default_factory=lambda: SHARES)
    by_film: bool = True
    """All clips of a film go into one split."""
    nearer_than: float = BORDER
    """Clips whose previews have a cosine distance up to this go into one split."""
    seed: int = 0
    shard_bytes: int = SHARD_BYTES
    title: str | None = None
    """None: the name of the folder."""


@dataclass(frozen=True)
class MadeDataset:
    counts: Counts
    handover: Handover


def make_dataset(
    pipeline: Pipeline,
    out: Path,
    arguments: Mapping[str, str],
    recipe: Recipe,
    on_progress: Callable[[float], None] = lambda _done: None,
) -> MadeDataset:
    """Writes the clips of a selection (`domain.handover.arguments_of`) into the folder `out`, which
    is there when all of it is. The same clips give the same bytes. Raises InputError where there is
    nothing to write, or something where it should go."""
    if out.exists():
        raise InputError(f"{out} is there already: name a folder that is not, or remove it.")
    with pipeline.transaction() as session:
        chosen = handed.selection(session, arguments)
        likeness = learn(session) if chosen.needs_score else None
        found = handed.handover(session, chosen, likeness, recipe.profile)
    if not found.clips:
        raise InputError(found.sentence or "The selection has no clips.")
    check_installed(recipe.kind)
    with _errors(out), _made_whole(out) as folder:
        counts = write_dataset(
            pipeline.engine,
            pipeline.storage,
            found,
            FolderSink(folder),
            recipe,
            title=recipe.title or out.name,
            embedding_model=pipeline.settings.embedding_model,
            repeat_score=pipeline.settings.repeat_score,
            on_progress=on_progress,
        )
    return MadeDataset(counts, found)


@contextmanager
def _errors(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HeatersError(f"{out} can't be written: {error.strerror or error}.") from error


@contextmanager
def _made_whole(out: Path) -> Iterator[Path]:
    """An empty folder beside `out` that becomes `out`, unless an exception is raised. Raises
    Conflict while another process makes the same."""
    partial = out.with_name(out.name + PARTIAL_SUFFIX)
    partial.mkdir(parents=True, exist_ok=True)
    descriptor = try_lock(partial / LOCK_NAME)
    if descriptor is None:
        raise Conflict(f"Another run is writing {out}: wait for it to end.")
    try:
        for left in partial.iterdir():  # of a run that was killed
            if left.name != LOCK_NAME:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield partial
        (partial / LOCK_NAME).unlink()
        partial.rename(out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)


def check_installed(kind: str) -> None:
    """Raises InputError where a format needs a library that is not there."""
    if kind in ("parquet", "huggingface") and importlib.util.find_spec("pyarrow") is None:
        raise InputError(
            f"A dataset for {kind} needs pyarrow: install Heaters with `datasets`, as in "
            "pip install 'heaters[datasets]'."
        )


def write_dataset(
    engine: Engine,
    storage: Storage,
    found: Handover,
    sink: Sink,
    recipe: Recipe,
    *,
    title: str,
    embedding_model: str,
    repeat_score: float,
    on_progress: Callable[[float], None] = lambda _done: None,
) -> Counts:
    """Writes the files of a dataset into `sink`, the card last. Vectors are those of
    `embedding_model`, or of the first model that has any where that one has none. `repeat_score` is
    the least one of clips that are the same."""
    together = _together(engine, found.clips, recipe, repeat_score)
    split = assign(together.groups, recipe.shares, recipe.seed)
    with transaction(engine) as session:
        models = embeddings.models(session)
    model = embedding_model if embedding_model in models else next(iter(models), embedding_model)
    counts = Counts()
    counts.dropped.update(each.why for each in found.left_out)
    writer = FORMATS[recipe.kind](sink, _objects(storage), recipe.shard_bytes)
    done = 0
    try:
        for example in _examples(engine, found.clips, split, list(recipe.shares), model):
            writer.add(example)
            counts.add(example)
            done += example.file.bytes
            on_progress(done / max(1, found.bytes))
    except BaseException:
        with suppress(Exception):  # what is open has to be closed
            writer.finish()
        raise
    head = writer.finish()
    rule = SplitRule(
        ", ".join(f"{name} {float(share):.0%}" for name, share in recipe.shares.items()),
        recipe.by_film,
        recipe.nearer_than,
        repeat_score,
        recipe.seed,
        len(together.groups),
        _number_with(together.without_preview, found.clips),
        _number_with(together.without_signatures, found.clips),
    )
    with sink.open("README.md") as file:
        file.write(card(title, recipe.kind, counts, rule, head).encode())
    return counts


class _Together(NamedTuple):
    groups: list[list[int]]
    """Of clips that no split may divide."""
    without_preview: Set[int]
    without_signatures: Set[int]
    """Clips of which no repeats can be known."""


def _together(
    engine: Engine, clips: Sequence[Handed], recipe: Recipe, repeat_score: float
) -> _Together:
    """Clips that share a file are one group, as are those that are the same or look alike."""
    ids = sorted(clip_id for each in clips for clip_id in each.clip_ids)
    with transaction(engine) as session:
        known = {
            clip_id: np.asarray(vector, np.float32)
            for some in _batches(ids)
            for clip_id, vector in embeddings.previews(session, some).items()
        }
        repeated = tied(ids, repeats.of_clips(session, ids, repeat_score))
        unsigned = repeats.without_signatures(session, ids)
    seen = sorted(known)
    alike = near_pairs(seen, np.stack([known[each] for each in seen]), recipe.nearer_than) if (
        seen
    ) else ()  # fmt: skip
    films = {clip_id: each.source.key for each in clips for clip_id in each.clip_ids}
    of_a_file = [(each.clip_id, clip_id) for each in clips for clip_id in each.clip_ids]
    found = groups(ids, films if recipe.by_film else None, [*alike, *repeated, *of_a_file])
    return _Together(found, set(ids) - known.keys(), unsigned)


def _number_with(clip_ids: Set[int], clips: Sequence[Handed]) -> int:
    """How many files hold one of the clips."""
    return sum(not clip_ids.isdisjoint(each.clip_ids) for each in clips)


def _examples(
    engine: Engine,
    clips: Sequence[Handed],
    split: Mapping[int, str],
    order: Sequence[str],
    model: str,
) -> Iterator[Example]:
    """Split by split, in the order of ids."""
    by_id = {each.clip_id: each for each in clips}
    ids = sorted(by_id, key=lambda each: (order.index(split[each]), each))
    for some in _batches(ids):
        held = [clip_id for each in some for clip_id in by_id[each].clip_ids]
        with transaction(engine) as session:
            stills = artifacts.keyframes_of(session, held)
            vectors = embeddings.of_clips(session, held, model)
        for clip_id in some:
            handed = by_id[clip_id]
            vector = _vector([vectors[each] for each in handed.clip_ids if each in vectors])
            yield Example(
                handed,
                split[clip_id],
                [
                    Still(each.filepath, each.frame, PurePosixPath(each.filepath).suffix)
                    for held_id in handed.clip_ids
                    for each in stills.get(held_id, ())
                ],
                vector,
                model if vector is not None else None,
            )


def _vector(vectors: Sequence[Sequence[float]]) -> Sequence[float] | None:
    """That of a file: its clip's, or the mean direction of its clips'."""
    if len(vectors) < 2:
        return vectors[0] if vectors else None
    units = [np.asarray(each, float) / max(float(np.linalg.norm(each)), 1e-9) for each in vectors]
    mean = np.mean(units, axis=0)
    return list(mean / max(float(np.linalg.norm(mean)), 1e-9))


def _objects(storage: Storage) -> Objects:
    def clip(file: File) -> Iterator[bytes]:
        return checked(storage, Zipped(file.name, file.key, file.bytes, file.sha256))

    return Objects(clip, storage.stream)


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for place in range(0, len(ids), CLIPS_AT_A_TIME):
        yield ids[place : place + CLIPS_AT_A_TIME]
