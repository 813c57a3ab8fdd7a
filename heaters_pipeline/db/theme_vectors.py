"""One vector a clip, of all clips of the library at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.domain.states import ClipState

BLOCK = 4096
"""Rows that are handed on together."""

COPIED = f"""
    COPY (
        SELECT id, vector::halfvec
        FROM (
            SELECT clip_id, avg(embedding) AS vector FROM clip_embeddings
            WHERE model = %(model)s AND strategy <> %(preview)s
                AND vector_dims(embedding) = %(dimensions)s
            GROUP BY clip_id
        ) AS means
        JOIN clips ON id = clip_id AND state = '{ClipState.EMBEDDED}'
        ORDER BY id
    ) TO STDOUT (FORMAT BINARY)
"""  # noqa: S608

_HEADER = 19
"""Bytes before the first row; the two after the last are no row's."""


class Block(NamedTuple):
    clip_ids: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float16]
    """(n, dimensions), each of length 1."""


def each_block(engine: Engine, model: str) -> Iterator[Block]:
    """The clips of the library that have a vector by the model, by id: the mean of their vectors,
    which is that of their keyframes. Read as a stream of halfs (COPY in the binary format)."""
    with engine.connect() as connection:
        dimensions = connection.scalar(
            sa.text(
                "SELECT vector_dims(embedding) FROM clip_embeddings"
                " WHERE model = :model AND strategy <> :preview"
                " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
            ),
            {"model": model, "preview": PREVIEW},
        )
        if dimensions is None:
            return
        row = _row(dimensions)
        driver: Any = connection.connection.driver_connection
        wanted = {"model": model, "preview": PREVIEW, "dimensions": dimensions}
        with driver.cursor() as cursor, cursor.copy(COPIED, wanted) as copied:
            waiting = bytearray(copied.read())[_HEADER:]  # Postgres sends it with the first row
            for data in copied:
                waiting += data
                if len(waiting) >= BLOCK * row.itemsize:
                    yield _block(waiting, row)
            while len(waiting) >= row.itemsize:
                yield _block(waiting, row)


def _row(dimensions: int) -> np.dtype[Any]:
    """A row of COPY's binary format with an id and a halfvec."""
    return np.dtype(
        [
            ("fields", ">i2"),
            ("id_bytes", ">i4"),
            ("id", ">i8"),
            ("vector_bytes", ">i4"),
            ("dimensions", ">i2"),
            ("unused", ">i2"),
            ("vector", ">f2", (dimensions,)),
        ]
    )


def _block(waiting: bytearray, row: np.dtype[Any]) -> Block:
    """Takes the first rows off what waits, BLOCK at most."""
    count = min(BLOCK, len(waiting) // row.itemsize)
    read = np.frombuffer(bytes(waiting[: count * row.itemsize]), row)
    del waiting[: count * row.itemsize]
    vectors = read["vector"].astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    return Block(read["id"].astype(np.int64), unit.astype(np.float16))
