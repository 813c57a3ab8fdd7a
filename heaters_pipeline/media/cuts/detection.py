"""The interface of every cut detector, and its answer."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.transitions import Transition
from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.cuts.evidence import Evidence
from heaters_pipeline.media.products.thumbnails import Thumbnails

SUGGESTED = 0.1
"""The least score of a suggestion."""
APART = 3
"""Frames: boundaries nearer than this are one."""


@dataclass(frozen=True)
class Detection:
    transitions: tuple[Transition, ...]
    """In order, from the threshold on."""
    curve: Floats
    """(N,): how much each frame looks like the start of another scene, for a chart."""
    threshold: float
    """The value of the curve from which on it means a transition."""
    suggestions: tuple[Transition, ...] = ()
    """In order: what was left out, but is worth a look."""
    flashes: tuple[FrameRange, ...] = ()
    """In order; none where the detector does not look for them."""

    def cuts(self) -> list[int]:
        """The first frame of each new clip, ascending; never frame 0."""
        return sorted(self.certainty())

    def certainty(self) -> Mapping[int, float]:
        """The scores of these cuts."""
        scores = ((each.boundary(len(self.curve)), each.score) for each in self.transitions)
        return {frame: score for frame, score in scores if frame}


Progress = Callable[[int, int], None]
"""Learns how many frames of how many are done."""


def no_progress(_done: int, _whole: int) -> None:
    """Tells nobody."""


Gather = Callable[[Progress], Evidence]
Remember = Callable[[str, Gather], Evidence]
"""Evidence by a name that stands for all that it depends on but the film: kept evidence, or what
the function finds out."""


def afresh(_name: str, gather: Gather) -> Evidence:
    """Remembers nothing."""
    return gather(no_progress)


class Detector(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def threshold(self) -> float:
        """In the detector's own unit; higher finds less."""
        ...

    def detect(
        self, thumbnails: Thumbnails, rate: Fraction, remember: Remember = afresh, /
    ) -> Detection:
        """Reads `thumbnails` in blocks, in no particular order. What takes long and does not depend
        on the threshold is asked of `remember`."""
        ...


def divided(
    found: Iterable[Transition],
    curve: Floats,
    threshold: float,
    flashes: Iterable[FrameRange] = (),
) -> Detection:
    """Candidates of any score as a detection: of those that overlap, the more certain one."""
    kept: list[Transition] = []
    least = min(SUGGESTED, threshold)
    for each in sorted(found, key=lambda each: -each.score):
        if each.score < least:
            break
        # None of those kept meets another: two neighbours are all that can.
        place = bisect(kept, _middle(each), key=_middle)
        if not any(_meet(each, other) for other in kept[max(0, place - 1) : place + 1]):
            kept.insert(place, each)
    return Detection(
        tuple(each for each in kept if each.score >= threshold),
        curve,
        threshold,
        tuple(each for each in kept if each.score < threshold),
        tuple(sorted(flashes)),
    )


def _middle(each: Transition) -> float:
    return (each.first + each.last) / 2


def _meet(one: Transition, other: Transition) -> bool:
    apart = abs(_middle(one) - _middle(other))
    return apart < APART or (one.first < other.last and other.first < one.last)
