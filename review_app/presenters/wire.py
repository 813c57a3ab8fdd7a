"""A run of frames as the player reads it (`static/player/frames.js`), little-endian:

"HFR1", u32 first frame, u32 n, u32 ticks from the first frame to the end of the last one,
u64 ticks of the first frame, u32 size[n], u32 ticks after the first frame [n],
then the n samples back to back, as they lie in the proxy.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import FrameRecord

MAGIC = b"HFR1"
HEADER = struct.Struct("<4sIIIQ")
MAX_FRAMES = 2048


def run_header(first_frame: int, records: Sequence[FrameRecord], end_ticks: int) -> bytes:
    """`end_ticks`: when the last of `records` gives way to the next frame."""
    n = len(records)
    start = records[0].ticks
    sizes = (record.size for record in records)
    deltas = (record.ticks - start for record in records)
    header = HEADER.pack(MAGIC, first_frame, n, end_ticks - start, start)
    return header + struct.pack(f"<{2 * n}I", *sizes, *deltas)


def samples_span(records: Sequence[FrameRecord]) -> tuple[int, int]:
    """Offset and length in bytes of all samples; they must lie back to back."""
    first, last = records[0], records[-1]
    length = last.offset + last.size - first.offset
    if length != sum(record.size for record in records):
        raise HeatersError("The frames of this proxy do not lie back to back: make it again.")
    return first.offset, length
