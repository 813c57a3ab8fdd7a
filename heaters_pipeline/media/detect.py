"""Scene cuts from frame scores."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from heaters_pipeline.domain.errors import HeatersError

Frames = np.ndarray[Any, np.dtype[np.uint8]]


class Detection(NamedTuple):
    cuts: list[int]
    """First frame of each new scene, ascending; never frame 0."""
    curve: npt.NDArray[np.float32] | None
    """For each frame its distance from the one before, to be drawn; the unit is the detector's."""


class Detector(Protocol):
    name: str

    def detect(self, frames: Frames, rate: Fraction) -> Detection:
        """`frames`: uint8 (N, height, width, 3), RGB; may be a memory map and is read once, in
        order."""
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

    def detect(self, frames: Frames, rate: Fraction) -> Detection:
        from scenedetect import AdaptiveDetector as Adaptive
        from scenedetect import FrameTimecode

        detector = Adaptive(min_scene_len=max(1, round(self._min_clip_seconds * rate)))
        cuts: list[int] = []
        for number, frame in enumerate(frames):
            bgr = np.ascontiguousarray(frame[:, :, ::-1])
            found = detector.process_frame(FrameTimecode(number, rate), bgr)
            cuts += [cut.frame_num for cut in found]
        return Detection(cuts, difference_curve(frames))


def difference_curve(frames: Frames) -> npt.NDArray[np.float32]:
    """Mean absolute difference of each frame from the one before, 0 to 255; 0 for the first."""
    curve = np.zeros(len(frames), dtype=np.float32)
    for start in range(1, len(frames), 1024):
        block = np.asarray(frames[start - 1 : start + 1024], dtype=np.int16)
        curve[start : start + 1024] = np.abs(np.diff(block, axis=0)).mean(axis=(1, 2, 3))
    return curve
