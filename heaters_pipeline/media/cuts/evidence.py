"""What the search for transitions knows about a film before any threshold."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from heaters_pipeline.media.cuts.distances import Distances
from heaters_pipeline.media.cuts.hard_cuts import Jumps, find_jumps
from heaters_pipeline.media.cuts.healed import Healed
from heaters_pipeline.media.cuts.survey import Survey, survey
from heaters_pipeline.media.products.thumbnails import Thumbnails

BASE_RATE = 25
"""The frame rate for which the windows of dissolves are made."""


@dataclass(frozen=True)
class Evidence:
    survey: Survey
    jumps: Jumps
    distances: Distances
    """Of each `step`th frame, without the flashes."""
    step: int


def gather(thumbnails: Thumbnails, rate: Fraction) -> Evidence:
    step = max(1, round(rate / BASE_RATE))
    seen, distances = survey(thumbnails, step)
    jumps = find_jumps(thumbnails, seen)
    distances.heal(Healed(thumbnails, jumps.flashes), step)
    return Evidence(seen, jumps, distances, step)
