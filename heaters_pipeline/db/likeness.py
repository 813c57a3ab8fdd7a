"""How much a clip looks like those that reviewers approve, by the previews of clips: vectors of
small pictures that every clip has before it has a file.

The score is a nearest-centroid classifier (Rocchio): it says on which side of the middle between
the mean approved and the mean refused clip a preview lies, and how far. It costs one inner product
a clip, which the database works out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.models import Clip, ClipEmbedding
from heaters_pipeline.db.prepared import given, given_ids
from heaters_pipeline.domain.selection import STATES, Shown

NEWEST = 1000
"""Decisions of either kind that are learnt from: enough for two means, and what reviewers look for
changes."""

STEEPNESS = math.log(9) / 2
"""Makes the score of the mean approved clip 0.9 and that of the mean refused one 0.1."""


@dataclass(frozen=True)
class Likeness:
    """What reviewers approve and refuse, as far as previews show it."""

    model: str
    """Whose previews it was learnt from, and says something of."""
    direction: str
    """A vector as Postgres reads it: it is sent with many statements, and written once."""
    offset: float

    def score(self, preview: Any) -> Any:
        """0 to 1, of a column with previews of `model`; null where that is."""
        return _score(preview, sa.literal(self.direction), self.offset)


def _score(preview: Any, direction: Any, offset: Any) -> Any:
    side = sa.func.inner_product(preview, sa.cast(direction, Vector))
    return 0.5 + 0.5 * sa.func.tanh(STEEPNESS * (side + offset), type_=sa.Float)


def learn(session: Session) -> Likeness | None:
    """From the newest decisions that stand; None as long as clips of one kind are missing, or both
    look the same."""
    approved = _decided(True, Shown.APPROVED)
    refused = _decided(False, Shown.SKIPPED, Shown.ARCHIVED)
    decided = sa.union_all(approved, refused).subquery()
    mean = sa.func.avg(ClipEmbedding.embedding, type_=Vector)
    found = session.execute(
        sa.select(
            col(ClipEmbedding.model),
            mean.filter(decided.c.is_approved),
            mean.filter(sa.not_(decided.c.is_approved)),
        )
        .join(decided, decided.c.id == col(ClipEmbedding.clip_id))
        .where(col(ClipEmbedding.strategy) == PREVIEW)
        .group_by(col(ClipEmbedding.model))
        .having(sa.func.count(decided.c.is_approved.distinct()) == 2)
        .order_by(sa.func.count().desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    model, good, bad = found
    return _between(model, [float(each) for each in good], [float(each) for each in bad])


def _decided(is_approved: bool, *kinds: Shown) -> Any:
    states = {state for kind in kinds for state in STATES[kind]}
    # Of each state first, which an index has in this order.
    newest = sa.union_all(
        *(
            sa.select(
                sa.select(col(Clip.id), col(Clip.decided_at))
                .where(col(Clip.state) == state)
                .order_by(col(Clip.decided_at).desc().nulls_last())
                .limit(NEWEST)
                .subquery()
            )
            for state in sorted(states)
        )
    ).subquery()
    chosen = (
        sa.select(newest.c.id, sa.literal(is_approved).label("is_approved"))
        .order_by(newest.c.decided_at.desc().nulls_last())
        .limit(NEWEST)
    )
    return sa.select(chosen.subquery())


def _between(model: str, good: Sequence[float], bad: Sequence[float]) -> Likeness | None:
    """Its direction is such that the centroids lie at 1 and -1, the middle between them at 0."""
    apart = sum((g - b) ** 2 for g, b in zip(good, bad, strict=True))
    if not apart:
        return None
    direction = [2 * (g - b) / apart for g, b in zip(good, bad, strict=True)]
    offset = (sum(b * b for b in bad) - sum(g * g for g in good)) / apart
    return Likeness(model, f"[{','.join(map(str, direction))}]", offset)


def scores(
    session: Session, likeness: Likeness | None, clip_ids: Iterable[int]
) -> dict[int, float]:
    """Of those of the clips that have a preview."""
    rows = session.execute(SCORES, {"clip_ids": list(clip_ids), **asked(likeness)})
    return {clip_id: float(score) for clip_id, score in rows}


def asked(likeness: Likeness | None) -> dict[str, Any]:
    """The parameters of `SCORES` besides `clip_ids`; without a likeness no clip has a score."""
    if likeness is None:
        return {"model": None, "direction": None, "offset": None}
    return {
        "model": likeness.model,
        "direction": likeness.direction,
        "offset": likeness.offset,
    }


SCORES = sa.select(
    col(ClipEmbedding.clip_id),
    _score(
        ClipEmbedding.embedding,
        given("direction", sa.Text),
        given("offset", sa.Float),
    ).label("score"),
).where(
    col(ClipEmbedding.clip_id) == sa.any_(given_ids("clip_ids")),
    col(ClipEmbedding.model) == given("model", sa.Text),
    col(ClipEmbedding.strategy) == PREVIEW,
)
"""Of the clips `clip_ids`."""


def borrow(session: Session, clip_ids: Sequence[int], from_ids: Sequence[int]) -> None:
    """Gives new clips the mean preview of the clips that they take the place of."""
    mean = (
        sa.select(
            sa.func.unnest(sa.cast(clip_ids, sa.ARRAY(sa.BigInteger))),
            col(ClipEmbedding.model),
            sa.literal(PREVIEW),
            sa.func.avg(ClipEmbedding.embedding),
        )
        .where(col(ClipEmbedding.clip_id).in_(from_ids), col(ClipEmbedding.strategy) == PREVIEW)
        .group_by(col(ClipEmbedding.model))
    )
    columns = ["clip_id", "model", "strategy", "embedding"]
    session.execute(insert(ClipEmbedding).from_select(columns, mean).on_conflict_do_nothing())
