"""The clips whose vectors are nearest to a vector.

An HNSW index finds them fast, and nearly all of them. Where a filter leaves few clips, their
vectors are read one by one instead, which misses none: the index would find others, nearly always.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from heaters_pipeline.db.models import ClipEmbedding
from heaters_pipeline.db.vector_indexes import Found, find_index, of_kind
from heaters_pipeline.domain.vectors import Strategy

MOST_CANDIDATES = 1000
"""That pgvector allows."""

FEW_AT_LEAST = 1000
FEW_FACTOR = 12.0


@dataclass(frozen=True)
class Hit:
    clip_id: int
    frame: int | None
    """The keyframe that is nearest; None where the clip has one vector."""
    distance: float
    """By the angle: 0 is the same direction, 2 the opposite one."""


def nearest(
    session: Session,
    vector: Sequence[float],
    *,
    model: str,
    strategy: str,
    limit: int,
    among: Any = None,
    number_among: int | None = None,
) -> list[Hit]:
    """The clips nearest to `vector` by their vectors of `model` and `strategy`, nearest first, each
    once. `among` is a SELECT of ids of clips that alone may be found; None: all. `number_among` is
    how many it has, where that is known.

    As many as there are, up to `limit`: where the index gives up too soon, all vectors are read.
    """
    given = [float(value) for value in vector]
    kind = of_kind(model, strategy, len(given))
    several = strategy == Strategy.FRAMES
    index = find_index(session, model, strategy, len(given))
    if index is not None:
        if among is not None:
            most = few(index.rows, limit)
            if number_among is None or number_among <= most:
                ids = _all_of(session, among, most)
                if ids is not None:
                    return _exact(session, given, limit, several, *kind, _one_of(ids))
        found = _approximate(session, index, given, limit, several, among)
        if len(found) == limit:
            return found
    narrowed = () if among is None else (col(ClipEmbedding.clip_id).in_(among),)
    return _exact(session, given, limit, several, *kind, *narrowed)


def few(rows: int, limit: int) -> int:
    """Up to how many clips, of about `rows`, their vectors are read one by one.

    That costs as much as there are clips, the index as many candidates as it takes to find `limit`
    that pass: limit * rows / clips. The factor is what was measured (docs/search.md).
    """
    return max(FEW_AT_LEAST, round(math.sqrt(FEW_FACTOR * limit * rows)))


def _all_of(session: Session, among: Any, most: int) -> list[int] | None:
    """The ids, up to `most`; None where there are more, which costs no more than to count them."""
    some = among.limit(most + 1).subquery()
    ids = sa.func.coalesce(sa.func.array_agg(some.columns[0]), sa.cast([], sa.ARRAY(sa.BigInteger)))
    return session.scalar(sa.select(sa.case((sa.func.count() <= most, ids))))


def _one_of(ids: Sequence[int]) -> Any:
    return col(ClipEmbedding.clip_id) == sa.func.any(sa.cast(list(ids), sa.ARRAY(sa.BigInteger)))


def _exact(
    session: Session, vector: list[float], limit: int, several: bool, *conditions: Any
) -> list[Hit]:
    """By a distance that no index answers."""
    distance = col(ClipEmbedding.embedding).cosine_distance(vector)  # type: ignore[attr-defined]
    query = (
        sa.select(col(ClipEmbedding.clip_id), col(ClipEmbedding.frame), distance)
        .where(*conditions)
        .order_by(distance)
    )
    return _each_clip_once(lambda take: _hits(session, query.limit(take)), limit, several)


def _approximate(
    session: Session,
    found: Found,
    vector: list[float],
    limit: int,
    several: bool,
    among: Any,
) -> list[Hit]:
    index = found.index
    distance = col(ClipEmbedding.embedding).cosine_distance(vector)  # type: ignore[attr-defined]
    query = (
        sa.select(col(ClipEmbedding.clip_id), col(ClipEmbedding.frame), distance)
        .where(*index.conditions())
        .order_by(index.distance(vector))
    )
    if among is not None:
        query = query.where(col(ClipEmbedding.clip_id).in_(among))

    def take(number: int) -> list[Hit]:
        candidates = min(MOST_CANDIDATES, max(found.width, number))
        # In relaxed order the index goes on where a filter left too few, and drops none for coming
        # late. Sorting is what the planner may do instead of using it.
        session.execute(
            sa.text(
                f"SET LOCAL hnsw.ef_search = {candidates}; "
                "SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL enable_sort = off"
            )
        )
        hits = _hits(session, query.limit(number))
        session.execute(sa.text("SET LOCAL enable_sort TO DEFAULT"))
        return hits

    return _each_clip_once(take, limit, several)


def _hits(session: Session, query: Any) -> list[Hit]:
    found = [Hit(*row) for row in session.execute(query)]
    return sorted(found, key=lambda hit: hit.distance)


def _each_clip_once(take: Callable[[int], list[Hit]], limit: int, several: bool) -> list[Hit]:
    """With the nearest of its frames."""
    number = 4 * limit if several else limit
    while True:
        hits = take(number)
        once: dict[int, Hit] = {}
        for hit in hits:
            once.setdefault(hit.clip_id, hit)
        if len(once) >= limit or len(hits) < number:
            return list(once.values())[:limit]
        number *= 4
