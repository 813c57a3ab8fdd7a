"""Frames that show again what other frames show: in the same film, or in another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from heaters_pipeline.domain.cut_points import FrameRange

METHOD = 2
"""Raised where signatures, or what is called the same, change: older videos are then looked through
anew."""
LEAST_SCORE = 0.5
"""What is less alike than this is not kept."""
LEAST_SHARE = 0.6
"""Of the shorter of two clips: so much of it the longer one must show."""
TOLD_SHARE = 0.5
"""Of a film: if another one has so much of it, people are told."""


@dataclass(frozen=True)
class Repeat:
    """The first frame of `frames` is the first of `others`, the last the last; those between lie
    on the line between."""

    frames: FrameRange
    others: FrameRange
    is_mirrored: bool
    score: float
    """How alike the pictures are, 0 to 1."""

    def scored(self, score: float) -> Repeat:
        return replace(self, score=round(max(0.0, min(1.0, score)), 4))

    @property
    def turned(self) -> Repeat:
        """The same, as the other side sees it."""
        return replace(self, frames=self.others, others=self.frames)

    def within(self, frames: FrameRange, others: FrameRange) -> Repeat | None:
        """What of it lies in two ranges; None where nothing does."""
        first, last = _share_of(self.frames, frames)
        other_first, other_last = _share_of(self.others, others)
        first, last = max(first, other_first), min(last, other_last)
        own, other = _part_of(self.frames, first, last), _part_of(self.others, first, last)
        return replace(self, frames=own, others=other) if own and other else None


def _share_of(whole: FrameRange, part: FrameRange) -> tuple[float, float]:
    return (part.start - whole.start) / whole.length, (part.end - whole.start) / whole.length


def _part_of(whole: FrameRange, first: float, last: float) -> FrameRange | None:
    start = round(whole.start + max(first, 0) * whole.length)
    end = round(whole.start + min(last, 1) * whole.length)
    return FrameRange(start, end) if start < end else None


@dataclass(frozen=True)
class ClipRepeat:
    """Two clips that show the same."""

    clip_id: int
    other_id: int
    share: float
    """Of the clip: what the other one shows of it, 0 to 1."""
    other_share: float
    score: float
    is_mirrored: bool

    @property
    def is_same(self) -> bool:
        """Whether the longer one shows enough of the shorter one."""
        return max(self.share, self.other_share) >= LEAST_SHARE


def clip_repeat(
    clip_id: int,
    frames: FrameRange,
    other_id: int,
    others: FrameRange,
    found: Iterable[Repeat],
) -> ClipRepeat | None:
    """What all that was found says of two clips; None where it says nothing of them."""
    parts = [part for each in found if (part := each.within(frames, others))]
    if not parts:
        return None
    best = max(parts, key=lambda part: part.score)
    return ClipRepeat(
        clip_id,
        other_id,
        covered([part.frames for part in parts]) / frames.length,
        covered([part.others for part in parts]) / others.length,
        best.score,
        best.is_mirrored,
    )


def tied(clip_ids: Iterable[int], found: Iterable[ClipRepeat]) -> list[tuple[int, int]]:
    """Pairs of the clips that have frames in common: those that are the same, and those that both
    show most of a third one, which is none of the clips. `found` is what is the same as a clip."""
    known = set(clip_ids)
    first_of: dict[int, int] = {}
    return [
        (each.clip_id, each.other_id)
        if each.other_id in known
        else (first_of.setdefault(each.other_id, each.clip_id), each.clip_id)
        for each in found
        if each.other_id in known or each.other_share >= LEAST_SHARE
    ]


def covered(ranges: Sequence[FrameRange]) -> int:
    """How many frames lie in one or more of the ranges."""
    frames, end = 0, 0
    for each in sorted(ranges, key=lambda each: each.start):
        frames += max(0, each.end - max(each.start, end))
        end = max(end, each.end)
    return frames


def stacks(clip_ids: Sequence[int], same: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The clips in stacks of two or more, each in the order of `clip_ids`, as are the stacks.
    `same` are pairs. Every two clips of a stack are the same: two that are parts of a third one,
    and share nothing, do not become one stack."""
    friends: dict[int, set[int]] = defaultdict(set)
    for one, other in same:
        friends[one].add(other)
        friends[other].add(one)
    found: list[list[int]] = []
    for clip_id in (each for each in clip_ids if friends[each]):
        home = next((stack for stack in found if friends[clip_id].issuperset(stack)), None)
        if home is None:
            found.append([clip_id])
        else:
            home.append(clip_id)
    return [stack for stack in found if len(stack) > 1]


def covered_by_others(found: Iterable[Sequence[int]]) -> set[int]:
    """The clips of stacks that are not shown: all but the first of each."""
    return {clip_id for stack in found for clip_id in stack[1:]}
