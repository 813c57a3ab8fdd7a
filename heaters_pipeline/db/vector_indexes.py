"""The HNSW indexes of `clip_embeddings`: one for each model and strategy, by cosine distance."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pgvector.sqlalchemy import HALFVEC, Vector
from psycopg.errors import DiskFull, OutOfMemory
from sqlalchemy import Connection, Engine
from sqlmodel import Session, col

from heaters_pipeline.db.locks import index_lock
from heaters_pipeline.db.models import ClipEmbedding

PREFIX = "hnsw_"

LONGEST_FULL, LONGEST = 2000, 4000
"""Numbers that a vector may have to be indexed in full, and in half precision, by pgvector."""

MOST_MEMORY = 2 << 30
"""Bytes for the making of an index."""

_GRAPH_BYTES, _OTHER_BYTES = 1200, 4 << 20
"""That an index in the making takes for a vector, besides its numbers, and for all. Measured: 720
bytes, and 1,020 where several processes make it."""


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
            f"WHERE {where}"
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


def ensure_index(
    engine: Engine, model: str, strategy: str, dimensions: int, *, half: bool = False
) -> None:
    """Makes the index if there is none yet, while others read and write vectors; one in the other
    precision goes afterwards. Nothing is made for vectors longer than LONGEST: every search reads
    all of those. To be called outside of transactions: it waits for those that are open."""
    if dimensions > LONGEST:
        return
    wanted = VectorIndex(model, strategy, dimensions, half or dimensions > LONGEST_FULL)
    with engine.connect() as connection:
        if _is_valid(connection, wanted.name):
            return
    with index_lock(engine, "clip_embeddings") as connection:
        if _is_valid(connection, wanted.name):
            return
        rows = connection.scalar(
            sa.select(sa.func.count()).select_from(ClipEmbedding).where(
                col(ClipEmbedding.model) == model, col(ClipEmbedding.strategy) == strategy
            )
        )  # fmt: skip
        memory = min(wanted.bytes_to_make(rows or 0), MOST_MEMORY)
        connection.execute(sa.text(_MEMORY), {"bytes": memory})
        try:
            _make(engine, connection, wanted)
        except sa.exc.OperationalError as error:
            if not isinstance(error.orig, DiskFull | OutOfMemory):
                raise
            # Workers share memory, of which containers have little.
            connection.execute(sa.text("SET max_parallel_maintenance_workers = 0"))
            _make(engine, connection, wanted)
        other = VectorIndex(model, strategy, dimensions, not wanted.half)
        _drop(connection, other.name)


_MEMORY = """
    SELECT set_config('maintenance_work_mem', greatest(:bytes,
        pg_size_bytes(current_setting('maintenance_work_mem'))) / 1024 || 'kB', false)
"""


def _make(engine: Engine, connection: Connection, index: VectorIndex) -> None:
    # What is left of one whose making broke off.
    _drop(connection, index.name)
    connection.exec_driver_sql(index.create(engine))


def _drop(connection: Connection, name: str) -> None:
    connection.execute(sa.text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))


def drop_index(engine: Engine, model: str, strategy: str, dimensions: int) -> None:
    """Removes what `ensure_index` made."""
    with index_lock(engine, "clip_embeddings") as connection:
        for half in (False, True):
            _drop(connection, VectorIndex(model, strategy, dimensions, half).name)


def _is_valid(connection: Connection, index: str) -> bool:
    """Read from the catalog, which needs no lock on the table."""
    return bool(
        connection.scalar(
            sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:index)"),
            {"index": index},
        )
    )


def find_index(
    session: Session, model: str, strategy: str, dimensions: int
) -> tuple[VectorIndex, int] | None:
    """The index that can be used for these vectors, and about how many there are in it."""
    both = {
        index.name: index
        for index in (VectorIndex(model, strategy, dimensions, half) for half in (False, True))
    }
    found = session.execute(
        sa.text(
            "SELECT relname, reltuples FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE indrelid = 'clip_embeddings'::regclass AND indisvalid AND relname = ANY(:names)"
        ),
        {"names": list(both)},
    ).first()
    return (both[found.relname], max(0, int(found.reltuples))) if found else None
