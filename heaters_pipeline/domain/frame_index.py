"""The frame index: where each frame of a review proxy lies, and when it is shown.

Packed, it is `RECORD_BYTES` little-endian bytes a frame, so that the records of frames `[a, b)` are
the bytes `[a * RECORD_BYTES, b * RECORD_BYTES)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

TICKS_PER_SECOND = 90_000
"""Time base of the index, the proxy and the checksums: MPEG's clock, fine enough for 120 fps."""

RECORD_TYPE = np.dtype([("offset", "<u8"), ("size", "<u4"), ("ticks", "<u8")])
"""Byte offset in the proxy, size in bytes, presentation time in ticks."""

RECORD_BYTES = RECORD_TYPE.itemsize

FrameIndex = np.ndarray[Any, np.dtype[np.void]]
"""A whole index: an array of `RECORD_TYPE`, one record a frame."""


class FrameRecord(NamedTuple):
    offset: int
    size: int
    ticks: int


def pack(records: FrameIndex | Iterable[FrameRecord]) -> bytes:
    if not isinstance(records, np.ndarray):
        records = list(records)
    return np.asarray(records, RECORD_TYPE).tobytes()


def unpack(packed: bytes) -> list[FrameRecord]:
    """Raises ValueError unless `packed` is a whole number of records."""
    return [FrameRecord._make(fields) for fields in np.frombuffer(packed, RECORD_TYPE).tolist()]


def ticks(packed: bytes) -> list[int]:
    """The times alone. Raises ValueError unless `packed` is a whole number of records."""
    return [int(each) for each in np.frombuffer(packed, RECORD_TYPE)["ticks"]]


def seconds(ticks: int) -> float:
    return ticks / TICKS_PER_SECOND
