"""How loud a sound is from moment to moment, for wave forms and to play clips at one level.

Packed, it is `RECORD_BYTES` little-endian bytes for each tenth of a second, so that a part of a
sound reads its own slice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

RECORDS_PER_SECOND = 10
PEAKS_PER_RECORD = 5

RECORD_TYPE = np.dtype([("loudness", "<i2"), ("peaks", "u1", (PEAKS_PER_RECORD,))])
"""`loudness`: of the 0.4 s that end with the record, in hundredths of a LUFS (EBU R128, momentary).
`peaks`: the loudest sample of each fiftieth of a second, 255 for full scale, PEAK_STEP_DB less for
each step."""

RECORD_BYTES = RECORD_TYPE.itemsize

UNKNOWN = -(1 << 15)
"""The loudness of a sound that was not measured."""

QUIETEST = -12_000
PEAK_STEP_DB = 0.3
FULL_SCALE = 1 << 15

Levels = np.ndarray[Any, np.dtype[np.void]]


def peaks(blocks: Iterable[bytes], rate: int) -> list[int]:
    """The peaks of a sound of one channel, as records hold them. `blocks`: its samples, 16 bits
    each, cut anywhere; `rate`: samples a second."""
    span = 2 * (rate // (RECORDS_PER_SECOND * PEAKS_PER_RECORD))
    found: list[int] = []
    rest = b""
    for block in blocks:
        rest += block
        whole = len(rest) - len(rest) % span
        found += _loudest(rest[:whole], span)
        rest = rest[whole:]
    return found + _loudest(rest.ljust(span, b"\0"), span) if rest else found


def _loudest(samples: bytes, span: int) -> list[int]:
    if not samples:
        return []
    rows = np.frombuffer(samples, "<i2").reshape(-1, span // 2)
    strongest = np.maximum(rows.max(axis=1), -rows.min(axis=1).astype(int)) / FULL_SCALE
    decibels = 20 * np.log10(np.maximum(strongest, 1e-6))
    return [int(step) for step in np.clip(np.rint(255 + decibels / PEAK_STEP_DB), 0, 255)]


def pack(peaks: Sequence[int], loudness: Sequence[float] = ()) -> bytes:
    """`loudness`: of each tenth of a second, in LUFS, as far as it was measured."""
    records = np.zeros(-(-len(peaks) // PEAKS_PER_RECORD), RECORD_TYPE)
    padded = np.zeros((len(records), PEAKS_PER_RECORD), "u1")
    padded.reshape(-1)[: len(peaks)] = peaks
    records["peaks"] = padded
    records["loudness"] = UNKNOWN
    measured = np.asarray(loudness[: len(records)], float)
    records["loudness"][: len(measured)] = np.clip(np.rint(measured * 100), QUIETEST, 10_000)
    return records.tobytes()
