"""How much of what is nearest an HNSW index finds, measured on vectors that are in it.

No two graphs are alike, and no number of candidates is enough for all of them: in one, a small
group of vectors may have no way in that is short enough. So each index is asked for the nearest of
some of its own vectors, whose true nearest are known from reading them all. The number of
candidates that proves to be enough stays with the index, as its comment.
"""

from __future__ import annotations

import json
import logging
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlmodel import col

from heaters_pipeline.db import vector_copy
from heaters_pipeline.db.models import ClipEmbedding
from heaters_pipeline.db.vector_indexes import Found, VectorIndex
from heaters_pipeline.domain.recall import NEAREST, UNMEASURED, WIDTHS, Measured, least_width

log = logging.getLogger("heaters.indexes")

QUESTIONS = 400

NEARLY = 1e-4
"""Two distances that differ by less are one: halfs and what the index returns are that far apart,
and of vectors that are all the same none is nearer."""

_ALL = """
    SELECT id, embedding::halfvec FROM clip_embeddings
    WHERE model = %(model)s AND strategy = %(strategy)s AND vector_dims(embedding) = %(dimensions)s
"""

_SOME = f"""
    {_ALL} AND id IN (
        SELECT id FROM clip_embeddings WHERE model = %(model)s AND strategy = %(strategy)s
        ORDER BY hashint8extended(id, 0) LIMIT %(questions)s
    )
"""  # noqa: S608
"""The same ones each time. Without a look at vectors that are not taken, which lie elsewhere."""


def measure(connection: Connection, found: Found) -> None:
    """Asks an index that can be used, and keeps what is found beside it; reads all vectors once.
    Where that fails it keeps this, so that it is tried again only when the index has outgrown it.
    The connection commits each statement by itself, and keeps settings of this."""
    name = found.index.name
    try:
        measured = _measured(connection, found.index)
    except (psycopg.Error, sa.exc.DBAPIError) as error:
        log.warning(
            f"How much the index {name} finds can't be measured: {error}. Searches ask it for "
            f"{UNMEASURED} candidates; it is measured again when it has twice as many vectors."
        )
        measured = Measured(UNMEASURED, None, 0)
    kept = measured._replace(vectors=max(measured.vectors, found.rows))
    said = json.dumps(kept._asdict())
    connection.exec_driver_sql(f"COMMENT ON INDEX {name} IS '{said}'")


def _measured(connection: Connection, index: VectorIndex) -> Measured:
    values = {
        "model": index.model,
        "strategy": index.strategy,
        "dimensions": index.dimensions,
        "questions": QUESTIONS,
    }
    asked = list(vector_copy.each_block(connection, _SOME, values, index.dimensions))
    if not asked or len(asked[0].ids) <= NEAREST:
        return Measured(WIDTHS[0], 1.0, sum(len(each.ids) for each in asked))
    has_direction = asked[0].vectors.any(axis=1)
    ids, questions = asked[0].ids[has_direction], asked[0].vectors[has_direction]
    if not len(questions):
        return Measured(UNMEASURED, None, len(asked[0].ids))
    farthest, vectors = _farthest(connection, index, values, questions)

    def recall_with(width: int) -> float:
        connection.exec_driver_sql(f"SET hnsw.ef_search = {width:d}; SET enable_sort = off")
        shares = [
            _share(connection, index, vector, own, bound)
            for vector, own, bound in zip(questions.tolist(), ids.tolist(), farthest, strict=True)
        ]
        return sum(shares) / len(shares)

    return Measured(*least_width(recall_with), vectors)


def _farthest(
    connection: Connection,
    index: VectorIndex,
    values: dict[str, Any],
    questions: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], int]:
    """How far from each question the last of the nearest ten is, without itself, and how many
    vectors there are."""
    best = np.full((len(questions), NEAREST + 1), -1, np.float32)
    vectors = 0
    for block in vector_copy.each_block(connection, _ALL, values, index.dimensions):
        vectors += len(block.ids)
        both = np.hstack([best, questions @ block.vectors.T])
        best = -np.partition(-both, NEAREST, axis=1)[:, : NEAREST + 1]
    return 1 - best.min(axis=1), vectors


def _share(
    connection: Connection, index: VectorIndex, vector: list[float], own: int, farthest: float
) -> float:
    """Of the nearest ten, how much the index finds."""
    distance = col(ClipEmbedding.embedding).cosine_distance(vector)  # type: ignore[attr-defined]
    found = connection.execute(
        sa.select(col(ClipEmbedding.id), distance)
        .where(*index.conditions())
        .order_by(index.distance(vector))
        .limit(NEAREST + 1)
    ).all()
    near = sum(bool(each <= farthest + NEARLY) for id_, each in found if id_ != own)
    return min(near, NEAREST) / NEAREST
