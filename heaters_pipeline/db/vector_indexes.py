"""The HNSW indexes of `clip_embeddings`: one for each model and strategy, by cosine distance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pgvector.sqlalchemy import HALFVEC, Vector
from sqlalchemy import Connection, Engine
from sqlmodel import Session, col

from heaters_pipeline.db.models import ClipEmbedding
from heaters_pipeline.domain.recall import UNMEASURED, Measured

PREFIX = "hnsw_"

LINKS, BUILD_WIDTH = 24, 128
"""Of a vector in the graph, and candidates for them (pgvector's m and ef_construction)."""

_GRAPH_BYTES, _OTHER_BYTES = 1600, 4 << 20
"""That an index in the making takes for a vector, besides its numbers, and for all. Measured: 1,240
bytes, where three processes made it."""


@dataclass(frozen=True)
class VectorIndex:
    """The index over vectors of one model, strategy and length. Partial, and over a cast, because
    vectors of several lengths share the column."""

    model: str
    strategy: str
    dimensions: int
    half: bool
    """In half precision, 2 bytes a number."""

    @property
    def name(self) -> str:
        what = f"{self.model}/{self.strategy}/{self.dimensions}/{self._type}"
        return PREFIX + hashlib.sha256(what.encode()).hexdigest()[:16]

    @property
    def _type(self) -> str:
        return "halfvec" if self.half else "vector"

    def distance(self, vector: list[float]) -> Any:
        """The expression that the index answers."""
        kind = HALFVEC if self.half else Vector
        return sa.cast(ClipEmbedding.embedding, kind(self.dimensions)).cosine_distance(vector)

    def conditions(self) -> tuple[Any, ...]:
        """Of the rows that are in it, in the words that let the planner know."""
        return of_kind(self.model, self.strategy, self.dimensions)

    def create(self, engine: Engine) -> str:
        where = sa.and_(*self.conditions()).compile(
            dialect=engine.dialect, compile_kwargs={"literal_binds": True}
        )
        return (
            f"CREATE INDEX CONCURRENTLY {self.name} ON clip_embeddings USING hnsw "
            f"((embedding::{self._type}({self.dimensions:d})) {self._type}_cosine_ops) "
            f"WITH (m = {LINKS}, ef_construction = {BUILD_WIDTH}) WHERE {where}"
        )

    def bytes_to_make(self, rows: int) -> int:
        """More than it takes: where the graph outgrows it, each further vector costs many times as
        much."""
        return _OTHER_BYTES + rows * (self.dimensions * (2 if self.half else 4) + _GRAPH_BYTES)


def of_kind(model: str, strategy: str, dimensions: int) -> tuple[Any, ...]:
    """The condition of these vectors, with constants, which a partial index can be matched to."""

    def constant(value: object) -> Any:
        return sa.literal(value, literal_execute=True)

    return (
        col(ClipEmbedding.model) == constant(model),
        col(ClipEmbedding.strategy) == constant(strategy),
        sa.func.vector_dims(ClipEmbedding.embedding) == constant(dimensions),
    )


@dataclass(frozen=True)
class Found:
    """An index that is there."""

    index: VectorIndex
    rows: int
    """About how many vectors are in it."""
    measured: Measured | None

    @property
    def width(self) -> int:
        """How many candidates it has to keep in mind."""
        return self.measured.width if self.measured else UNMEASURED


def find_index(session: Session, model: str, strategy: str, dimensions: int) -> Found | None:
    """The index that can be used for these vectors, in whatever precision."""
    both = [VectorIndex(model, strategy, dimensions, half) for half in (False, True)]
    return find_one(session.connection(), both)


def find_one(connection: Connection, wanted: Iterable[VectorIndex]) -> Found | None:
    """One of these indexes that can be used. Read from the catalog, which needs no lock on the
    table."""
    by_name = {index.name: index for index in wanted}
    found = connection.execute(_VALID, {"names": list(by_name)}).first()
    if found is None:
        return None
    rows = max(0, int(found.reltuples))
    return Found(by_name[found.relname], rows, _measured(found.said))


def _measured(said: str | None) -> Measured | None:
    """What `index_recall` keeps as the comment of an index; None for any other."""
    try:
        return Measured(**json.loads(said or "null"))
    except (TypeError, ValueError):
        return None


_VALID = sa.text("""
    SELECT relname, reltuples, obj_description(indexrelid, 'pg_class') AS said
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indrelid = 'clip_embeddings'::regclass AND indisvalid AND relname = ANY(:names)
""")
