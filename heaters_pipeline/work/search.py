"""One search over words and pictures: what is named is looked for in every way there is, and the
rankings become one (`domain.ranking`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session, col

from heaters_pipeline.db import (
    artifacts,
    clip_counts,
    clips,
    repeats,
    search_pictures,
    text_search,
    vector_kinds,
    vector_search,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.models import Clip
from heaters_pipeline.db.selection import View
from heaters_pipeline.db.text_search import Mention, Word
from heaters_pipeline.db.vector_kinds import Kind
from heaters_pipeline.domain.errors import InputError, NotFound
from heaters_pipeline.domain.ranking import fuse
from heaters_pipeline.domain.repeats import covered_by_others, stacks
from heaters_pipeline.domain.searching import MOST_PICTURE_BYTES, Search
from heaters_pipeline.domain.selection import Selection, Shown
from heaters_pipeline.domain.vectors import Strategy
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import Storage
from heaters_pipeline.work.encoder import EncoderClient, NoEncoder

DEPTH = 240
"""Of each ranking. What lies behind it is not shown: more words or filters bring it up."""

PLANS = (
    "SET LOCAL enable_seqscan = off; SET LOCAL jit = off; "
    "SET LOCAL max_parallel_workers_per_gather = 0"
)
"""Every condition here has an index, and a plan that reads all clips because a condition seems
common takes seconds where it is not. To compile a plan, or to start workers for it, takes longer
than these plans do."""


class Alike(NamedTuple):
    """Why a picture search found a clip."""

    to: str
    """`words`, `clip` or `picture`: what the clip looks like."""
    likeness: float
    """The cosine of the angle between the vectors: 1 is the same direction."""
    frame: int | None
    """The keyframe that is nearest; None where the clip has one vector."""


@dataclass(frozen=True)
class Hit:
    clip_id: int
    score: float
    mentions: Sequence[Mention]
    alike: Sequence[Alike]

    @property
    def frame(self) -> int | None:
        """The keyframe that it was found by."""
        return next((each.frame for each in self.alike if each.frame is not None), None)

    def as_json(self) -> dict[str, Any]:
        return {
            "clip_id": self.clip_id,
            "score": self.score,
            "mentions": [each._asdict() for each in self.mentions],
            "alike": [each._asdict() for each in self.alike],
        }


@dataclass(frozen=True)
class Found:
    hits: Sequence[Hit]
    total: int
    """Of hits, on all pages."""
    words: Sequence[Word]
    notes: Sequence[str]
    """What a person should know of how it was searched, in sentences."""
    model: str | None
    models: Sequence[str]
    """Those that have vectors."""
    stacks: Sequence[Sequence[int]] = ()
    """Of clips that show the same, each in the order of the hits; the first is a hit for all."""

    @property
    def shown_total(self) -> int:
        """Of hits, where each stack is one."""
        return self.total - len(covered_by_others(self.stacks))

    @property
    def is_cut_off(self) -> bool:
        """Whether there may be more than are counted."""
        return self.total == DEPTH


def _stacked(session: Session, ids: Sequence[int], score: float | None) -> list[list[int]]:
    if score is None:
        return []
    same = repeats.among(session, ids, score)
    return stacks(ids, [(each.clip_id, each.other_id) for each in same])


class _Vector(NamedTuple):
    to: str
    vector: list[float]
    kind: Kind


def open_searcher(engine: Engine, storage: Storage, settings: Settings) -> Searcher:
    return Searcher(
        engine,
        storage,
        EncoderClient(settings.home),
        settings.embedding_model,
        settings.embedding_strategy,
    )


@dataclass(frozen=True)
class Searcher:
    engine: Engine
    storage: Storage
    encoder: EncoderClient
    configured: str
    """The model whose vectors are compared where a search names none."""
    strategy: Strategy
    """The one that is preferred, of those that a model has vectors by."""

    def find(
        self,
        wanted: Search,
        selection: Selection,
        *,
        likeness: Likeness | None = None,
        limit: int,
        offset: int = 0,
        stack_score: float | None = None,
    ) -> Found:
        """The best clips of a selection for a search. With a `stack_score`, clips that show the
        same by it are one hit. Raises NotFound for a clip or a picture that is not there."""
        notes: list[str] = []
        with transaction(self.engine) as session:
            kinds = vector_kinds.kinds(session, self.strategy)
        kind = self._kind(wanted.model, kinds)
        view = View(selection, selection.states(Shown.LIBRARY), likeness)
        # The texts are searched while the search process makes a vector of the words.
        with ThreadPoolExecutor(1) as beside, transaction(self.engine) as session:
            of_words = beside.submit(self._of_words, wanted, kind, notes)
            session.execute(sa.text(PLANS))
            words = text_search.words_of(session, wanted.words or "")
            known = [word for word in words if word.is_known]
            texts = text_search.ranked(session, known, view.of, DEPTH)
        vectors = [
            *of_words.result(),
            *self._of_clip(wanted, kinds, kind, notes),
            *self._of_picture(wanted, kind, notes),
        ]
        with transaction(self.engine) as session:
            session.execute(sa.text(PLANS))
            among = _Among.of(session, selection, view)
            near = [_nearest(session, each, among) for each in vectors]
            if wanted.like is not None and wanted.frame is None:
                near = [[hit for hit in some if hit.clip_id != wanted.like] for some in near]
            fused = fuse([texts, *([hit.clip_id for hit in some] for some in near)])[:DEPTH]
            stacked = _stacked(session, [each.id for each in fused], stack_score)
            covered = covered_by_others(stacked)
            shown = [each for each in fused if each.id not in covered][offset : offset + limit]
            told = text_search.mentions(session, known, [each.id for each in shown])
        by_id = [{hit.clip_id: hit for hit in some} for some in near]
        hits = [
            Hit(
                each.id,
                each.score,
                told.get(each.id, []) if each.places[0] is not None else [],
                [
                    Alike(vector.to, 1 - some[each.id].distance, some[each.id].frame)
                    for vector, some in zip(vectors, by_id, strict=True)
                    if each.id in some
                ],
            )
            for each in shown
        ]
        return Found(
            hits,
            len(fused),
            words,
            [*_of_spelling(words), *notes],
            kind.model if kind else None,
            [each.model for each in kinds],
            stacked,
        )

    def keep_picture(self, content: bytes, model: str | None = None) -> str:
        """Keeps the vector of a picture for searches that name its digest, which it returns. Raises
        InputError for what is no picture, or where none can be searched for."""
        if len(content) > MOST_PICTURE_BYTES:
            raise InputError(
                f"The picture is larger than {MOST_PICTURE_BYTES >> 20} MB: send a smaller one."
            )
        with transaction(self.engine) as session:
            kind = self._kind(model, vector_kinds.kinds(session, self.strategy))
        try:
            encoded = self.encoder.picture(content, kind.model if kind else model)
        except NoEncoder as error:
            raise InputError(f"Pictures can't be searched for now: {error}.") from None
        digest = hashlib.sha256(content).hexdigest()
        with transaction(self.engine) as session:
            search_pictures.keep(session, digest, encoded.model, encoded.vector, encoded.thumbnail)
        return digest

    def _kind(self, model: str | None, kinds: Sequence[Kind]) -> Kind | None:
        if model is not None:
            found = next((kind for kind in kinds if kind.model == model), None)
            if found is None:
                raise InputError(f"No clip has a vector by the model {model}.")
            return found
        configured = [kind for kind in kinds if kind.model == self.configured]
        return next(iter([*configured, *kinds]), None)

    def _of_words(self, wanted: Search, kind: Kind | None, notes: list[str]) -> list[_Vector]:
        if wanted.words is None:
            return []
        if kind is None:
            notes.append("Words are not looked for in pictures: no clip has a vector yet.")
            return []
        try:
            encoded = self.encoder.words(wanted.words, kind.model)
        except NoEncoder as error:
            notes.append(f"Words are not looked for in pictures: {error}.")
            return []
        return [_Vector("words", encoded.vector, kind)]

    def _of_clip(
        self, wanted: Search, kinds: Sequence[Kind], kind: Kind | None, notes: list[str]
    ) -> list[_Vector]:
        if wanted.like is None:
            return []
        with transaction(self.engine) as session:
            clips.get(session, wanted.like)
            has = vector_kinds.of_clip(session, wanted.like)
            chosen = kind
            if kind not in has and wanted.model is None:
                chosen = next((each for each in kinds if each in has), None)
            own = (
                vector_kinds.vectors(session, wanted.like, chosen, wanted.frame)
                if chosen is not None
                else []
            )
        if own and chosen is not None:
            return [_Vector("clip", _mean(own), chosen)]
        if wanted.frame is not None:
            return self._of_keyframe(wanted.like, wanted.frame, kind, notes)
        notes.append(
            f"Clip {wanted.like} has no vector{f' by {kind.model}' if kind else ''} yet, so no "
            "clip can be compared with it."
        )
        return []

    def _of_keyframe(
        self, clip_id: int, frame: int, kind: Kind | None, notes: list[str]
    ) -> list[_Vector]:
        """Where the clip's vectors don't tell its keyframes apart."""
        with transaction(self.engine) as session:
            found = artifacts.keyframes(session, clip_id)
        path = next((each.filepath for each in found if each.frame == frame), None)
        if path is None:
            raise NotFound(f"Frame {frame} is no keyframe of clip {clip_id}.")
        if kind is None:
            notes.append("Nothing can be compared: no clip has a vector yet.")
            return []
        with self.storage.fetch(path) as file:
            content = file.read_bytes()
        try:
            return [_Vector("clip", self.encoder.picture(content, kind.model).vector, kind)]
        except NoEncoder as error:
            notes.append(f"The frame is not searched for: {error}.")
            return []

    def _of_picture(self, wanted: Search, kind: Kind | None, notes: list[str]) -> list[_Vector]:
        if wanted.picture is None:
            return []
        if kind is None:
            notes.append("The picture is not searched for: no clip has a vector yet.")
            return []
        with transaction(self.engine) as session:
            kept = search_pictures.get(session, wanted.picture, kind.model)
            return [_Vector("picture", [float(each) for each in kept.embedding], kind)]


class _Among(NamedTuple):
    """The clips that may be found."""

    ids: sa.Select[int]
    number: int | None
    """None: nobody has counted them."""

    @classmethod
    def of(cls, session: Session, selection: Selection, view: View) -> _Among:
        counted = selection.names_states_alone
        states = selection.states(Shown.LIBRARY)
        number = clip_counts.with_states(session, states) if counted else None
        return cls(view.of(sa.select(col(Clip.id))), number)


def _nearest(session: Session, wanted: _Vector, among: _Among) -> list[vector_search.Hit]:
    return vector_search.nearest(
        session,
        wanted.vector,
        model=wanted.kind.model,
        strategy=wanted.kind.strategy,
        limit=DEPTH,
        among=among.ids,
        number_among=among.number,
    )


def _mean(vectors: Sequence[Sequence[float]]) -> list[float]:
    mean = np.mean(np.asarray(vectors, np.float64), axis=0)
    return [float(each) for each in mean]


def _of_spelling(words: Sequence[Word]) -> list[str]:
    """What became of words that no text has."""
    notes = [
        f"No text has “{word.typed}”; “{word.used}” is near." for word in words if word.is_mistake
    ]
    unknown = [f"“{word.typed}”" for word in words if not word.is_known]
    if unknown:
        notes.append(f"No text has {' or '.join(unknown)}.")
    return notes
