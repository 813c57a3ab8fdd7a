"""Fades to, from and through black, white or another plain colour.

While a shot fades, its distance from the plain colour shrinks: the spatial contrast, or the
distance from black or from white. A fade is a dip of that distance to almost nothing (the idea of
Lienhart's "Comparison of automatic shot boundary detection algorithms", 1999, who follows the
contrast). The slopes of the dip are blends of the shot and the colour: their frames lie on the
straight line between the two, and the frames of a shot that merely gets dark do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from heaters_pipeline.media.cuts.arrays import Floats, runs
from heaters_pipeline.media.cuts.comparison import TILES, local_contrast, similarity, tiles
from heaters_pipeline.media.cuts.healed import Healed
from heaters_pipeline.media.cuts.survey import Survey

SLOPE_SECONDS = 1.8
"""The longest slope on either side."""
HOLD_SECONDS = 2.0
"""Plain frames that last longer are a shot of their own."""
BEYOND_SECONDS = 0.6
"""The same, where a cut leads to them or away from them."""
SHORTEST = 3
"""Frames of a slope; a shorter one is a jump."""

_EMPTY = 0.1
"""The share of its distance that a shot may keep in a fade with only one slope."""
_REST = 0.22
"""The share of its distance that a shot may keep at the bottom: the middle frame of a fade over 8
frames without a plain frame keeps a fifth."""
_STILL = 1.0
"""Levels by which frames at the bottom may differ."""
_CONTRAST, _LIGHT = 2.5, 12.0
"""Levels of contrast, and of distance from black or white. A shot with less can't fade."""


class Fade(NamedTuple):
    first: int
    last: int
    score: float


Level = Literal["contrast", "black", "white"]
"""Of Survey: a distance that a fade may take to almost nothing."""

LEVELS: tuple[Level, ...] = ("contrast", "black", "white")


class _Dip(NamedTuple):
    level: Level
    first: int
    """The last frame before the dip; -1 where the video begins in it."""
    begin: int
    """The first frame at the bottom."""
    end: int
    """The last frame at the bottom."""
    last: int
    """The first frame after the dip; the video's frame count where it ends in it."""


def find_fades(
    footage: Healed, survey: Survey, cuts: Sequence[int], rate: float
) -> tuple[list[Fade], set[int]]:
    """Fades in order, none overlapping another, and the `cuts` that belong to them. Plain frames
    beyond a cut are part of the transition if they last less than BEYOND_SECONDS."""
    reach = max(8, round(SLOPE_SECONDS * rate))
    least = max(1, round(BEYOND_SECONDS * rate))
    found: list[tuple[Fade, list[int]]] = []
    survey = Survey(*(footage.smoothed(values) for values in survey))
    for level in LEVELS:
        for dip in _dips(survey, level, reach):
            found += _judged(footage, getattr(survey, level), dip, cuts, rate, least)
    found.sort(key=lambda each: -each[0].score)
    kept: list[Fade] = []
    absorbed: set[int] = set()
    for fade, within in found:
        if all(fade.last <= other.first or fade.first >= other.last for other in kept):
            kept.append(fade)
            absorbed.update(within)
    return sorted(kept), absorbed


def _dips(survey: Survey, name: Level, reach: int) -> list[_Dip]:
    level: Floats = getattr(survey, name)
    count = len(level)
    highest = _highest(np.pad(level, reach), reach)
    before, after = highest[:count], highest[reach + 1 : reach + 1 + count]
    # A film may begin and end in black, with nothing before or after.
    plain = survey.black < 8 if name == "black" else np.zeros(count, bool)
    lead = np.logical_and.accumulate(plain)
    tail = np.logical_and.accumulate(plain[::-1])[::-1]
    shown = np.where(lead, after, np.where(tail, before, np.minimum(before, after)))
    low = (level < _REST * shown) & (shown > (_CONTRAST if name == "contrast" else _LIGHT))
    if name == "white" and survey.contrast.max() < _CONTRAST:
        # All frames are plain: white between two blacks is the shot.
        low[:] = False
    dips = []
    for begin, stop in runs(low):
        end = stop - 1
        first = -1 if begin == 0 else _top(level, begin, -1, reach)
        last = count if end == count - 1 else _top(level, end, 1, reach)
        dips.append(_Dip(name, first, begin, end, last))
    return dips


def _highest(level: Floats, width: int) -> Floats:
    """The largest of each `width` values in a row, by windows that double."""
    wide = 1
    while 2 * wide <= width:
        level = np.maximum(level[:-wide], level[wide:])
        wide *= 2
    rest = width - wide
    return np.maximum(level[:-rest], level[rest:]) if rest else level


def _top(level: Floats, bottom: int, step: int, reach: int) -> int:
    """Where the slope that leads up from `bottom` ends: beyond a third of the way, where its pace
    falls below half."""
    stop = bottom + step * (reach + 4)
    slope = level[bottom : stop if stop >= 0 else None : step]
    top = slope[1 : reach + 1].max(initial=0)
    for far in range(1, min(reach, len(slope) - 1) + 1):
        ahead = slope[far + 1 : far + 4]
        pace = (slope[far] - slope[0]) / far
        if not len(ahead):
            return bottom + step * far
        if slope[far] > 0.3 * top and ahead.max() - slope[far] < 0.45 * pace * len(ahead):
            # The last step or two may still lie ahead: a shot that gets lighter rises more slowly.
            while far + 1 < len(slope) and slope[far + 1] - slope[far] > 0.6 * pace:
                far += 1
            return bottom + step * far
    return bottom + step * min(reach, len(slope) - 1)


def _judged(
    footage: Healed, level: Floats, dip: _Dip, cuts: Sequence[int], rate: float, least: int
) -> list[tuple[Fade, list[int]]]:
    """The 0 to 2 fades of a dip, and the cuts within them."""
    name, first, begin, end, last = dip
    before = [cut for cut in cuts if first < cut <= begin]
    after = [cut for cut in cuts if end < cut <= last]
    count = len(footage)
    middle = (begin + end) // 2
    slopes = []
    if before:
        begin = before[-1]
    elif first >= 0:
        slopes.append((first, begin))
    if after:
        end = after[0] - 1
    elif last < count:
        slopes.append((last, end))
    if not slopes or any(abs(top - bottom) < SHORTEST for top, bottom in slopes):
        return []
    if len(slopes) == 1 and level[begin : end + 1].min() > _EMPTY * level[slopes[0][0]]:
        # Light is switched on in a dark room; no shot fades in.
        return []
    plain = _plain(footage, name, middle)
    score = min(_straightness(footage, plain, top, bottom) for top, bottom in slopes)
    hold = end - begin + 1
    if (before or after) and hold >= least:
        # A cut to black that stays black for a while: only the slope is a fade.
        settled, leaving = _bottom(level, begin, end)
        top = slopes[0][0]
        return [(Fade(leaving, last, score) if top == last else Fade(first, settled, score), [])]
    within = [*before, *after]
    first = before[-1] - 1 if before else first
    last = after[0] if after else last
    if first < 0 or last >= count:
        return [(Fade(first, last, score), within)]
    if hold > HOLD_SECONDS * rate:
        settled, leaving = _bottom(level, begin, end)
        return [(Fade(first, settled, score), []), (Fade(leaving, last, score), [])]
    # After a light goes out for a moment, the scene is the same.
    ends = local_contrast(np.concatenate([footage.read(at, at + 1) for at in (first, last)]))
    alike = float(similarity(ends[:1], ends[1:])[0])
    return [(Fade(first, last, min(score, max(0.0, (1 - alike) / (2 * (1 - 0.6))))), within)]


def _bottom(level: Floats, begin: int, end: int) -> tuple[int, int]:
    """The first and last still frame at the bottom of a dip."""
    dip = level[begin : end + 1]
    still = np.flatnonzero(dip <= dip.min() + _STILL)
    return begin + int(still[0]), begin + int(still[-1])


def _plain(footage: Healed, name: Level, middle: int) -> Floats:
    """The colour at the bottom, around frame `middle`, as tiles, (432,)."""
    if name == "black":
        return np.zeros(TILES * 3, np.float32)
    if name == "white":
        return np.full(TILES * 3, 255, np.float32)
    color = tiles(footage.read(middle, middle + 1)).reshape(TILES, 3).mean(axis=0)
    return np.tile(color, TILES)


def _straightness(footage: Healed, plain: Floats, top: int, bottom: int) -> float:
    """How well the frames of a slope lie on the line from the plain colour to the shot, 0 to 1."""
    start, stop = min(top, bottom), max(top, bottom) + 1
    frames = tiles(footage.read(start, stop)) - plain
    shot = frames[-1] if top > bottom else frames[0]
    length = shot @ shot + 1e-3
    along = frames @ shot / length
    off = np.einsum("nt,nt->n", frames, frames) / length - along * along
    # Motion during a long fade comes to a quarter of the shot's own distance.
    return max(0.0, 1 - float(np.sqrt(max(0.0, off.max()))) / (2 * 0.28))
