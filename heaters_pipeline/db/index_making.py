"""Making the HNSW indexes of `clip_embeddings`, and knowing how good they have become."""

from __future__ import annotations

import sqlalchemy as sa
from psycopg.errors import DiskFull, OutOfMemory
from sqlalchemy import Connection, Engine
from sqlmodel import col

from heaters_pipeline.db import index_recall
from heaters_pipeline.db.locks import index_lock
from heaters_pipeline.db.models import ClipEmbedding
from heaters_pipeline.db.vector_indexes import Found, VectorIndex, find_one
from heaters_pipeline.domain.recall import is_outgrown

LONGEST_FULL, LONGEST = 2000, 4000
"""Numbers that a vector may have to be indexed in full, and in half precision, by pgvector."""

MOST_MEMORY = 2 << 30
"""Bytes for the making of an index."""


def ensure_index(
    engine: Engine, model: str, strategy: str, dimensions: int, *, half: bool = False
) -> None:
    """Makes the index if there is none yet, while others read and write vectors; one in the other
    precision goes afterwards. Measures it (`index_recall`) when it is new, and whenever it has
    twice as many vectors as at the last try. Nothing is made for vectors longer than LONGEST: every
    search reads all of those. To be called outside of transactions: it waits for those that are
    open, for as long as it takes whatever the server's statement_timeout is."""
    if dimensions > LONGEST:
        return
    wanted = VectorIndex(model, strategy, dimensions, half or dimensions > LONGEST_FULL)
    with engine.connect() as connection:
        if _is_known(find_one(connection, [wanted])):
            return
    with index_lock(engine, "clip_embeddings") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        found = find_one(connection, [wanted])
        if found is None:
            _make_with_memory(engine, connection, wanted)
            other = VectorIndex(model, strategy, dimensions, not wanted.half)
            _drop(connection, other.name)
            found = find_one(connection, [wanted])
        if found and not _is_known(found):
            index_recall.measure(connection, found)


def _is_known(found: Found | None) -> bool:
    """Whether it is there, and was measured when it was about as large as it is."""
    return bool(found and found.measured and not is_outgrown(found.measured, found.rows))


def _make_with_memory(engine: Engine, connection: Connection, index: VectorIndex) -> None:
    rows = connection.scalar(
        sa.select(sa.func.count()).select_from(ClipEmbedding).where(
            col(ClipEmbedding.model) == index.model, col(ClipEmbedding.strategy) == index.strategy
        )
    )  # fmt: skip
    memory = min(index.bytes_to_make(rows or 0), MOST_MEMORY)
    connection.execute(sa.text(_MEMORY), {"bytes": memory})
    try:
        _make(engine, connection, index)
    except sa.exc.OperationalError as error:
        if not isinstance(error.orig, DiskFull | OutOfMemory):
            raise
        # Workers share memory, of which containers have little.
        connection.execute(sa.text("SET max_parallel_maintenance_workers = 0"))
        _make(engine, connection, index)


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
