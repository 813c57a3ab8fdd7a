"""Detection carried on, stretch after stretch, through a film of which more and more is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.transitions import Transition
from heaters_pipeline.media.cuts.detection import Detection

MARGIN_SECONDS = 10.0
"""Nothing that is further away decides whether there is a transition: the longest windows of all
detectors (fades: two slopes of 1.8 s and 2 s between them; TransNetV2: 100 frames) are shorter."""


def margin(rate: Fraction) -> int:
    """Frames before a place that a detection must see to say what it would say of it in the whole
    film, and that it must see after it."""
    return round(MARGIN_SECONDS * rate)


def begins_at(settled: int, rate: Fraction) -> int:
    """The first frame that the next detection has to see, where all is settled before `settled`."""
    return max(0, settled - margin(rate))


def stitched(before: Detection | None, found: Detection, start: int, settled: int) -> Detection:
    """`before` up to frame `settled`, and from there on what was found in the frames from `start`.

    Both have seen `margin` frames on either side of it, and so find the same there; what lies at it
    is from `before`. Transitions that `found` has at its own start are none of the film's.
    """
    moved = _moved(found, start)
    if before is None:
        return moved
    count = len(moved.curve)

    def joined(
        old: Iterable[Transition], new: Iterable[Transition], old_count: int
    ) -> tuple[Transition, ...]:
        kept = [each for each in old if _place(each, old_count) <= settled]
        return (*kept, *(each for each in new if _place(each, count) > settled))

    old_count = len(before.curve)
    return replace(
        moved,
        transitions=joined(before.transitions, moved.transitions, old_count),
        suggestions=joined(before.suggestions, moved.suggestions, old_count),
        flashes=(
            *(each for each in before.flashes if each.start < settled),
            *(each for each in moved.flashes if each.start >= settled),
        ),
        curve=np.concatenate([before.curve[:settled], moved.curve[settled:]]),
    )


def _place(each: Transition, frame_count: int) -> int:
    """Where a transition counts as lying; one that opens the film lies at its start, one that ends
    it at its end."""
    if each.first < 0:
        return 0
    return frame_count if each.last >= frame_count else (each.first + each.last + 1) // 2


def _moved(found: Detection, by: int) -> Detection:
    """With the numbers that frames have in the film."""

    def moved(some: Iterable[Transition]) -> tuple[Transition, ...]:
        return tuple(
            replace(each, first=each.first + by if each.first >= 0 else by - 1, last=each.last + by)
            for each in some
        )

    return replace(
        found,
        transitions=moved(found.transitions),
        suggestions=moved(found.suggestions),
        flashes=tuple(FrameRange(each.start + by, each.end + by) for each in found.flashes),
        curve=np.concatenate([np.zeros(by, found.curve.dtype), found.curve]),
    )
