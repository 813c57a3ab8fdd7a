"""The interface of every cut detector, and its answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from heaters_pipeline.domain.transitions import Transition
from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.products.thumbnails import Thumbnails


@dataclass(frozen=True)
class Detection:
    transitions: tuple[Transition, ...]
    """In order; the boundaries of clips among them lie at least the least length of a clip
    apart."""
    curve: Floats
    """(N,): how much each frame looks like the start of another scene, for a chart."""
    threshold: float
    """The value of the curve from which on it means a transition."""
    suggestions: tuple[Transition, ...] = ()
    """Candidates that were left out, in order."""

    def cuts(self) -> list[int]:
        """The first frame of each new clip, ascending; never frame 0."""
        boundaries = (each.boundary(len(self.curve)) for each in self.transitions)
        return sorted({frame for frame in boundaries if frame})


class Detector(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def threshold(self) -> float:
        """In the detector's own unit; higher finds less."""
        ...

    def detect(self, thumbnails: Thumbnails, rate: Fraction) -> Detection:
        """Reads `thumbnails` in blocks, in no particular order."""
        ...


def keep_apart(found: Iterable[Transition], count: int, least: int) -> list[Transition]:
    """`found` in order, without the less certain of any two whose boundaries are less than `least`
    frames apart. The first and last clip of a video may be shorter: even a part of a shot there is
    another shot."""
    kept: list[Transition] = []
    for each in sorted(found, key=lambda each: -each.score):
        frame = each.boundary(count)
        near = (
            other
            for other in (transition.boundary(count) for transition in kept)
            if frame is not None and other is not None and abs(frame - other) < least
        )
        if not any(near):
            kept.append(each)
    return sorted(kept, key=lambda each: (each.first, each.last))
