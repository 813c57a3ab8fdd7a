"""How well a detector's cuts agree with what reviewers have decided."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from heaters_pipeline.domain.cut_points import FrameRange

TOLERANCE = 1
"""Frames by which a cut may lie beside a reviewer's and still be the same."""


class Agreement(NamedTuple):
    agreed: int
    false: int
    """Cuts within a clip that a reviewer took as one."""
    missed: int
    """Ends of clips that no cut gives."""

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 where there is nothing to agree on."""
        weighed = 2 * self.agreed + self.false + self.missed
        return 2 * self.agreed / weighed if weighed else 1.0

    def plus(self, other: Agreement) -> Agreement:
        """Over both videos."""
        return Agreement(*(ours + theirs for ours, theirs in zip(self, other, strict=True)))


def agreement(
    cuts: Iterable[int],
    decided: Sequence[FrameRange],
    frame_count: int,
    waiting: Sequence[FrameRange] = (),
) -> Agreement:
    """`decided` are the clips that reviewers have taken as one, so that a cut within is false.
    `waiting` are others whose ends they have seen, as the parts of a split: what is within is not
    decided yet. What lies outside of both counts for nothing."""
    ends = (edge for each in (*decided, *waiting) for edge in each)
    wanted = sorted({edge for edge in ends if 0 < edge < frame_count})
    open_cuts = set(cuts)
    agreed = 0
    for edge in wanted:
        around = range(edge - TOLERANCE, edge + TOLERANCE + 1)
        near = [cut for cut in around if cut in open_cuts]
        if near:
            open_cuts.remove(min(near, key=lambda cut: abs(cut - edge)))
            agreed += 1
    whole = sorted(decided)
    false = sum(_is_within(cut, whole) for cut in open_cuts)
    return Agreement(agreed, false, len(wanted) - agreed)


def _is_within(cut: int, ranges: Sequence[FrameRange]) -> bool:
    """`ranges` are in order and apart."""
    place = bisect_left(ranges, (cut,)) - 1
    return place >= 0 and cut < ranges[place].end
