"""Frame ranges and how cut points divide a video into them.

Frames are 0-based, ranges half-open.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from heaters_pipeline.domain.errors import InputError

MOST_PARTS = 100
"""Of one split: each part is a clip that somebody has to look at."""


class FrameRange(NamedTuple):
    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start

    @classmethod
    def from_json(cls, frames: Mapping[str, int]) -> FrameRange:
        return cls(frames["start_frame"], frames["end_frame"])

    def those_in(self, frames: Iterable[int]) -> list[int]:
        return [frame for frame in frames if self.start <= frame < self.end]

    def as_json(self) -> dict[str, int]:
        return {"start_frame": self.start, "end_frame": self.end}


def divide(whole: FrameRange, cuts: Iterable[int]) -> list[FrameRange]:
    """The ranges between cuts, in order, covering `whole` without gap or overlap.

    A cut is the first frame of what follows it; cuts outside `whole` or on its edges divide
    nothing.
    """
    inside = sorted({cut for cut in cuts if whole.start < cut < whole.end})
    edges = [whole.start, *inside, whole.end]
    return [FrameRange(*pair) for pair in itertools.pairwise(edges)]


def without_short(scores: Mapping[int, float], least: int) -> list[int]:
    """The cuts, in order, that leave no clip between two of them shorter than `least` frames. A
    clip that is too short joins the neighbour from which the less certain cut divides it.
    `scores` says how certain each cut is. The first and last clip of a video may be shorter: even a
    part of a shot there is another shot."""
    kept: list[int] = []
    for group in _close(sorted(scores), least):
        while len(group) > 1:
            length, start, end = min(
                (end - start, start, end) for start, end in itertools.pairwise(group)
            )
            if length >= least:
                break
            group.remove(min(start, end, key=lambda cut: scores[cut]))
        kept += group
    return kept


def _close(cuts: Sequence[int], least: int) -> Iterator[list[int]]:
    """Runs of cuts less than `least` frames from the next."""
    run: list[int] = []
    for cut in cuts:
        if run and cut - run[-1] >= least:
            yield run
            run = []
        run.append(cut)
    if run:
        yield run


def shorten(whole: FrameRange, longest: int) -> list[FrameRange]:
    """The least number of parts, as equal as can be, that are no longer than `longest` frames."""
    parts = -(-whole.length // max(1, longest))
    cuts = [whole.start + whole.length * n // parts for n in range(1, parts)]
    return divide(whole, cuts)


def plan_clips(
    frame_count: int,
    cuts: Iterable[int],
    kept: Sequence[FrameRange],
    longest: int | None = None,
) -> list[FrameRange]:
    """The ranges of new clips: `[0, frame_count)` less what is `kept`, divided at the cuts, and
    further where one would be longer than `longest` frames.

    `kept` are the ranges of clips that somebody has decided on; they must not overlap.
    """
    cuts = list(cuts)
    planned: list[FrameRange] = []
    position = 0
    for keep in [*sorted(kept), FrameRange(frame_count, frame_count)]:
        if keep.start > position:
            planned += divide(FrameRange(position, keep.start), cuts)
        position = max(position, keep.end)
    if longest is None:
        return planned
    return [part for frames in planned for part in shorten(frames, longest)]


def find_faults(frame_count: int, ranges: Iterable[FrameRange]) -> list[str]:
    """What keeps `ranges` from covering `[0, frame_count)` once each, a sentence for each fault."""
    faults = []
    position = 0
    for start, end in sorted(ranges):
        if start > position:
            faults.append(f"Frames {position} to {start - 1} belong to no clip.")
        elif start < position:
            faults.append(f"Frames {start} to {min(position, end) - 1} belong to two clips.")
        position = max(position, end)
    if position < frame_count:
        faults.append(f"Frames {position} to {frame_count - 1} belong to no clip.")
    elif position > frame_count:
        faults.append(f"A clip ends at frame {position}, after the last frame {frame_count - 1}.")
    return faults


def split(whole: FrameRange, *cuts: int) -> tuple[FrameRange, ...]:
    """The parts of a clip cut before each of `cuts`; raises InputError unless each part has frames
    and there are 2 to 100."""
    if len(set(cuts)) >= MOST_PARTS:
        raise InputError(f"A clip is split into {MOST_PARTS} parts at a time, at most.")
    for frame in cuts:
        if not whole.start < frame < whole.end:
            raise InputError(
                f"A clip of frames {whole.start} to {whole.end - 1} can't be split at frame "
                f"{frame}: step to the first frame of the second part, which can't be the clip's "
                "own first."
            )
    if not cuts:
        raise InputError("A split needs the frame that the second part starts with.")
    return tuple(divide(whole, cuts))


def merge(first: FrameRange, second: FrameRange) -> FrameRange:
    """The union of two neighbours; raises InputError if frames lie between them."""
    _refuse_unless_neighbours(first, second, "merged")
    return FrameRange(first.start, second.end)


def move_cut(first: FrameRange, second: FrameRange, frame: int) -> tuple[FrameRange, FrameRange]:
    """Both neighbours with the cut between them before `frame`; raises InputError unless each
    keeps a frame."""
    _refuse_unless_neighbours(first, second, "cut anew")
    if not first.start < frame < second.end:
        raise InputError(
            f"The cut can't move to frame {frame}: it must leave a frame to the clips on both "
            f"sides, so it can be at {first.start + 1} to {second.end - 1}."
        )
    return FrameRange(first.start, frame), FrameRange(frame, second.end)


def _refuse_unless_neighbours(first: FrameRange, second: FrameRange, done: str) -> None:
    if first.end != second.start:
        raise InputError(
            f"Clips that end at frame {first.end - 1} and start at frame {second.start} "
            f"are no neighbours, so they can't be {done}."
        )
