"""Whether two copies of a video show the same frames under the same numbers."""

from __future__ import annotations

import numpy as np

from heaters_pipeline.media.products.thumbnails import Thumbnails, blocks

ALIKE = 16.0
"""Levels by which a thumbnail may differ between a poor copy and a good one, on average over its
pixels: heavy compression and another colour matrix come to less than ten."""
LEAST_ALIKE = 0.98
"""Share of frames that must be alike: damage may have spoilt the others."""
SHIFTS = (-2, -1, 1, 2)
CLEARER = 1.0
"""Levels by which the frames of two videos that number them differently fit better when they are
shifted. Still images fit as well under any numbers."""


def show_the_same(before: Thumbnails, after: Thumbnails) -> bool:
    """Compares the thumbnails of two videos; False where one has more than the other."""
    count = len(before)
    if len(after) != count:
        return False
    alike = 0
    away = dict.fromkeys((0, *SHIFTS), 0.0)
    for start, stop in blocks(count):
        wanted = before[start:stop].astype(np.int16)
        for shift in away:
            numbers = np.clip(np.arange(start, stop) + shift, 0, count - 1)
            first, last = int(numbers[0]), int(numbers[-1]) + 1
            found = after[first:last].astype(np.int16)[numbers - first]
            apart = np.abs(found - wanted).reshape(stop - start, -1).mean(axis=1)
            away[shift] += float(apart.sum())
            if shift == 0:
                alike += int((apart < ALIKE).sum())
    best_shifted = min(away[shift] for shift in SHIFTS)
    return alike >= LEAST_ALIKE * count and away[0] <= best_shifted + CLEARER * count
