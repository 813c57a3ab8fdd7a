"""How steadily a clip plays. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

TOLERANCE = 0.75
"""Of the move from one picture of the display to the next: what stays for one too long is late."""


def late_share(
    samples: Sequence[tuple[float, int]], *, frames_per_second: float, rate: float, length: int
) -> float:
    """The share of the display's pictures that did not show the frame that was due.

    `samples`: what was shown at each of them, as (milliseconds, frame); where the page was too busy
    to look, the one before was still there. Due is what lies on the straight line through what was
    shown at the nominal speed, in a loop of `length` frames.
    """
    per_ms = frames_per_second * rate / 1000
    gaps = sorted(b - a for (a, _), (b, _) in pairwise(samples))
    picture = gaps[len(gaps) // 10]
    step = max(1.0, abs(per_ms) * picture)
    shown = _at_each_picture(samples, picture)
    first = samples[0][0]
    residues = [(frame - per_ms * (at - first)) % length for at, frame in shown]
    anchor = _circular_median(residues, length)
    off = [abs((each - anchor + length / 2) % length - length / 2) for each in residues]
    return sum(each > TOLERANCE * step for each in off) / len(off)


def _at_each_picture(
    samples: Sequence[tuple[float, int]], picture: float
) -> list[tuple[float, int]]:
    found = []
    for (at, frame), (following, _) in pairwise(samples):
        pictures = max(1, round((following - at) / picture))
        found += [(at + n * picture, frame) for n in range(pictures)]
    return found


def _circular_median(values: Sequence[float], length: int) -> float:
    """The median of places on a ring, cut open where it is furthest from all of them."""
    start = max(set(map(round, values)), key=[round(each) for each in values].count)
    return start + median((each - start + length / 2) % length - length / 2 for each in values)
