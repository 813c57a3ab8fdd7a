"""Two detectors as one: the network says where a transition is likely, our own search says of what
kind it is and from where to where, and finds the slow dissolves that the network passes over."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.media.cuts import transnet
from heaters_pipeline.media.cuts.arrays import Floats, runs
from heaters_pipeline.media.cuts.detection import (
    Detection,
    Progress,
    Remember,
    afresh,
    divided,
)
from heaters_pipeline.media.cuts.evidence import VERSION, Evidence, gather
from heaters_pipeline.media.cuts.hard_cuts import HardCut
from heaters_pipeline.media.cuts.network_detector import find_peaks
from heaters_pipeline.media.cuts.transition_search import THRESHOLD, search
from heaters_pipeline.media.products.thumbnails import Thumbnails

NETWORK_BORDER = 0.2
"""The probability that decides where our search is of two minds. The network's own 0.5 misses a
seventh of the cuts of edited films."""
OURS = 0.25
"""The weight of our search's odds against those of the network."""
SLOW = 0.25
"""The weight of the network's odds against those of our search, for all but hard cuts."""
UNSEEN = 0.12
"""What our search is taken to say of a frame that it did not even propose."""
NEAR = 2
"""Frames that a peak of the network may be beside a candidate of ours."""


class FusedDetector:
    """The network looks only at frames near what our search proposes."""

    name = "auto"

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self.threshold = threshold

    def detect(
        self, thumbnails: Thumbnails, rate: Fraction, remember: Remember = afresh, /
    ) -> Detection:
        def gathered(progress: Progress) -> Evidence:
            alone = gather(thumbnails, rate)
            proposed, _ = search(thumbnails, alone, alone.jumps.cuts, rate, THRESHOLD)
            wanted = around(proposed, len(thumbnails))
            said = transnet.probabilities(thumbnails, wanted, progress)
            return replace(alone, probabilities=said)

        evidence = remember(f"{VERSION}-near", gathered)
        said = evidence.probabilities
        sure = np.nan_to_num(said[:, 0])

        def weigh(each: Transition) -> float:
            """The network says little of slow transitions: its silence counts little."""
            within = said[max(0, each.first) : each.last + 1]
            if np.isnan(within).all():
                return each.score
            doubt = max(-2.0, _against(float(np.nanmax(within))))
            return _probability(_odds(each.score) + SLOW * doubt)

        peaks = dict(find_peaks(sure))
        cuts = _weighed(evidence.jumps.cuts, sure, peaks)
        found, curve = search(thumbnails, evidence, cuts, rate, self.threshold, weigh)
        lone = _lone(peaks, found, len(thumbnails))
        for each in lone:
            curve[each.last] = max(curve[each.last], each.score)
        return divided([*found, *lone], curve, self.threshold, evidence.jumps.flashes)


def _weighed(cuts: Sequence[HardCut], said: Floats, peaks: Mapping[int, float]) -> list[HardCut]:
    """Our candidates with the scores of both detectors together."""
    weighed = []
    for frame, score in cuts:
        near = [at for at in range(frame - NEAR, frame + NEAR + 1) if at in peaks]
        best = min(near, key=lambda at: (abs(at - frame), -peaks[at]), default=0)
        network = max(float(said[max(0, frame - 1)]), peaks.get(best, 0.0))
        weighed.append(HardCut(frame, fuse(score, network)))
    return weighed


def _lone(peaks: Mapping[int, float], found: Sequence[Transition], count: int) -> list[Transition]:
    """What the network alone sees: the peaks near none of what was found."""
    explained = np.zeros(count, bool)
    for each in found:
        explained[max(0, each.first - NEAR + 1) : each.last + NEAR + 1] = True
    return [
        Transition(TransitionKind.CUT, frame - 1, frame, fuse(UNSEEN, peak))
        for frame, peak in peaks.items()
        if not explained[frame]
    ]


def fuse(ours: float, network: float) -> float:
    """The score of a hard cut, from that of our search and from the network's probability."""
    return _probability(_against(network) + OURS * _odds(ours))


def _against(network: float) -> float:
    return _odds(network) - _odds(NETWORK_BORDER)


def around(candidates: Sequence[Transition], count: int) -> list[FrameRange]:
    """The ranges that the network is asked about, in order."""
    wanted = np.zeros(count, bool)
    for each in candidates:
        wanted[max(0, each.first - 2 * NEAR) : each.last + 2 * NEAR] = True
    return [FrameRange(*each) for each in runs(wanted)]


def _odds(probability: float) -> float:
    """Logarithm of the odds, within what two detectors can be sure of."""
    bounded = min(max(probability, 0.003), 0.997)
    return math.log(bounded / (1 - bounded))


def _probability(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
