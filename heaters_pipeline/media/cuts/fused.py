"""Two detectors as one: the network says where a transition is likely, our own search says of what
kind it is and from where to where, and finds the slow dissolves that the network passes over."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
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
from heaters_pipeline.media.cuts.hard_cuts import HardCut, Jumps
from heaters_pipeline.media.cuts.network_detector import find_peaks
from heaters_pipeline.media.cuts.transition_search import THRESHOLD, search
from heaters_pipeline.media.products.thumbnails import Thumbnails

NETWORK_BORDER = 0.2
"""The probability that decides where our search is of two minds. The network's own 0.5 misses a
seventh of the cuts of edited films."""
STANDS_OUT = 2.0
"""The odds, as a logarithm, by which a peak has to exceed what the network says of the frames
around. A cut is one frame; where something passes close to the lens, the network wavers for
longer."""
AROUND = 5
"""Frames on either side that a peak is compared with."""
OURS = 0.25
"""The weight of our search's odds against those of the network."""
SUREST = 3.0
"""The odds, as a logarithm, that our search's count for at most: what passes close to the lens is a
cut to it, of which it is sure."""
UNSEEN = 0.12
"""What our search is taken to say of a frame that it did not even propose."""
NEAR = 2
"""Frames that a peak of the network may be beside a candidate of ours."""
SHORTEST_SECONDS = 0.2
"""Hardly a shot is shorter."""
TOO_SHORT = 1.5
"""The odds, as a logarithm, that the less likely cut at the ends of such a shot loses."""
LONG_BORDER = 0.35
"""The probability of belonging to a transition, as a mean over a longer one, that says nothing
either way."""
SILENCE = 1.1
"""The odds, as a logarithm, that the network takes from longer transitions at most: it passes over
some slow ones."""
ASKED = 0.02
"""The least score of a hard cut about which the network is asked. Of 183 true cuts of five real
films our search gave all but one more than twice that; this one lies near another."""


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
            wanted = around(filter(is_open, proposed), len(thumbnails))
            said = transnet.probabilities(thumbnails, wanted, progress)
            return replace(alone, probabilities=said)

        evidence = remember(f"{VERSION}-open", gathered)
        said = evidence.probabilities
        sure = without_flashes(np.nan_to_num(said[:, 0]), evidence.jumps)

        def weigh(each: Transition) -> float:
            within = said[max(0, each.first) : each.last, 1]
            if not len(within) or np.isnan(within).any():
                return each.score
            return fuse_long(each.score, float(within.mean()))

        peaks = {frame: outstanding(sure, frame, top) for frame, top in find_peaks(sure)}
        cuts = _weighed(evidence.jumps.cuts, sure, peaks)
        found, curve = search(thumbnails, evidence, cuts, rate, self.threshold, weigh)
        lone = _lone(peaks, found, len(thumbnails))
        for each in lone:
            curve[each.last] = max(curve[each.last], each.score)
        together = without_crowds([*found, *lone], float(rate) * SHORTEST_SECONDS)
        return divided(together, curve, self.threshold, evidence.jumps.flashes)


def is_open(each: Transition) -> bool:
    """Whether the network's answer could make or undo it at the threshold of 0.5. A longer one of
    which our search is surer is not asked about whatever the threshold is, so that one evidence is
    enough for all: a higher threshold judges it by our search, unless it lies near what is asked
    about."""
    if each.kind is TransitionKind.CUT:
        return each.score >= ASKED
    return fuse_long(each.score, 0) < THRESHOLD


def without_flashes(said: Floats, jumps: Jumps) -> Floats:
    """NaN where a flash begins or ends: that is why the network wavers there. What our search takes
    for a cut all the same stays."""
    left = said.copy()
    for flash in jumps.flashes:
        left[max(0, flash.start - 1) : flash.end] = np.nan
    for frame, score in jumps.cuts:
        if frame > 0 and score >= THRESHOLD:
            left[frame - 1] = said[frame - 1]
    return left


def outstanding(said: Floats, frame: int, top: float) -> float:
    """The probability of a peak before `frame`, less what rivals around it take away."""
    last = frame - 1
    before, after = said[max(0, last - AROUND) : last][::-1], said[frame : frame + AROUND]
    # The slopes of the peak itself are no rivals: a short fade has them.
    rivals = np.sort(np.concatenate([_risen(before), _risen(after), [0, 0]]))
    # The highest may be another cut.
    missing = _odds(float(rivals[-2])) + STANDS_OUT - _odds(NETWORK_BORDER)
    return _probability(_odds(top) - max(0.0, missing))


def _risen(side: Floats) -> Floats:
    """The values that are higher than one nearer to the peak; 0 for the others."""
    return np.where(side > np.fmin.accumulate(side), side, np.float32(0))


def _weighed(cuts: Sequence[HardCut], said: Floats, peaks: Mapping[int, float]) -> list[HardCut]:
    """Our candidates with the scores of both detectors together."""
    weighed = []
    for frame, score in cuts:
        near = [at for at in range(frame - NEAR, frame + NEAR + 1) if at in peaks]
        best = min(near, key=lambda at: (abs(at - frame), -peaks[at]), default=None)
        last = max(0, frame - 1)
        network = (
            outstanding(said, frame, float(np.nan_to_num(said[last])))
            if best is None
            else peaks[best]
        )
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


def without_crowds(found: Sequence[Transition], shortest: float) -> list[Transition]:
    """Of two cuts that less than `shortest` frames divide, the less likely one is doubted."""
    cuts = sorted((each.last, each.score) for each in found if each.kind is TransitionKind.CUT)
    frames, scores = [frame for frame, _ in cuts], [score for _, score in cuts]

    def highest_near(frame: int) -> float:
        near = slice(bisect_right(frames, frame - shortest), bisect_left(frames, frame + shortest))
        return max(scores[near])

    doubted = {frame for frame, score in cuts if score < highest_near(frame)}
    return [
        replace(each, score=_probability(_odds(each.score) - TOO_SHORT))
        if each.kind is TransitionKind.CUT and each.last in doubted
        else each
        for each in found
    ]


def fuse(ours: float, network: float) -> float:
    """The score of a hard cut, from that of our search and from the network's probability."""
    against = _odds(network) - _odds(NETWORK_BORDER)
    return _probability(against + OURS * min(_odds(ours), SUREST))


def fuse_long(ours: float, network: float) -> float:
    """The score of a longer transition, from that of our search and from the network's probability
    that frames belong to one, as a mean over its frames."""
    against = _odds(network) - _odds(LONG_BORDER)
    return _probability(_odds(ours) + max(-SILENCE, against))


def around(candidates: Iterable[Transition], count: int) -> list[FrameRange]:
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
