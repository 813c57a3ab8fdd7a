"""How well a detector's cuts agree with what reviewers have decided."""

from __future__ import annotations

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


def agreement(cuts: Iterable[int], decided: Sequence[FrameRange], frame_count: int) -> Agreement:
    """`decided` are the ranges that reviewers have judged; what lies outside them counts for
    nothing."""
    wanted = sorted({edge for each in decided for edge in each if 0 < edge < frame_count})
    open_cuts = set(cuts)
    agreed = 0
    for edge in wanted:
        near = [cut for cut in open_cuts if abs(cut - edge) <= TOLERANCE]
        if near:
            open_cuts.remove(min(near, key=lambda cut: abs(cut - edge)))
            agreed += 1
    false = sum(any(each.start < cut < each.end for each in decided) for cut in open_cuts)
    return Agreement(agreed, false, len(wanted) - agreed)
