"""What is known about a film before any threshold, stored so that another threshold looks at few
frames again and runs no network."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.media.cuts import blend_weights, jump_weights
from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.cuts.distances import Distances
from heaters_pipeline.media.cuts.hard_cuts import HardCut, Jumps, find_jumps
from heaters_pipeline.media.cuts.healed import Healed
from heaters_pipeline.media.cuts.survey import Survey, survey
from heaters_pipeline.media.products.thumbnails import Thumbnails

_WEIGHTS = jump_weights.WEIGHTS.tobytes() + blend_weights.WEIGHTS.tobytes()
VERSION = f"2-{sha256(_WEIGHTS).hexdigest()[:8]}"
"""Of what is gathered, and of the form in which it is stored: raise the number when either
changes."""
BASE_RATE = 25
"""The frame rate for which the windows of dissolves are made."""


@dataclass(frozen=True)
class Evidence:
    survey: Survey
    jumps: Jumps
    distances: Distances
    """Of each `step`th frame, without the flashes."""
    step: int
    probabilities: Floats
    """(N, 2), of `transnet`, or (0, 2) where it was not asked."""

    @classmethod
    def of_network(cls, probabilities: Floats) -> Evidence:
        """These alone, for a detector that asks for nothing else."""
        nothing = Survey(*(np.empty(0, np.float32) for _ in Survey._fields))
        return cls(nothing, Jumps([], []), Distances(0), 1, probabilities)

    def save(self, path: Path) -> None:
        """As numpy's npz, some 130 bytes a frame."""
        arrays = {
            **{f"survey_{name}": values for name, values in self.survey._asdict().items()},
            "cuts": np.array(self.jumps.cuts, np.float64).reshape(-1, 2),
            "flashes": np.array(self.jumps.flashes, np.int64).reshape(-1, 2),
            "step": np.array(self.step),
            "probabilities": self.probabilities,
            **self.distances.arrays(),
        }
        with path.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> Evidence:
        with np.load(path) as arrays:
            return cls(
                Survey(*(arrays[f"survey_{name}"] for name in Survey._fields)),
                Jumps(
                    [HardCut(int(frame), score) for frame, score in arrays["cuts"].tolist()],
                    [FrameRange(*each) for each in arrays["flashes"].tolist()],
                ),
                Distances.of(arrays),
                int(arrays["step"]),
                arrays["probabilities"],
            )


def gather(thumbnails: Thumbnails, rate: Fraction) -> Evidence:
    """All but the probabilities, from one pass over the thumbnails."""
    step = max(1, round(rate / BASE_RATE))
    seen, distances = survey(thumbnails, step)
    jumps = find_jumps(thumbnails, seen)
    distances.heal(Healed(thumbnails, jumps.flashes), step)
    return Evidence(seen, jumps, distances, step, np.empty((0, 2), np.float32))
