"""Dissolves and wipes: frames that lie between two different shots.

In a dissolve all frames lie on the straight line between its two ends, and in a wipe each part of
the image jumps from one end to the other; motion does neither. So each frame gets windows of
several lengths around it, with three measures: the distance between the window's ends, the
straightness of the way over the middle, and how both compare with the windows beside it. (The twin
comparison of Zhang, Kankanhalli and Smoliar, 1993, uses only the first; Meng, Juan and Chang, 1995,
use that a dissolve is linear.)

A network of 24 hidden units weighs these numbers. It knows nothing of images, only of distances;
`python -m benchmarks.train_blends` fits it to drawn films. Its proposals are then examined: their
ends must show different scenes, and the change must be all over the image.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from heaters_pipeline.media.cuts.arrays import Floats, Ints, sigmoid
from heaters_pipeline.media.cuts.blend_weights import WEIGHTS
from heaters_pipeline.media.cuts.comparison import TILES, local_contrast, similarity, spread, tiles
from heaters_pipeline.media.cuts.distances import LAGS, REACHES, Distances
from heaters_pipeline.media.cuts.healed import Healed
from heaters_pipeline.media.cuts.perceptron import Perceptron
from heaters_pipeline.media.products.thumbnails import Frames, blocks

FEATURES = 21
HIDDEN = 24

_LEAST_DISTANCE = 3.0
"""Levels between a window's ends. All transitions of the drawn films have more, even those between
dark shots."""


class Blend(NamedTuple):
    first: int
    last: int
    score: float
    is_wipe: bool


class Windows(NamedTuple):
    """Windows of one half length."""

    reach: int
    middles: Ints
    """(n,): frame numbers."""
    features: Floats
    """(n, FEATURES)"""


def find_blends(
    footage: Healed, distances: Distances, shots: Ints, step: int = 1
) -> tuple[list[Blend], Floats]:
    """Candidates of any score, none overlapping another, and a curve from 0 to 1.

    `shots`, (N,), numbers the parts between cuts and fades in ascending order; within a fade the
    number is negative. For films of a high rate, only each `step`th frame counts; `distances` are
    those of these frames.
    """
    network = Perceptron.unpacked(WEIGHTS, FEATURES, HIDDEN)
    best = np.full(len(distances), -np.inf, np.float32)
    reaches = np.zeros(len(distances), np.int64)
    shots = shots[::step]
    for windows in windows_of(distances, shots):
        proposed = network(windows.features)
        better = proposed > best[windows.middles]
        at = windows.middles[better]
        best[at], reaches[at] = proposed[better], windows.reach
    curve = np.repeat(_probability(best), step)[: len(footage)]
    shots = np.abs(shots)
    found = [
        _examined(footage, shots, middle, reach, step, sure)
        for middle, reach, sure in _peaks(best, reaches)
    ]
    return _apart(found), curve


def _apart(found: list[Blend]) -> list[Blend]:
    """In order, without those that overlap a more certain one."""
    kept: list[Blend] = []
    for blend in sorted(found, key=lambda each: -each.score):
        if all(blend.last <= other.first or blend.first >= other.last for other in kept):
            kept.append(blend)
    return sorted(kept)


def windows_of(distances: Distances, shots: Ints) -> Iterator[Windows]:
    """All windows within a shot whose ends differ more than those of a neighbouring window."""
    count = len(distances)
    clear = shots >= 0
    shots = np.abs(shots)
    firsts = np.searchsorted(shots, shots)
    lasts = np.searchsorted(shots, shots, "right") - 1
    structural = distances.structural()
    for reach in REACHES:
        length = 2 * reach
        begins = np.flatnonzero(
            (distances.absolute[length] > _LEAST_DISTANCE)
            & (shots[: max(0, count - length)] == shots[length:])
            & clear[reach : max(0, count - length) + reach]
        )
        for start, stop in blocks(len(begins)):
            yield _windows(distances, structural, reach, begins[start:stop], firsts, lasts)


def _windows(
    distances: Distances,
    structural: dict[int, Floats],
    reach: int,
    begins: Ints,
    firsts: Ints,
    lasts: Ints,
) -> Windows:
    """`firsts`, `lasts`: of the shot of each frame."""
    length = 2 * reach
    absolute, square = distances.absolute, distances.square
    distance = absolute[length]
    # The window before and the one after, moved into the shot where they reach beyond it. Where one
    # of the two is absent, the other stands in; where both are, one that is like no transition.
    before = np.maximum(begins - length, firsts[begins])
    after = np.minimum(begins + length, lasts[begins] - length)
    has_before, has_after = before <= begins - reach, after >= begins + reach
    alone = ~has_before & ~has_after
    before, after = np.where(has_before, before, after), np.where(has_after, after, before)
    sides = np.where(alone, begins, [before, after])
    near = np.where(alone, distance[begins] / 2, distance[sides].min(axis=0))
    worth = distance[begins] > near
    begins, alone = begins[worth], alone[worth]
    # (3, n): windows, and those on either side.
    at = np.stack([begins, *sides[:, worth]])

    def halves(of: dict[int, Floats]) -> tuple[Floats, Floats]:
        return of[reach][at], of[reach][at + reach]

    def beside(values: Floats, neutral: Any) -> list[Floats]:
        """The larger and the smaller of both neighbours' values."""
        return [
            np.where(alone, neutral, side)
            for side in (np.maximum(*values[1:]), np.minimum(*values[1:]))
        ]

    own_distance, own_change = distance[begins], structural[length][begins]
    one, other = halves(absolute)
    detour = (one + other) / (distance[at] + 0.3) - 1
    off_line = _off_line(*halves(square), square[length][at], 0.3)
    off_structure = _off_line(*halves(structural), structural[length][at], 0.02)
    inner, outer = _inner(length)
    gone = absolute[inner][begins], absolute[inner][begins + outer]
    left = absolute[outer][begins + inner], absolute[outer][begins]
    detours = [
        (one + other) / (own_distance + 0.3) - 1 for one, other in zip(gone, left, strict=True)
    ]
    columns = [
        np.log(own_distance + 0.5),
        detour[0],
        *beside(detour, 0.5),
        *(
            np.log((own_distance + 0.5) / (each + 0.5))
            for each in beside(distance[at], own_distance / 2)
        ),
        np.abs(one[0] - other[0]) / (own_distance + 0.3),
        np.maximum(*gone) / (own_distance + 0.3),
        np.minimum(*gone) / (own_distance + 0.3),
        np.maximum(*detours),
        np.minimum(*detours),
        np.log(own_change + 0.03),
        off_structure[0],
        *beside(off_structure, 0.5),
        *(
            np.log((own_change + 0.03) / (each + 0.03))
            for each in beside(structural[length][at], own_change / 2)
        ),
        off_line[0],
        *beside(off_line, 0.5),
        np.full(len(begins), np.log(reach)),
    ]
    features = np.stack(columns, axis=1, dtype=np.float32)
    return Windows(reach, begins + reach, np.clip(features, -6, 6, out=features))


def _inner(length: int) -> tuple[int, int]:
    """The two parts of a window, divided at a quarter or at a third, whichever is among the
    lags."""
    return next(
        (part, length - part) for part in LAGS if length - part in LAGS and part * 4 >= length
    )


def _off_line(one: Floats, other: Floats, whole: Floats, least: float) -> Floats:
    """How far a window's middle is from the line between its ends, in units of their distance;
    computed from the three squared distances (the median of a triangle)."""
    off = np.maximum((one + other) / 2 - whole / 4, 0)
    return np.asarray(np.sqrt(off / (whole + least)), np.float32)


_PROPOSED = 2.0
"""The least output of the network; fitted, with the tests below, to the drawn films."""


def _probability(said: Floats) -> Floats:
    return sigmoid(said - np.float32(_PROPOSED))


def _peaks(best: Floats, reaches: Ints) -> Iterator[tuple[int, int, float]]:
    """The best windows, none of which lies in another's middle half."""
    taken = np.zeros(len(best), bool)
    middles = np.zeros(len(best), bool)
    candidates = np.flatnonzero(best > _PROPOSED - 1.5)
    for at in candidates[np.argsort(-best[candidates], kind="stable")].tolist():
        reach = int(reaches[at])
        near = reach * 4 // 5
        if taken[at] or middles[max(0, at - near) : at + near + 1].any():
            continue
        taken[max(0, at - max(2, reach)) : at + max(2, reach) + 1] = True
        middles[at] = True
        yield at, reach, float(_probability(best[at]))


def _examined(
    footage: Healed, shots: Ints, middle: int, reach: int, step: int, sure: float
) -> Blend:
    """The window as found, or a wider one if the window is the inner part of a longer transition:
    the one with the better score."""
    # Relatively further for short windows, to recognise scenes that swing to and fro.
    around = max(2 * reach, min(4 * reach, max(REACHES)))
    low = max(int(np.searchsorted(shots, shots[middle])), middle - around)
    high = min(int(np.searchsorted(shots, shots[middle], "right")) - 1, middle + around)
    frames = footage.read(low * step, high * step + 1)[::step]
    colors = tiles(frames)
    middle -= low
    reaches = sorted({reach, _whole_reach(colors, middle, reach)})
    judged = [_judged(frames, colors, middle - each, middle + each, sure) for each in reaches]
    best = max(judged, key=lambda each: each.score)
    return best._replace(first=(low + best.first) * step, last=(low + best.last) * step)


def _judged(frames: Frames, colors: Floats, begin: int, end: int, sure: float) -> Blend:
    begin, end = _slope(colors, begin, end)
    way = colors[end] - colors[begin]
    scenes = local_contrast(frames[[begin, end]])
    alike = float(similarity(scenes[:1], scenes[1:])[0])
    # Objects that move during a long transition stray further.
    most = 0.2 + 0.15 * min(1.0, (end - begin) / 30)
    score = min(
        sure,
        # A scene that moves or changes its light stays more alike than this; an overlay spreads
        # less; a scene that swings to and fro comes back.
        (1 - alike) / (2 * (1 - 0.55)),
        float(spread(way[np.newaxis])[0]) / (2 * 0.4),
        _left_for_good(colors, begin, end) / (2 * 0.4),
        1 - _straying(colors[begin : end + 1]) / (2 * most),
    )
    halfway = colors[(begin + end) // 2] - colors[begin]
    is_wipe = _is_wipe(halfway.reshape(TILES, 3), way.reshape(TILES, 3))
    return Blend(begin, end, min(1.0, max(0.0, score)), is_wipe)


def _straying(colors: Floats) -> float:
    """How far the tiles of (n, 432) are from the lines between their first and last colours, in
    units of the whole change; 0 in a dissolve or a wipe between shots at rest."""
    pixels = (colors - colors[0]).reshape(len(colors), TILES, 3)
    way = pixels[-1]
    along = np.einsum("ntc,tc->nt", pixels, way) / (np.einsum("tc,tc->t", way, way) + 1)
    off = pixels - np.clip(along, 0, 1)[..., np.newaxis] * way
    square = np.einsum("ntc,ntc->n", off, off) / (np.vdot(way, way) + 1e-3)
    return float(np.sqrt(square).mean())


def _left_for_good(colors: Floats, begin: int, end: int) -> float:
    """How near the frames after a window come to its beginning, or those before it to its end, in
    units of the distance between both."""
    reach = 2 * (end - begin) + 2
    pairs = (begin, colors[end + 1 : end + reach]), (end, colors[max(0, begin - reach) : begin])
    distances = [np.abs(others - colors[at]).mean(axis=1) for at, others in pairs]
    whole = np.abs(colors[end] - colors[begin]).mean() + 1e-3
    return float(min(each.min(initial=whole) for each in distances) / whole)


def _whole_reach(colors: Floats, middle: int, reach: int) -> int:
    """`reach`, or up to twice that while the ends of a wider window are still much further
    apart."""
    longest = min(2 * reach, middle, len(colors) - 1 - middle)
    for wider in (3 * reach // 2, 2 * reach):
        if wider > longest:
            break
        now = np.abs(colors[middle + reach] - colors[middle - reach]).mean()
        then = np.abs(colors[middle + wider] - colors[middle - wider]).mean()
        if then < 1.2 * now:
            break
        reach = wider
    return reach


def _slope(colors: Floats, begin: int, end: int) -> tuple[int, int]:
    """Where the change from one end of a window to the other begins and ends."""
    way = colors[end] - colors[begin]
    along = (colors[begin : end + 1] - colors[begin]) @ way / (way @ way + 1e-3)
    half = int(np.argmax(along >= 0.5))
    below = np.flatnonzero(along[: half + 1] <= 0.1)
    above = np.flatnonzero(along[half:] >= 0.9)
    first = int(below[-1]) if len(below) else 0
    last = max(first + 1, half + int(above[0]) if len(above) else end - begin)
    # The thresholds above leave out a tenth at either end.
    more = round((last - first) / 10)
    return max(0, begin + first - more), min(len(colors) - 1, begin + last + more)


def _is_wipe(halfway: Floats, way: Floats) -> bool:
    """Whether, halfway through, most tiles that change are near one end or the other."""
    power = (way * way).sum(axis=1)
    changed = power > power.mean() / 4
    along = (halfway * way).sum(axis=1)[changed] / (power[changed] + 1e-3)
    return float((np.abs(along - 0.5) < 0.25).mean()) < 0.4
