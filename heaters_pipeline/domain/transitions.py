"""Transitions between shots, and what they mean for the clips on either side."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from heaters_pipeline.domain.cut_points import FrameRange


class TransitionKind(StrEnum):
    CUT = "cut"
    DISSOLVE = "dissolve"
    FADE = "fade"
    """To black, white or another plain colour, from it, or through it."""
    WIPE = "wipe"


@dataclass(frozen=True)
class Transition:
    kind: TransitionKind
    first: int
    """Last clean frame of the outgoing shot; -1 where the video begins within the transition."""
    last: int
    """First clean frame of the incoming shot; the video's frame count where it ends within the
    transition."""
    score: float = 1.0
    """How sure the detector is, 0 to 1."""

    def boundary(self, frame_count: int) -> int | None:
        """The first frame of the next clip: the frame after a cut, the middle of anything longer,
        where both shots show as much. None where no shot goes before or comes after."""
        if self.first < 0 or self.last >= frame_count:
            return None
        return (self.first + self.last + 1) // 2


class Transitions:
    """The transitions of one video, looked up by where they lie: a long video has thousands."""

    def __init__(self, found: Iterable[Transition]) -> None:
        self._found = sorted(found, key=lambda each: each.first)
        self._firsts = [each.first for each in self._found]
        # How far the transitions up to each one reach, as one may lie within another.
        self._reach = list(accumulate((each.last for each in self._found), max))

    def over(self, edge: int) -> Iterator[Transition]:
        """The transitions that a cut right before frame `edge` lies within."""
        place = bisect_left(self._firsts, edge) - 1
        while place >= 0 and self._reach[place] >= edge:
            if self._found[place].last >= edge:
                yield self._found[place]
            place -= 1

    def clean_range(self, clip: FrameRange) -> FrameRange:
        """The frames of `clip` that show its own shot alone: what no transition over its edges
        touches. The whole clip where nothing would be left."""
        start = max((each.last for each in self.over(clip.start)), default=clip.start)
        end = min((each.first + 1 for each in self.over(clip.end)), default=clip.end)
        return FrameRange(start, end) if start < end else clip
