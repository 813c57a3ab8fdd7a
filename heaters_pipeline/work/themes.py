"""The library by likeness: its themes, made anew when enough has changed, and the place of each new
clip among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from heaters_pipeline.db import theme_vectors, themes
from heaters_pipeline.db.locks import survey_lock
from heaters_pipeline.db.models import Theme
from heaters_pipeline.db.themes import Made, Placed
from heaters_pipeline.domain.clustering import Floats, Numbers, Rows, divide, examples, novelties
from heaters_pipeline.domain.themes import (
    LARGEST_WHOLE,
    LEAST_CLIPS,
    Term,
    Words,
    how_many,
    matched,
    names,
    terms,
)
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.work.pipeline import Pipeline

EXAMPLES = 8


@dataclass(frozen=True)
class Surveyed:
    clips: int
    themes: int
    parts: int
    kept: int
    """Themes and parts that were there before."""


@dataclass
class _Part:
    """A theme, or a part of one, on its way."""

    members: Numbers
    """Rows, ascending."""
    distances: Floats
    """Of the members, from its centre."""
    centre: Floats
    parts: list[_Part] = field(default_factory=list)
    before: Theme | None = None
    """The theme that it continues."""
    having: Counter[Term] = field(default_factory=Counter)
    """How many of its clips have each term."""
    name: str | None = None

    @property
    def leaves(self) -> list[_Part]:
        return self.parts or [self]


def place_new(pipeline: Pipeline) -> int:
    """Finds the themes of clips that came to the library since the last survey; of how many."""
    with pipeline.transaction() as session:
        return themes.place(session, pipeline.settings.embedding_model)


def survey(pipeline: Pipeline, *, anew: bool = False) -> Surveyed | None:
    """Makes the themes of the library by the vectors of the model that is set, where enough has
    changed since the last survey, or `anew` whatever has changed. None where nothing was to be
    done, and where fewer than LEAST_CLIPS have a vector."""
    model = pipeline.settings.embedding_model
    with survey_lock(pipeline.engine):
        with pipeline.transaction() as session:
            standing = themes.standing(session, model)
            existing = themes.stored(session)
            before = themes.of_clips(session)
        if not (standing.is_due or anew):
            return None
        with scratch_folder(pipeline.settings.home) as folder:
            ids, rows = _read(pipeline, model, folder)
            if len(ids) < LEAST_CLIPS:
                return None
            pipeline.log.info(f"{len(ids)} clips are compared.")
            tops = _divided(rows, ids, existing, before, standing.of_model)
            _name(pipeline, tops, ids)
            made, leaves = _made(tops, ids, rows)
            novelty = _novelty(rows, list(leaves.values()))
            placed = _placed(ids, leaves, novelty)
            with pipeline.transaction() as session:
                themes.save(session, model, made, placed)
    return Surveyed(
        clips=len(ids),
        themes=len(tops),
        parts=len(made) - len(tops),
        kept=sum(each.id is not None for each in made),
    )


def _read(pipeline: Pipeline, model: str, folder: Path) -> tuple[Numbers, Rows]:
    """The clips of the library that have a vector, and the vectors, which stay on the disk: half a
    million of CLIP's are 512 MB."""
    path, ids = folder / "vectors", [np.zeros(0, np.int64)]
    with path.open("wb") as file:
        for block in theme_vectors.each_block(pipeline.engine, model):
            ids.append(block.ids)
            file.write(block.vectors.astype(np.float16).tobytes())
    found = np.concatenate(ids)
    if not len(found):
        return found, np.zeros((0, 0), np.float16)
    return found, np.memmap(path, np.float16, "r").reshape(len(found), -1)


def _divided(
    rows: Rows,
    ids: Numbers,
    existing: Sequence[Theme],
    before: Mapping[int, int],
    of_model: bool,
) -> list[_Part]:
    """The themes with their parts, each as the one that it continues. The search begins at the
    centres of the `existing` ones, where those are of the same model."""
    fits = [each for each in existing if of_model and len(each.centre) == rows.shape[1]]
    parent = {theme.id: theme.parent_id for theme in existing}
    by_top = {clip: parent.get(theme) or theme for clip, theme in before.items()}
    by_part = {clip: theme for clip, theme in before.items() if parent.get(theme)}
    whole = np.arange(len(rows))
    tops = _clusters(rows, whole, [each for each in fits if each.parent_id is None])
    _continue(tops, ids, by_top, existing)
    for top in tops:
        if len(top.members) > LARGEST_WHOLE:
            own = [each for each in fits if top.before and each.parent_id == top.before.id]
            parts = _clusters(rows, top.members, own)
            top.parts = parts if len(parts) > 1 else []
    _continue([part for top in tops for part in top.parts], ids, by_part, existing)
    return tops


def _clusters(rows: Rows, members: Numbers, known: Sequence[Theme]) -> list[_Part]:
    own = rows if len(members) == len(rows) else rows[members]
    centres = np.array([each.centre for each in known], np.float32)
    found = divide(own, how_many(len(members)), centres if known else None)
    return [
        _Part(members[found.of == number], found.distances[found.of == number], centre)
        for number, centre in enumerate(found.centres)
    ]


def _continue(
    parts: Sequence[_Part], ids: Numbers, before: Mapping[int, int], existing: Sequence[Theme]
) -> None:
    by_id = {theme.id: theme for theme in existing}
    found = matched(before, [ids[part.members].tolist() for part in parts])
    for part, theme_id in zip(parts, found, strict=True):
        part.before = None if theme_id is None else by_id[theme_id]


def _name(pipeline: Pipeline, tops: Sequence[_Part], ids: Numbers) -> None:
    """By the words that people gave the clips; themes that go on keep their names."""
    leaves = [leaf for top in tops for leaf in top.leaves]
    leaf_of = {clip: leaf for leaf in leaves for clip in ids[leaf.members].tolist()}
    with pipeline.transaction() as session:
        for each in themes.described(session):
            if leaf := leaf_of.get(each.clip_id):
                leaf.having.update(terms(each.labels, each.title, each.note))
    for top in tops:
        for part in top.parts:
            top.having.update(part.having)
    for side_by_side in (tops, *(top.parts for top in tops)):
        kept = [part.before.name if part.before else None for part in side_by_side]
        words = [Words(len(part.members), part.having) for part in side_by_side]
        found = names(words, taken=filter(None, kept))
        for part, name, new in zip(side_by_side, kept, found, strict=True):
            part.name = name or new


def _made(tops: Sequence[_Part], ids: Numbers, rows: Rows) -> tuple[list[Made], dict[int, _Part]]:
    """The themes, each before its parts, and the places in that list of those without parts."""
    made: list[Made] = []
    leaves: dict[int, _Part] = {}

    def add(part: _Part, parent: int | None, shown: Sequence[int]) -> int:
        theme_id = part.before.id if part.before else None
        made.append(Made(theme_id, parent, part.name, part.centre.tolist(), shown))
        return len(made) - 1

    for top in tops:
        shown = [_shown(leaf, ids, rows) for leaf in top.leaves]
        largest = sorted(range(len(shown)), key=lambda leaf: -len(top.leaves[leaf].members))
        mixed = [*(shown[leaf][0] for leaf in largest), *shown[largest[0]]]
        place = add(top, None, [*dict.fromkeys(mixed)][:EXAMPLES])
        if top.parts:
            leaves |= {
                add(part, place, clips): part for part, clips in zip(top.parts, shown, strict=True)
            }
        else:
            leaves[place] = top
    return made, leaves


def _shown(part: _Part, ids: Numbers, rows: Rows) -> list[int]:
    return [int(ids[row]) for row in examples(rows, part.members, part.distances, EXAMPLES)]


def _novelty(rows: Rows, leaves: Sequence[_Part]) -> Floats:
    centres = np.stack([leaf.centre for leaf in leaves])
    return novelties(rows, [leaf.members for leaf in leaves], centres)


def _placed(ids: Numbers, leaves: Mapping[int, _Part], novelty: Floats) -> Iterator[Placed]:
    for place, part in leaves.items():
        for row, distance in zip(part.members.tolist(), part.distances.tolist(), strict=True):
            yield Placed(int(ids[row]), place, distance, float(novelty[row]))
