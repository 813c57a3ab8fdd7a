"""Hard cuts: frames that differ from the one before far more than their neighbours do, unless it
was a flash, or the same scene in another light.

A difference that stands out among its neighbours' is the usual sign (Hanjalic, "Shot-boundary
detection: unraveled and resolved?", 2002, compares with a window around it, as PySceneDetect's
AdaptiveDetector does). What else stands out is told apart by looking at the frames themselves: a
flash, a strobe light and a corrupt frame leave the scene as they found it, so that some frame just
after is like one just before; light that is switched on leaves local contrast as it was; a text
overlay changes few tiles much, and most not at all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from heaters_pipeline.media.scores import Scores
from heaters_pipeline.media.small_frames import (
    Floats,
    local_contrast,
    similarity,
    spread,
    tiles,
)

NEIGHBORS = 6
"""Frames on either side that a difference must stand out from."""
FLASH = 4
"""Frames that a flash may last."""

_PAIRS = ((1, 0), (2, 2))
"""Frames before the cut, and after its first frame, that must not show the same scene."""


class HardCut(NamedTuple):
    frame: int
    """First of the new shot."""
    score: float


class Jumps(NamedTuple):
    cuts: list[HardCut]
    """Candidates of any score."""
    flashes: list[tuple[int, int]]
    """Half-open ranges of frames."""
    curve: Floats
    """(N,): how far each frame stands out, 0 to 1."""


def find_jumps(scores: Scores, change: Floats) -> Jumps:
    """`change`: what small_frames.changes says of `scores`."""
    # Among twelve neighbours the two largest may be another cut's, or a flash's two edges.
    around = _sorted_neighbors(change)
    outstanding = change / (around[-3] + 1)
    curve = outstanding / (outstanding + 1.6)
    cuts: list[HardCut] = []
    flashes: list[tuple[int, int]] = []
    healed = 0
    for frame in np.flatnonzero((change > 2) & (change > 1.7 * around[-4])).tolist():
        if frame < max(2, healed):
            continue
        # The earliest frame that another one can precede, and whose shot has more than one frame.
        end = _flash_end(scores, frame, float(change[frame]))
        if end:
            flashes.append((frame, end))
            healed = end + 1
            curve[frame : end + 1] = 0
        elif frame < len(scores) - 1:
            score = float(curve[frame])
            if outstanding[frame] > 1.4:
                score = min(score, _difference(scores, frame))
            curve[frame] = score
            cuts.append(HardCut(frame, score))
    return Jumps(cuts, flashes, curve)


def _sorted_neighbors(change: Floats) -> Floats:
    """(12, N): differences around each frame, ascending; beyond the film they are 0."""
    padded = np.pad(change, NEIGHBORS)
    steps = [step for step in range(2 * NEIGHBORS + 1) if step != NEIGHBORS]
    return np.sort([padded[step : step + len(change)] for step in steps], axis=0)


def _flash_end(scores: Scores, frame: int, change: float) -> int | None:
    """The first frame after a flash that begins at `frame`; None where there is none."""
    if change < 4:
        return None
    frames = scores[frame - 2 : frame + 1 + FLASH].astype(np.float32)
    flat = frames.reshape(len(frames), -1)
    far = np.abs(flat[3:, np.newaxis] - flat[:2]).mean(axis=2).min(axis=1)
    like = np.flatnonzero(far < 0.45 * change)
    return frame + 1 + int(like[0]) if len(like) else None


def _difference(scores: Scores, frame: int) -> float:
    """How sure it is that another scene begins at `frame`, 0 to 1."""
    start = max(0, frame - 2)
    frames = scores[start : frame + 3]
    before, after = tiles(frames[frame - start - 1 : frame - start + 1])
    # A cut changes half of the tiles about as much as the average; an overlay leaves most alone.
    score = min(1.0, spread(after - before) / 0.4)
    for back, ahead in _PAIRS:
        one, other = frame - back - start, frame + ahead - start
        if one >= 0 and other < len(frames) and score > 0.25:
            # Different scenes stay below 0.42 in all films tried, one scene hardly gets there.
            alike = similarity(*local_contrast(frames[[one, other]]))
            score = min(score, (1 - alike) / (2 * (1 - 0.45)))
    return max(0.0, score)
