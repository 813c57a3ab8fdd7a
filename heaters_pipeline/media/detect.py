"""Scene cuts from frame scores."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from heaters_pipeline.domain.errors import HeatersError

Frames = np.ndarray[Any, np.dtype[np.uint8]]


class Detector(Protocol):
    name: str

    def detect(self, frames: Iterable[Frames], rate: Fraction) -> list[int]:
        """The first frame of each new scene, ascending; never frame 0. `frames`: each uint8
        (height, width, 3), RGB; read once, in order."""
        ...


def open_detector(name: str, min_clip_seconds: float) -> Detector:
    if name == AdaptiveDetector.name:
        return AdaptiveDetector(min_clip_seconds)
    raise HeatersError(f"There is no cut detector {name}: set HEATERS_DETECTOR=adaptive.")


class AdaptiveDetector:
    """PySceneDetect's AdaptiveDetector with its own thresholds: a frame whose HSV distance from
    the one before stands out from its neighbours' (https://www.scenedetect.com/docs/)."""

    name = "adaptive"

    def __init__(self, min_clip_seconds: float = 0.6) -> None:
        self._min_clip_seconds = min_clip_seconds

    def detect(self, frames: Iterable[Frames], rate: Fraction) -> list[int]:
        from scenedetect import AdaptiveDetector as Adaptive
        from scenedetect import FrameTimecode

        detector = Adaptive(min_scene_len=max(1, round(self._min_clip_seconds * rate)))
        cuts: list[int] = []
        for number, frame in enumerate(frames):
            bgr = np.ascontiguousarray(frame[:, :, ::-1])
            found = detector.process_frame(FrameTimecode(number, rate), bgr)
            cuts += [cut.frame_num for cut in found]
        return cuts
