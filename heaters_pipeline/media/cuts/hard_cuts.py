"""Hard cuts: frames that differ from the one before far more than their neighbours do, and are
neither a flash nor the same scene in another light.

The usual sign of a cut is a difference that stands out among its neighbours' (Hanjalic,
"Shot-boundary detection: unraveled and resolved?", 2002, compares with a window around it, as
PySceneDetect's AdaptiveDetector does). It proposes candidates here, measured as it is and with the
light made even, since flickering light hides cuts. After a flash, a strobe light or a corrupt frame
the scene is the same, so some frame just after is like one just before: these are set aside.

Of each other candidate four distances are measured: of colours in place, of the same in even light,
of histograms, and of structures where they are most alike over small shifts. Each compares the two
frames of the jump with the pairs before, after and around it. In a cut every frame before is far
from every frame after, whatever moves; a whip pan, a passer-by and light that is switched on fail
in one of the four. A small network weighs the measures; it knows nothing of images.
`python -m benchmarks.train_jumps` fits it to drawn films and to a part of the real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.media.cuts.arrays import Floats, Ints, sigmoid
from heaters_pipeline.media.cuts.comparison import (
    DOWN,
    local_contrast,
    mean_colors,
    same_light,
    similarity,
    spread,
    tiles,
)
from heaters_pipeline.media.cuts.jump_weights import WEIGHTS
from heaters_pipeline.media.cuts.perceptron import Perceptron
from heaters_pipeline.media.cuts.survey import Survey
from heaters_pipeline.media.products.thumbnails import Frames, Thumbnails, blocks

NEIGHBORS = 6
"""Frames on either side among which a difference must stand out."""
BEFORE = 3
"""Frames before a jump that are examined."""
AFTER = 5
"""Frames from a jump on that are examined: one more than the longest flash has."""
GRAIN = 0.25
"""Levels by which the tiles of frames differ in a still scene."""
PROPOSED = 1.2
"""A candidate stands out this much, in units of the usual difference around it, and of that of the
two frames on its calmer side."""
LEAST_CHANGE = 1.5
"""Levels. No cut changes the image less."""

FEATURES = 31
HIDDEN = 12

_AT_ONCE = 16
"""Windows that are examined together: 0.5 MB."""
_LITTLE = 0.4
"""Added to distances before the logarithm: what grain alone comes to."""
_BINS = 4
"""Of each colour in a histogram."""


class HardCut(NamedTuple):
    frame: int
    """The first of the new shot."""
    score: float


class Jumps(NamedTuple):
    cuts: list[HardCut]
    """Candidates of any score."""
    flashes: list[FrameRange]


class Examined(NamedTuple):
    """The candidates of a film that begin no flash."""

    frames: Ints
    """(n,)"""
    features: Floats
    """(n, FEATURES)"""
    flashes: list[FrameRange]


def find_jumps(thumbnails: Thumbnails, survey: Survey) -> Jumps:
    """`survey` is that of `thumbnails`."""
    frames, features, flashes = examine(thumbnails, survey)
    scores = sigmoid(Perceptron.unpacked(WEIGHTS, FEATURES, HIDDEN)(features))
    cuts = [HardCut(*each) for each in zip(frames.tolist(), scores.tolist(), strict=True)]
    return Jumps(cuts, flashes)


def examine(thumbnails: Thumbnails, survey: Survey) -> Examined:
    changes = (survey.change, survey.unlit)
    outstanding = np.maximum(*(_outstanding(change) for change in changes))
    calm: list[Floats] = []
    loud: list[Floats] = []
    for change in changes:
        sides = [side.max(axis=0) for side in _beside(change, 2)]
        calm.append(change / (np.minimum(*sides) + GRAIN))
        loud.append(change / (np.concatenate(_beside(change, NEIGHBORS)).max(axis=0) + GRAIN))
    proposed = (np.minimum(outstanding, np.maximum(*calm)) > PROPOSED) & (
        survey.change > LEAST_CHANGE
    )
    # The earliest frame that another one can precede, and whose shot has more than one frame.
    candidates = np.flatnonzero(proposed[:-1])
    candidates = candidates[candidates >= 2]
    beside = np.log(np.stack([outstanding, *loud], axis=1) + np.float32(0.1))
    examined: list[Ints] = []
    features: list[Floats] = []
    flashes: list[FrameRange] = []
    healed = 0
    for start, stop in blocks(len(candidates), _AT_ONCE):
        frames = candidates[start:stop]
        near = np.stack([_window(thumbnails, frame) for frame in frames.tolist()])
        colors = tiles(near.reshape(-1, *near.shape[2:])).reshape(*near.shape[:2], -1)
        wanted = []
        for place, last in enumerate(_flashes(colors, survey.change[frames]).tolist()):
            frame = int(frames[place])
            if frame < healed:
                continue
            if last:
                end = min(frame + last, len(thumbnails) - 1)
                flashes.append(FrameRange(frame, end))
                healed = end + 1
            else:
                wanted.append(place)
        if wanted:
            examined.append(frames[wanted])
            features.append(_features(near[wanted], colors[wanted]))
    if not examined:
        return Examined(candidates[:0], np.empty((0, FEATURES), np.float32), flashes)
    found = np.concatenate(examined)
    measured = np.concatenate([np.concatenate(features), beside[found]], axis=1)
    return Examined(found, np.clip(measured, -6, 6), flashes)


def _window(thumbnails: Thumbnails, frame: int) -> Frames:
    """The frames around `frame`, which is number BEFORE of them. Beyond either end of a film its
    first or last frame repeats."""
    first = max(0, frame - BEFORE)
    found = thumbnails[first : frame + AFTER]
    before = [found[:1]] * (first - frame + BEFORE)
    after = [found[-1:]] * (frame + AFTER - first - len(found))
    return np.concatenate([*before, found, *after])


def _outstanding(change: Floats) -> Floats:
    """(N,): each difference in units of the usual one around it. Among twelve neighbours the two
    largest may be another cut's, or a flash's two edges."""
    around = np.partition(np.concatenate(_beside(change, NEIGHBORS)), -3, axis=0)[-3]
    return np.asarray(change / (around + GRAIN), np.float32)


def _beside(values: Floats, reach: int) -> list[Floats]:
    """(reach, N) twice: the values before and after each; 0 beyond the ends."""
    padded = np.pad(values, reach)
    width = len(values)
    return [
        np.stack([padded[first + step :][:width] for step in range(reach)])
        for first in (0, reach + 1)
    ]


def _flashes(colors: Floats, change: Floats) -> Ints:
    """(n,): the length of the flash with which a window begins, in frames; 0: there is none."""
    ends, starts = colors[:, BEFORE + 1 :, np.newaxis], colors[:, np.newaxis, BEFORE - 2 : BEFORE]
    far = np.abs(ends - starts)
    like = far.mean(axis=3).min(axis=2) < 0.45 * change[:, np.newaxis]
    return np.where(like.any(axis=1) & (change >= 4), like.argmax(axis=1) + 1, 0)


def _features(near: Frames, colors: Floats) -> Floats:
    """(n, FEATURES - 3), of windows as thumbnails and as tiles."""
    count, length = near.shape[:2]
    light = mean_colors(colors.reshape(-1, colors.shape[2])).mean(axis=1) + 1
    light = light.reshape(count, length)
    shades = _histograms(near.reshape(-1, *near.shape[2:])).reshape(count, length, -1)
    scenes = local_contrast(near.reshape(-1, *near.shape[2:])).reshape(count, length, DOWN, -1)

    def plain(one: int, other: int) -> Floats:
        return np.asarray(np.abs(colors[:, one] - colors[:, other]).mean(axis=1))

    def even(one: int, other: int) -> Floats:
        dim = np.minimum(light[:, one], light[:, other])
        ones, others = (colors[:, at] * (dim / light[:, at])[:, np.newaxis] for at in (one, other))
        return np.asarray(np.abs(ones - others).mean(axis=1))

    def tinted(one: int, other: int) -> Floats:
        """The distance of Hellinger."""
        shared = np.einsum("nb,nb->n", shades[:, one], shades[:, other])
        return np.asarray(20 * np.sqrt(np.maximum(0, 1 - shared)))

    def built(one: int, other: int) -> Floats:
        return np.asarray(20 * np.maximum(0, 1 - similarity(scenes[:, one], scenes[:, other])))

    columns: list[Floats] = []
    for distance in (plain, even, tinted, built):
        columns += _compared(distance)
    before, after = colors[:, BEFORE - 1], colors[:, BEFORE]
    later = range(BEFORE + 1, BEFORE + AFTER)
    back = [plain(one, other) for one in (BEFORE - 2, BEFORE - 1) for other in later]
    columns += [
        np.log(np.min(back, axis=0) + _LITTLE) - columns[0],
        spread(after - before),
        same_light(before, after),
        np.log(light.min(axis=1)),
    ]
    return np.stack(columns, axis=1, dtype=np.float32)


def _compared(distance: Callable[[int, int], Floats]) -> list[Floats]:
    """The distance of the frames of a jump, and how it compares with those of the frames on either
    side, of frames across it, and of frames further away; all as logarithms."""

    def far(one: int, other: int) -> Floats:
        return np.asarray(np.log(distance(BEFORE + one, BEFORE + other) + np.float32(_LITTLE)))

    own = far(-1, 0)
    before, after = far(-2, -1), far(0, 1)
    across = far(-2, 1), far(-1, 1), far(-2, 0)
    return [
        own,
        own - np.maximum(before, after),
        own - np.minimum(before, after),
        own - np.maximum(far(-3, -2), far(1, 2)),
        np.min(across, axis=0) - own,
        far(-3, 3) - own,
    ]


def _histograms(frames: Frames) -> Floats:
    """(n, 64): square roots of the shares of pixels by colour."""
    levels = frames // (256 // _BINS)
    bins = (levels[..., 0] * _BINS + levels[..., 1]) * _BINS + levels[..., 2]
    counts = [np.bincount(each.ravel(), minlength=_BINS**3) for each in bins]
    return np.sqrt(np.stack(counts) / np.float32(bins[0].size), dtype=np.float32)
