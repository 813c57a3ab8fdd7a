"""Whether two clips show the same, and which frames of one those of the other are."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.repeats import LEAST_SHARE, Repeat
from heaters_pipeline.media.products.thumbnails import Thumbnails
from heaters_pipeline.media.repeats.alignment import Line, best_line, likeness
from heaters_pipeline.media.repeats.judge import judged
from heaters_pipeline.media.repeats.signatures import (
    STEP_SECONDS,
    grays,
    pictures_at,
    sampled,
    shows_something,
)

LEAST_SAMPLES = 6
JUDGED = 8
"""Frames that the last judge looks at."""
LONG_SECONDS = 2
"""What is this long is kept although it is a small part of both clips."""
NEARBY = 3
"""Frames before and after the one that the line names: its offset is this exact."""


@dataclass(frozen=True)
class Part:
    """Frames of a film."""

    thumbnails: Thumbnails
    frames: FrameRange
    rate: Fraction


def compared(own: Part, other: Part, *, mirrored: bool = False) -> Repeat | None:
    """The frames of `own` that `other` shows, too; None where there are none."""
    numbers = sampled(own.frames, own.rate, LEAST_SAMPLES)
    theirs = sampled(other.frames, other.rate * 2, LEAST_SAMPLES * 2)
    pictures, others = pictures_at(own.thumbnails, numbers), pictures_at(other.thumbnails, theirs)
    if mirrored:
        pictures = pictures[:, :, ::-1]
    seen = shows_something(pictures)
    if not seen.any():
        return None
    alike = likeness(pictures, others)
    alike[~seen] = 0
    alike[:, ~shows_something(others)] = 0
    times, other_times = numbers / float(own.rate), theirs / float(other.rate)
    line = best_line(alike, times, other_times)
    if line is None:
        return None
    step = times[1] - times[0] if len(times) > 1 else STEP_SECONDS
    repeat = _frames(line, own, other, step / 2, mirrored)
    if repeat is None or not _is_long_enough(repeat, own, other):
        return None
    seconds = float(repeat.frames.length / own.rate)
    return repeat.scored(_score(line, own, other, mirrored, seconds))


def _is_long_enough(repeat: Repeat, own: Part, other: Part) -> bool:
    """A glance at two shots may look the same by chance."""
    seconds = repeat.frames.length / own.rate
    shortest = min(part.frames.length / part.rate for part in (own, other))
    return seconds >= min(LONG_SECONDS, LEAST_SHARE * shortest)


def _frames(line: Line, own: Part, other: Part, reach: float, mirrored: bool) -> Repeat | None:
    start = max(line.start - reach, own.frames.start / float(own.rate))
    end = min(line.end + reach, own.frames.end / float(own.rate))
    start = max(start, (other.frames.start / float(other.rate) - line.offset) / line.speed)
    end = min(end, (other.frames.end / float(other.rate) - line.offset) / line.speed)
    mine = _within(own.frames, start * own.rate, end * own.rate)
    at = (line.speed * start + line.offset, line.speed * end + line.offset)
    theirs = _within(other.frames, at[0] * other.rate, at[1] * other.rate)
    return Repeat(mine, theirs, mirrored, 0.0) if mine and theirs else None


def _within(frames: FrameRange, start: float, end: float) -> FrameRange | None:
    first, last = max(frames.start, round(start)), min(frames.end, round(end))
    return FrameRange(first, last) if first < last else None


def _score(line: Line, own: Part, other: Part, mirrored: bool, seconds: float) -> float:
    times = np.linspace(line.start, line.end, JUDGED)
    numbers = np.clip(np.rint(times * float(own.rate)), own.frames.start, own.frames.end - 1)
    numbers = np.unique(numbers.astype(np.int64))
    pictures = pictures_at(own.thumbnails, numbers)
    if mirrored:
        pictures = pictures[:, :, ::-1]
    there = line.speed * numbers / float(own.rate) + line.offset
    centres = np.rint(there * float(other.rate)).astype(np.int64)
    near = centres[:, None] + np.arange(-NEARBY, NEARBY + 1)
    near = np.clip(near, other.frames.start, other.frames.end - 1)
    first = int(near.min())
    piece = grays(other.thumbnails[first : int(near.max()) + 1])
    return judged(pictures, piece[near - first], seconds)
