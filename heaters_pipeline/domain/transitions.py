"""Transitions between shots, and what they mean for the clips on either side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

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


def clean_range(clip: FrameRange, transitions: Iterable[Transition]) -> FrameRange:
    """The frames of `clip` that show its own shot alone: what no transition over its edges touches.
    The whole clip where nothing would be left."""
    start, end = clip
    for each in transitions:
        if each.first < clip.start <= each.last:
            start = max(start, each.last)
        if each.first < clip.end <= each.last:
            end = min(end, each.first + 1)
    return FrameRange(start, end) if start < end else clip
