"""TransNetV2 alone, as a detector."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.media.cuts import transnet
from heaters_pipeline.media.cuts.arrays import Floats, runs
from heaters_pipeline.media.cuts.detection import SUGGESTED, Detection, Progress, Remember, afresh
from heaters_pipeline.media.cuts.evidence import VERSION, Evidence
from heaters_pipeline.media.cuts.transition_search import THRESHOLD
from heaters_pipeline.media.products.thumbnails import Thumbnails


class NetworkDetector:
    """The network alone, on all frames, as its authors use it. It calls all transitions cuts."""

    name = "transnet"

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self.threshold = threshold

    def detect(
        self, thumbnails: Thumbnails, _rate: Fraction, remember: Remember = afresh, /
    ) -> Detection:
        def gathered(progress: Progress) -> Evidence:
            everything = [FrameRange(0, len(thumbnails))]
            return Evidence.of_network(transnet.probabilities(thumbnails, everything, progress))

        said = remember(f"{VERSION}-all", gathered).probabilities
        found = [
            Transition(TransitionKind.CUT, frame - 1, frame, score)
            for frame, score in find_peaks(said[:, 0], self.threshold)
        ]
        curve = np.append(np.float32(0), said[:-1, 0])
        return Detection(tuple(found), curve, self.threshold)


def find_peaks(probabilities: Floats, least: float = SUGGESTED / 2) -> list[tuple[int, float]]:
    """The first frame of the shot after each peak of (N,), and the peak."""
    high = runs(probabilities >= least)
    tops = [int(start + probabilities[start:stop].argmax()) for start, stop in high]
    return [(top + 1, float(probabilities[top])) for top in tops if top + 1 < len(probabilities)]
