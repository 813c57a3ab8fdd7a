"""Who finds cuts: our detectors, PySceneDetect's, and TransNetV2 alone."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.scoring import Found
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.transitions import TransitionKind
from heaters_pipeline.media.cuts import transnet
from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.cuts.detection import Detector, Gather, no_progress
from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.cuts.evidence import Evidence
from heaters_pipeline.media.cuts.network_detector import find_peaks
from heaters_pipeline.media.products.thumbnails import Thumbnails, open_thumbnails

TRANSITION = "transition"
FUSED = "auto"
OURS = (TRANSITION, FUSED)
PYSCENEDETECT = "adaptive"
"""What `scenedetect` stands for where one of its detectors has to: the one it recommends."""
THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
"""Among which the best one for TransNetV2 is sought."""

Network = Callable[[Thumbnails], Floats]
"""From N thumbnails to (N,): how surely each frame is a scene's last."""


def open_ours() -> Mapping[str, Detector]:
    names: tuple[str, ...] = (TRANSITION,)
    if transnet.is_installed():
        names = OURS
        transnet.network()  # loaded before any clock starts
    return {name: open_detector(name) for name in names}


def open_network() -> Network | None:
    """TransNetV2, where the extra `models` is installed."""
    if not transnet.is_installed():
        return None

    def ask(thumbnails: Thumbnails) -> Floats:
        everything = [FrameRange(0, len(thumbnails))]
        return transnet.probabilities(thumbnails, everything, no_progress)[:, 0]

    return ask


def ours(detector: Detector, thumbnails: Path, rate: Fraction) -> Found:
    """Once from the thumbnails alone, then with the evidence at hand: the least of three runs, as
    the machine may be busy."""
    kept: list[Evidence] = []

    def keep(_name: str, gather: Gather) -> Evidence:
        if not kept:
            kept.append(gather(no_progress))
        return kept[0]

    began, used = time.perf_counter(), time.process_time()
    detection = detector.detect(open_thumbnails(thumbnails), rate, keep)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    again = []
    for _ in range(3):
        gc.collect()
        began = time.perf_counter()
        detector.detect(open_thumbnails(thumbnails), rate, keep)
        again.append(time.perf_counter() - began)
    sudden = [each.last for each in detection.transitions if each.kind is TransitionKind.CUT]
    return Found(detection.cuts(), sudden, seconds, cpu, min(again))


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
        cuts = [frame for frame, _ in find_peaks(likely, threshold)]
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
