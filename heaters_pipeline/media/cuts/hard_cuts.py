"""Hard cuts: frames that differ from the one before far more than their neighbours do, unless it
was a flash, or the same scene in another light.

A difference that stands out among its neighbours' is the usual sign (Hanjalic, "Shot-boundary
detection: unraveled and resolved?", 2002, compares with a window around it, as PySceneDetect's
AdaptiveDetector does). It is taken twice, as it is and with the light made even, as light that
flickers hides cuts. What else stands out is told apart by looking at the frames themselves: a
flash, a strobe light and a corrupt frame leave the scene as they found it, so that some frame just
after is like one just before; a page that is scrolled still shows most of what it showed; light
that is switched on leaves local contrast as it was, or, in a picture too faint to have any, changes
it smoothly; a text overlay changes few tiles much, and most not at all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.media.cuts.arrays import Floats, Ints
from heaters_pipeline.media.cuts.comparison import (
    local_contrast,
    same_light,
    similarity,
    spread,
    tiles,
)
from heaters_pipeline.media.cuts.survey import Survey
from heaters_pipeline.media.products.thumbnails import Frames, Thumbnails

NEIGHBORS = 6
"""Frames on either side that a difference must stand out from."""
BEFORE = 2
"""Frames before a jump that are looked at."""
FLASH = 4
"""Frames that a flash may last."""
GRAIN = 0.25
"""Levels by which the tiles of frames differ where nothing happens."""
JUMP = 3.2
"""A cut stands out this much, in units of what is usual around it: of a thousand drawn cuts, those
between shots in flickering light included, none less than 3.7; of whips of the camera that end
elsewhere none more than 2.9."""
LOUD, QUIET = 1.8, 40.0
"""So much more than the livelier and than the calmer side also is a cut, between a shot full of
motion and one at rest: no whip comes to rest within a frame, at most 17 times of the calmer."""

_PAIRS = ((BEFORE - 1, BEFORE), (0, BEFORE + 2))
"""Of a window, what must not show the same scene."""
_AT_ONCE = 16
"""Windows that are looked at together: 0.4 MB."""


class HardCut(NamedTuple):
    frame: int
    """First of the new shot."""
    score: float


class Jumps(NamedTuple):
    cuts: list[HardCut]
    """Candidates of any score."""
    flashes: list[FrameRange]
    curve: Floats
    """(N,): how far each frame stands out, 0 to 1."""


def find_jumps(thumbnails: Thumbnails, survey: Survey) -> Jumps:
    """`survey`: what survey.survey says of `thumbnails`."""
    change = survey.change
    outstanding = np.maximum(_outstanding(change), _outstanding(survey.unlit))
    curve = np.asarray(outstanding / (outstanding + JUMP), np.float32)
    # The earliest frame that another one can precede, and whose shot has more than one frame.
    candidates = np.flatnonzero(outstanding[:-1] > JUMP / 2)
    candidates = candidates[candidates >= 2]
    cuts: list[HardCut] = []
    flashes: list[FrameRange] = []
    healed = 0
    for start in range(0, len(candidates), _AT_ONCE):
        frames = candidates[start : start + _AT_ONCE]
        near = np.stack([_window(thumbnails, frame) for frame in frames.tolist()])
        colors = tiles(near.reshape(-1, *near.shape[2:])).reshape(*near.shape[:2], -1)
        lasts = _flashes(colors, change[frames])
        different = _difference(near, colors, lasts == 0)
        for frame, last, differs in zip(frames.tolist(), lasts, different, strict=True):
            if frame < healed:
                continue
            if last:
                end = min(frame + int(last), len(thumbnails) - 1)
                flashes.append(FrameRange(frame, end))
                healed = end + 1
                curve[frame : end + 1] = 0
            else:
                score = min(float(curve[frame]), float(differs))
                curve[frame] = score
                cuts.append(HardCut(frame, score))
    return Jumps(cuts, flashes, curve)


def _window(thumbnails: Thumbnails, frame: int) -> Frames:
    """Two frames before `frame`, itself, and as many as a flash may last; a film that ends before
    that ends with its last."""
    found = thumbnails[frame - BEFORE : frame + 1 + FLASH]
    missing = BEFORE + 1 + FLASH - len(found)
    return np.concatenate([found, *[found[-1:]] * missing]) if missing else found


def _outstanding(change: Floats) -> Floats:
    """(N,): each difference in units of what is usual around it."""
    padded = np.pad(change, NEIGHBORS)
    width = len(change)
    before = np.stack([padded[step : step + width] for step in range(NEIGHBORS)])
    after = np.stack([padded[step + NEIGHBORS + 1 :][:width] for step in range(NEIGHBORS)])
    # Among twelve neighbours the two largest may be another cut's, or a flash's two edges.
    around = np.partition(np.concatenate([before, after]), -3, axis=0)[-3]
    sides = [np.partition(side, -2, axis=0)[-2] for side in (before, after)]
    loud = change / (np.maximum(*sides) + GRAIN)
    quiet = change / (np.minimum(*sides) + GRAIN)
    into_rest = np.minimum(loud / LOUD, quiet / QUIET) * JUMP
    return np.asarray(np.maximum(change / (around + GRAIN), into_rest), np.float32)


def _flashes(colors: Floats, change: Floats) -> Ints:
    """(n,): how many frames the flash lasts with which a window begins; 0 where it is none."""
    far = np.abs(colors[:, BEFORE + 1 :, np.newaxis] - colors[:, np.newaxis, :BEFORE])
    like = far.mean(axis=3).min(axis=2) < 0.45 * change[:, np.newaxis]
    return np.where(like.any(axis=1) & (change >= 4), like.argmax(axis=1) + 1, 0)


def _difference(near: Frames, colors: Floats, wanted: np.ndarray[Any, Any]) -> Floats:
    """(n,): how sure it is that another scene begins in the windows that are `wanted`, 0 to 1."""
    before, after = colors[:, BEFORE - 1], colors[:, BEFORE]
    # A cut changes half of the tiles about as much as the average; an overlay leaves most alone.
    score = np.minimum(1, spread(after - before) / 0.4)
    score = np.minimum(score, (1 - same_light(before, after)) / (2 * (1 - 0.48)))
    for one, other in _PAIRS:
        at = np.flatnonzero(wanted & (score > 0.25))
        if not len(at):
            break
        scenes = local_contrast(near[at[:, np.newaxis], [one, other]].reshape(-1, *near.shape[2:]))
        alike = similarity(scenes[::2], scenes[1::2])
        score[at] = np.minimum(score[at], (1 - alike) / (2 * (1 - 0.45)))
    return np.asarray(np.maximum(score, 0), np.float32)
