"""Vectors of many rows, read as a stream of halfs (COPY in Postgres' binary format)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

BLOCK = 4096
"""Rows that are handed on together."""

_HEADER = 19
"""Bytes before the first row; the two after the last are no row's."""


class Block(NamedTuple):
    ids: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float32]
    """(n, dimensions), each of length 1, unless it is all zeros."""


def each_block(
    connection: Connection, query: str, values: Mapping[str, Any], dimensions: int
) -> Iterator[Block]:
    """What `query` selects: a bigint, and a halfvec of so many dimensions."""
    row = _row(dimensions)
    driver: Any = connection.connection.driver_connection
    copied_query = f"COPY ({query}) TO STDOUT (FORMAT BINARY)"
    with driver.cursor() as cursor, cursor.copy(copied_query, values) as copied:
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
    return Block(read["id"].astype(np.int64), unit)
