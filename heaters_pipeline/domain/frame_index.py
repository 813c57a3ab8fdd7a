"""The frame index: where each frame of a review proxy lies, and when it is shown.

Packed little-endian, `RECORD.size` bytes a frame, so that the records of frames
`[a, b)` are the bytes `[a * RECORD.size, b * RECORD.size)`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

TICKS_PER_SECOND = 90_000
"""Time base of the index, the proxy and the checksums: MPEG's clock, fine enough for 120 fps."""

RECORD = struct.Struct("<QIQ")
"""Byte offset in the proxy, size in bytes, presentation time in ticks."""


class FrameRecord(NamedTuple):
    offset: int
    size: int
    ticks: int


def pack(records: Iterable[FrameRecord]) -> bytes:
    return b"".join(RECORD.pack(*record) for record in records)


def unpack(packed: bytes) -> list[FrameRecord]:
    """Raises struct.error unless `packed` is a whole number of records."""
    return [FrameRecord._make(fields) for fields in RECORD.iter_unpack(packed)]


def seconds(ticks: int) -> float:
    return ticks / TICKS_PER_SECOND
