"""Hard cuts: frames that differ from the one before far more than their neighbours do, and are
neither a flash nor the same scene in another light.

The usual sign of a cut is a difference that stands out among its neighbours' (Hanjalic,
"Shot-boundary detection: unraveled and resolved?", 2002, compares with a window around it, as
PySceneDetect's AdaptiveDetector does). Here the difference is measured twice, as it is and with the
light made even, since flickering light hides cuts.

Other events stand out, too; the frames themselves tell them apart from cuts. After a flash, a
strobe light or a corrupt frame the scene is the same, so some frame just after is like one just
before. A scrolled page still shows most of its content. Light that is switched on keeps the local
contrast, or, in an image too faint to have any, changes it smoothly. A text overlay changes few
tiles much, and most not at all.
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
"""Frames on either side among which a difference must stand out."""
BEFORE = 2
"""Frames before a jump that are examined."""
FLASH = 4
"""The longest flash, in frames."""
GRAIN = 0.25
"""Levels by which the tiles of frames differ in a still scene."""
JUMP = 3.2
"""A cut stands out this much, in units of the usual difference around it. Of a thousand drawn cuts,
some of them between shots in flickering light, none stands out less than 3.7; of whips of the
camera that end in another scene, none more than 2.9."""
LOUD, QUIET = 1.8, 40.0
"""A difference so much larger than those of the livelier and of the calmer side is a cut, too,
between a shot full of motion and one at rest: no whip comes to rest within a frame, and none has
more than 17 times the difference of the calmer side."""

_PAIRS = ((BEFORE - 1, BEFORE), (0, BEFORE + 2))
"""Frames of a window that must not show the same scene."""
_AT_ONCE = 16
"""Windows that are examined together: 0.4 MB."""


class HardCut(NamedTuple):
    frame: int
    """The first of the new shot."""
    score: float


class Jumps(NamedTuple):
    cuts: list[HardCut]
    """Candidates of any score."""
    flashes: list[FrameRange]
    curve: Floats
    """(N,): how far each frame stands out, 0 to 1."""


def find_jumps(thumbnails: Thumbnails, survey: Survey) -> Jumps:
    """`survey` is that of `thumbnails`."""
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
    """Two frames before `frame`, the frame itself, and as many as a flash may last. After the end
    of a film, its last frame repeats."""
    found = thumbnails[frame - BEFORE : frame + 1 + FLASH]
    missing = BEFORE + 1 + FLASH - len(found)
    return np.concatenate([found, *[found[-1:]] * missing]) if missing else found


def _outstanding(change: Floats) -> Floats:
    """(N,): each difference in units of the usual one around it."""
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
    """(n,): the length of the flash with which a window begins, in frames; 0: there is none."""
    far = np.abs(colors[:, BEFORE + 1 :, np.newaxis] - colors[:, np.newaxis, :BEFORE])
    like = far.mean(axis=3).min(axis=2) < 0.45 * change[:, np.newaxis]
    return np.where(like.any(axis=1) & (change >= 4), like.argmax(axis=1) + 1, 0)


def _difference(near: Frames, colors: Floats, wanted: np.ndarray[Any, Any]) -> Floats:
    """(n,): how likely another scene begins in the windows that are `wanted`, 0 to 1."""
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
