"""Our own detector: hard cuts, fades, dissolves and wipes, each with its extent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.media.cuts.arrays import Floats, Ints
from heaters_pipeline.media.cuts.blends import find_blends
from heaters_pipeline.media.cuts.detection import Detection, Remember, afresh, divided
from heaters_pipeline.media.cuts.evidence import VERSION, Evidence, gather
from heaters_pipeline.media.cuts.fades import find_fades
from heaters_pipeline.media.cuts.hard_cuts import HardCut
from heaters_pipeline.media.cuts.healed import Healed
from heaters_pipeline.media.products.thumbnails import Thumbnails

THRESHOLD = 0.5


class TransitionSearch:
    """Three searches in the thumbnails, each in a module of its own, with its sources: for frames
    that jump (hard_cuts), for fades to and from a plain colour (fades), and for frames that lie
    between two shots (blends). The first finds flashes, which are replaced for the others; cuts and
    fades divide the video for the last.

    A score goes from 0 to 1, with 0.5 at its border. That of a fade or a blend is the least of
    several tests. All of it is numpy on blocks of frames: memory does not grow with the video,
    apart from a few numbers a frame.
    """

    name = "transition"

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self.threshold = threshold

    def detect(
        self, thumbnails: Thumbnails, rate: Fraction, remember: Remember = afresh, /
    ) -> Detection:
        evidence = remember(VERSION, lambda _: gather(thumbnails, rate))
        found, curve = search(thumbnails, evidence, evidence.jumps.cuts, rate, self.threshold)
        return divided(found, curve, self.threshold, evidence.jumps.flashes)


def search(
    thumbnails: Thumbnails,
    evidence: Evidence,
    cuts: Sequence[HardCut],
    rate: Fraction,
    threshold: float,
    weigh: Callable[[Transition], float] = lambda each: each.score,
) -> tuple[list[Transition], Floats]:
    """Transitions of any score, and a curve, (N,), of how much each frame looks like one. `cuts`
    are candidates; those from `threshold` on divide the film. `weigh` gives longer transitions
    another score than their own."""
    footage = Healed(thumbnails, evidence.jumps.flashes)
    sure = {cut.frame: cut.score for cut in cuts if cut.score >= threshold}
    fades, within = find_fades(footage, evidence.survey, sorted(sure), float(rate))
    slow = [Transition(TransitionKind.FADE, fade.first, fade.last, fade.score) for fade in fades]
    faded = [each for each in slow if weigh(each) >= threshold]
    found = [
        Transition(TransitionKind.CUT, frame - 1, frame, score)
        for frame, score in cuts
        if frame not in within or not any(each.first < frame <= each.last for each in faded)
    ]
    certain = [each for each in found if each.score >= threshold]
    shots = _shots([*certain, *faded], len(thumbnails))
    for each in faded:
        shots[each.first + 1 : each.last] *= -1
    blends, curve = find_blends(footage, evidence.distances, shots, evidence.step)
    slow += [
        Transition(
            TransitionKind.WIPE if blend.is_wipe else TransitionKind.DISSOLVE,
            blend.first,
            blend.last,
            blend.score,
        )
        for blend in blends
    ]
    slow = [Transition(each.kind, each.first, each.last, weigh(each)) for each in slow]
    for each in slow:
        if each.kind is TransitionKind.FADE:
            curve[max(0, each.first + 1) : each.last] = each.score
    for frame, score in cuts:
        curve[frame] = max(curve[frame], score)
    return [*found, *slow], curve


def _shots(found: Sequence[Transition], count: int) -> Ints:
    """(count,): the number of the shot, or of the transition between two, that each frame belongs
    to."""
    begins = np.zeros(count, np.int64)
    for each in found:
        begins[max(0, each.first + 1)] += 1
        if each.last < count and each.last > each.first + 1:
            begins[each.last] += 1
    return np.asarray(begins.cumsum())
