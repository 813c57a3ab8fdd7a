"""Our own detector: hard cuts, fades, dissolves and wipes, each with its extent."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.media.cuts.blends import find_blends
from heaters_pipeline.media.cuts.detection import Detection, keep_apart
from heaters_pipeline.media.cuts.fades import find_fades
from heaters_pipeline.media.cuts.hard_cuts import find_jumps
from heaters_pipeline.media.cuts.healed import Healed
from heaters_pipeline.media.cuts.survey import survey
from heaters_pipeline.media.products.thumbnails import Thumbnails

BASE_RATE = 25
"""The frame rate for which the windows of dissolves are made."""


class TransitionDetector:
    """Three searches in the thumbnails, each in a module of its own, with its sources: for frames
    that jump (hard_cuts), for fades to and from a plain colour (fades), and for frames that lie
    between two shots (blends). The first finds flashes, which are replaced for the others; cuts and
    fades divide the video for the last.

    A search applies several tests. Each test answers from 0 to 1, with 0.5 at its border, and the
    least answer is the transition's score. All of it is numpy on blocks of frames: memory does not
    grow with the video, apart from a few numbers a frame.
    """

    name = "transition"

    def __init__(self, min_clip_seconds: float = 0.6, threshold: float = 0.5) -> None:
        self._min_clip_seconds = min_clip_seconds
        self.threshold = threshold

    def detect(self, thumbnails: Thumbnails, rate: Fraction) -> Detection:
        count = len(thumbnails)
        least = max(1, round(self._min_clip_seconds * rate))
        step = max(1, round(rate / BASE_RATE))
        seen, distances = survey(thumbnails, step)
        jumps = find_jumps(thumbnails, seen)
        footage = Healed(thumbnails, jumps.flashes)
        distances.heal(footage, step)
        cuts = {cut.frame: cut.score for cut in jumps.cuts if cut.score >= self.threshold}
        fades, within = find_fades(footage, seen, sorted(cuts), float(rate), least)
        fades = [fade for fade in fades if fade.score >= self.threshold]
        found = [
            Transition(TransitionKind.FADE, fade.first, fade.last, fade.score) for fade in fades
        ]
        found += [
            Transition(TransitionKind.CUT, frame - 1, frame, score)
            for frame, score in cuts.items()
            if not any(fade.first < frame <= fade.last for fade in fades) or frame not in within
        ]
        shots = np.zeros(count, np.int64)
        for each in found:
            shots[max(0, each.first + 1)] += 1
            if each.last < count and each.last > each.first + 1:
                shots[each.last] += 1
        shots = shots.cumsum()
        for fade in fades:
            shots[fade.first + 1 : fade.last] *= -1
        blends, curve = find_blends(footage, distances, shots, step)
        found += [
            Transition(
                TransitionKind.WIPE if blend.is_wipe else TransitionKind.DISSOLVE,
                blend.first,
                blend.last,
                blend.score,
            )
            for blend in blends
            if blend.score >= self.threshold
        ]
        for fade in fades:
            curve[max(0, fade.first + 1) : fade.last] = fade.score
        return Detection(
            tuple(keep_apart(found, count, least)),
            np.maximum(curve, jumps.curve),
            self.threshold,
        )
