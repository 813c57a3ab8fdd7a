"""The cut detectors that a setting can name. Each answers from thumbnails alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.media.cuts.detection import Detection, Detector
from heaters_pipeline.media.cuts.transition_search import THRESHOLD, TransitionSearch
from heaters_pipeline.media.products.thumbnails import Thumbnails, blocks

Make = Callable[[int, float], Any]
"""Makes a detector from the least length of a clip in frames, and a threshold."""


def open_detector(
    name: str, min_clip_seconds: float, threshold: float | None = None, model: Path | None = None
) -> Detector:
    """The detector called `name`, one of DETECTORS, with its own best threshold unless another is
    given. `model` is the ONNX file of the detector `transnet`."""
    if name == TransitionSearch.name:
        return TransitionSearch(THRESHOLD if threshold is None else threshold)
    if name == "transnet" and model is None:
        raise HeatersError("The cut detector transnet needs an ONNX model: name its file.")
    known = _library(model)
    if name not in known:
        raise HeatersError(
            f"There is no cut detector {name}: choose one of {', '.join(DETECTORS)}."
        )
    make, best = known[name]
    return LibraryDetector(name, make, min_clip_seconds, best if threshold is None else threshold)


DETECTORS = ("transition", "adaptive", "content", "hash", "histogram", "transnet")


@dataclass(frozen=True)
class LibraryDetector:
    """One of PySceneDetect's detectors (https://www.scenedetect.com/docs/), which its library runs
    on the thumbnails. It calls all transitions cuts."""

    name: str
    make: Make
    min_clip_seconds: float
    threshold: float

    def detect(self, thumbnails: Thumbnails, rate: Fraction) -> Detection:
        from scenedetect import FrameTimecode, StatsManager

        detector = self.make(max(1, round(self.min_clip_seconds * rate)), self.threshold)
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


def _library(model: Path | None) -> dict[str, tuple[Make, float]]:
    """How to make each, and the threshold that PySceneDetect's own benchmark found best on three
    collections (https://github.com/Breakthrough/PySceneDetect/tree/main/benchmark)."""

    def adaptive(least: int, threshold: float) -> Any:
        from scenedetect import AdaptiveDetector

        return AdaptiveDetector(threshold, min_scene_len=least, window_width=3)

    def content(least: int, threshold: float) -> Any:
        from scenedetect import ContentDetector

        return ContentDetector(threshold, min_scene_len=least)

    def hashed(least: int, threshold: float) -> Any:
        from scenedetect import HashDetector

        return HashDetector(threshold, size=8, min_scene_len=least)

    def histogram(least: int, threshold: float) -> Any:
        from scenedetect import HistogramDetector

        return HistogramDetector(threshold, bins=128, min_scene_len=least)

    def transnet(least: int, threshold: float) -> Any:
        try:
            import onnxruntime  # type: ignore[import-not-found]  # noqa: F401
        except ImportError as error:
            raise HeatersError(
                "The cut detector transnet needs the package onnxruntime: install it."
            ) from error
        from scenedetect.detectors.transnet_v2 import TransnetV2Detector

        return TransnetV2Detector(model_path=model, threshold=threshold, min_scene_len=least)

    return {
        "adaptive": (adaptive, 3.5),
        "content": (content, 31.0),
        "hash": (hashed, 0.35),
        "histogram": (histogram, 0.20),
        "transnet": (transnet, 0.5),
    }
