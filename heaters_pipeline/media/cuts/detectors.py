"""The cut detectors that a setting can name. Each answers from thumbnails alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.media.cuts import transnet
from heaters_pipeline.media.cuts.detection import Detection, Detector, Remember, afresh
from heaters_pipeline.media.cuts.fused import FusedDetector
from heaters_pipeline.media.cuts.network_detector import NetworkDetector
from heaters_pipeline.media.cuts.transition_search import THRESHOLD, TransitionSearch
from heaters_pipeline.media.products.thumbnails import Thumbnails, blocks

Make = Callable[[float], Any]
"""Makes a detector with a threshold."""


def open_detector(name: str, threshold: float | None = None) -> Detector:
    """The detector called `name`, one of DETECTORS, with its own best threshold unless another is
    given. `auto` is our own detector alone where the network is not installed."""
    own = THRESHOLD if threshold is None else threshold
    match name:
        case "auto" if transnet.is_installed():
            return FusedDetector(own)
        case "auto" | "transition":
            return TransitionSearch(own)
        case "transnet":
            transnet.require()
            return NetworkDetector(own)
    known = _library()
    if name not in known:
        raise HeatersError(
            f"There is no cut detector {name}: choose one of {', '.join(DETECTORS)}."
        )
    make, best = known[name]
    return LibraryDetector(name, make, best if threshold is None else threshold)


DETECTORS = ("auto", "transition", "transnet", "adaptive", "content", "hash", "histogram")


@dataclass(frozen=True)
class LibraryDetector:
    """One of PySceneDetect's detectors (https://www.scenedetect.com/docs/), which its library runs
    on the thumbnails. It calls all transitions cuts."""

    name: str
    make: Make
    threshold: float

    def detect(
        self, thumbnails: Thumbnails, rate: Fraction, _remember: Remember = afresh, /
    ) -> Detection:
        from scenedetect import FrameTimecode, StatsManager

        detector = self.make(self.threshold)
        detector.stats_manager = stats = StatsManager()
        stats.register_metrics(detector.get_metrics())
        found = []
        for start, stop in blocks(len(thumbnails)):
            bgr = np.ascontiguousarray(thumbnails[start:stop][..., ::-1])
            for number, frame in enumerate(bgr, start):
                found += detector.process_frame(FrameTimecode(number, rate), frame)
        found += detector.post_process(FrameTimecode(len(thumbnails) - 1, rate))
        cuts = sorted({cut.frame_num for cut in found} - {0})
        transitions = (Transition(TransitionKind.CUT, cut - 1, cut) for cut in cuts)
        return Detection(
            tuple(transitions), self._curve(detector, len(thumbnails), rate), self.threshold
        )

    def _curve(self, detector: Any, count: int, rate: Fraction) -> Any:
        """The values that the detector compares with its threshold, from its own records."""
        from scenedetect import FrameTimecode

        metrics = detector.get_metrics()
        curve = np.zeros(count, np.float32)
        if not metrics:
            return curve
        # The adaptive detector's ratio comes last, after what it is a ratio of.
        key = metrics[-1] if self.name == "adaptive" else metrics[0]
        for number in range(count):
            value = detector.stats_manager.get_metrics(FrameTimecode(number, rate), [key])[0]
            curve[number] = 0 if value is None else value
        # A correlation is high where nothing changes; the first frame has none.
        return np.where(curve == 0, 0, 1 - curve) if self.name == "histogram" else curve


def _library() -> dict[str, tuple[Make, float]]:
    """How to make each, and the threshold that PySceneDetect's own benchmark found best on three
    collections (https://github.com/Breakthrough/PySceneDetect/tree/main/benchmark). None drops
    short scenes: clips are merged later."""

    def adaptive(threshold: float) -> Any:
        from scenedetect import AdaptiveDetector

        return AdaptiveDetector(threshold, min_scene_len=1, window_width=3)

    def content(threshold: float) -> Any:
        from scenedetect import ContentDetector

        return ContentDetector(threshold, min_scene_len=1)

    def hashed(threshold: float) -> Any:
        from scenedetect import HashDetector

        return HashDetector(threshold, size=8, min_scene_len=1)

    def histogram(threshold: float) -> Any:
        from scenedetect import HistogramDetector

        return HistogramDetector(threshold, bins=128, min_scene_len=1)

    return {
        "adaptive": (adaptive, 3.5),
        "content": (content, 31.0),
        "hash": (hashed, 0.35),
        "histogram": (histogram, 0.20),
    }
