"""Where two clips show the same frames one after the other: a line in the plane of their times."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from heaters_pipeline.media.repeats.signatures import BITS, CROPPED, Bits, Grays, signatures

SPEEDS = (1.0, 0.975, 1.025, 0.95, 1.05)
DIFFERENT = 0.3
"""Signatures less alike than this (1 for the same bits, 0 for those of two dice) speak against a
line."""

Seconds = npt.NDArray[np.float64]


class Line(NamedTuple):
    """`other = speed * own + offset`, in seconds, between `start` and `end` of one's own time."""

    speed: float
    offset: float
    start: float
    end: float


def likeness(pictures: Grays, others: Grays) -> npt.NDArray[np.float32]:
    """float32 (n, m), how alike the signatures are, where either may be cropped."""
    own, own_inner = _signs(signatures(pictures)), _signs(signatures(pictures, CROPPED))
    other, other_inner = _signs(signatures(others)), _signs(signatures(others, CROPPED))
    found = np.maximum(own @ other.T, np.maximum(own_inner @ other.T, own @ other_inner.T))
    return np.asarray(found / BITS, np.float32)


def _signs(bits: Bits) -> npt.NDArray[np.float32]:
    return np.where(bits, np.float32(1), np.float32(-1))


def best_line(alike: npt.NDArray[np.float32], own: Seconds, other: Seconds) -> Line | None:
    """The line along which the most speaks for the same frames. `own` (n,) and `other` (m,) are
    the times of the compared frames, evenly spaced."""
    step = (other[-1] - other[0]) / (len(other) - 1) if len(other) > 1 else 1.0
    best, found = 0.0, None
    for speed in SPEEDS:
        moved = speed * own
        offsets = np.arange(other[0] - moved[-1], other[-1] - moved[0] + step / 2, step)
        places = np.rint((moved[:, None] + offsets - other[0]) / step).astype(np.int64)
        inside = (places >= 0) & (places < len(other))
        values = alike[np.arange(len(own))[:, None], np.clip(places, 0, len(other) - 1)]
        gains = np.where(inside, values - DIFFERENT, -np.float32(1))
        total, first, last = _best_runs(gains)
        at = int(np.argmax(total))
        if total[at] > best * (1 + 1e-3):
            best = float(total[at])
            line = (speed, float(offsets[at]), float(own[first[at]]), float(own[last[at]]))
            found = Line(*line)
    return found


def _best_runs(
    gains: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The run of rows with the greatest sum in each column (Kadane): sum, first and last row."""
    width = gains.shape[1]
    best = np.full(width, -np.inf, np.float32)
    first, last = np.zeros(width, np.int64), np.zeros(width, np.int64)
    run, begin = np.zeros(width, np.float32), np.zeros(width, np.int64)
    for row, gain in enumerate(gains):
        anew = run <= 0
        begin[anew] = row
        run = np.where(anew, gain, run + gain)
        better = run > best
        best[better], first[better], last[better] = run[better], begin[better], row
    return best, first, last
