"""How unsure the cuts of a clip are: those that the detector made, and those that it left out.

A score is 0 to 1; at 0.5 a cut is as likely as not, whatever threshold divides what is laid from
what is suggested.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.transitions import Transition

SURE = 0.75
"""The score from which on a cut shows no doubt."""

CLEARANCE = 2
"""Frames at either end of a clip in which a suggested cut is taken for that end."""


def suggestible(clip: FrameRange) -> FrameRange:
    """The frames at which a cut can be suggested for the clip; empty for a short one."""
    start = clip.start + CLEARANCE + 1
    return FrameRange(start, max(start, clip.end - CLEARANCE))


def doubt(cuts: Iterable[float | None], suggested: Iterable[float]) -> float | None:
    """0 to 1 from the scores of the cuts at the ends of a clip and of those suggested within it.
    It is 1 where a cut at an end is no likelier than not, or one within is likelier, and 0 where
    the detector was sure of all. None where nothing is known."""
    doubts = [1 - score for score in cuts if score is not None] + [*suggested]
    return round(min(1.0, 2 * max(doubts)), 3) if doubts else None


class Doubts:
    """The doubt of a video's clips. Looked up by frame: a long video has thousands of cuts."""

    def __init__(
        self,
        found: Iterable[Transition],
        suggested: Iterable[Transition],
        frame_count: int,
        placed: Collection[int],
    ) -> None:
        """`placed` are the cuts that reviewers made or moved, where they put them: nobody doubts
        them, and none is suggested there."""
        self._scores: dict[int, float] = {}
        for each in found:
            frame = each.boundary(frame_count)
            if frame is not None and frame not in placed:
                self._scores[frame] = max(each.score, self._scores.get(frame, 0))
        boundaries = ((each.boundary(frame_count), each.score) for each in suggested)
        self._suggested = sorted(
            (frame, score)
            for frame, score in boundaries
            if frame is not None and frame not in placed
        )

    def of(self, clip: FrameRange) -> float | None:
        within = (bisect_left(self._suggested, (frame,)) for frame in suggestible(clip))
        scores = (score for _, score in self._suggested[slice(*within)])
        return doubt((self._scores.get(clip.start), self._scores.get(clip.end)), scores)
