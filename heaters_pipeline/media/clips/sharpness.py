"""How sharp the frames of a clip are."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.clips.gold_range import GoldRange, Streams
from heaters_pipeline.media.ffmpeg.filters import whole_frames
from heaters_pipeline.media.ffmpeg.process import file_url

COLUMNS, ROWS = 320, 180
"""Frames are measured at this size: at full size the noise of the film counts most."""

MOST_MEASURED = 1500
"""Of a longer clip, evenly spaced frames are measured."""


def measure_sharpness(clip: GoldRange, folder: Path, *, stall_seconds: float) -> dict[int, float]:
    """The variance of the Laplacian of the grey image (Pech-Pacheco et al., 2000), by the frame's
    number in the source video: the higher, the sharper. The frames are those of the gold master,
    proven as an export's are."""
    every = -(-clip.frames.length // MOST_MEASURED)
    numbers = range(clip.frames.start, clip.frames.end, every)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        grey = Path(scratch) / "grey"

        def small(streams: Sequence[Streams]) -> Sequence[Any]:
            picked = whole_frames(streams[0].video, clip.facts).filter(
                "select", f"not(mod(n,{every}))"
            )
            scaled = picked.filter("scale", COLUMNS, ROWS, flags="area").filter("format", "gray")
            return [
                ffmpeg.output(scaled, file_url(grey), format="rawvideo", fps_mode="passthrough")
            ]

        clip.decode(small, Path(scratch) / "framecrc", what="measure", stall_seconds=stall_seconds)
        images = np.fromfile(grey, np.uint8).reshape(-1, ROWS, COLUMNS)
    if len(images) != len(numbers):
        raise HeatersError(
            f"{len(images)} of {len(numbers)} frames were measured in {clip}: try again."
        )
    return {number: _sharpness(image) for number, image in zip(numbers, images, strict=True)}


def _sharpness(image: NDArray[np.uint8]) -> float:
    grey = image.astype(np.float32)
    beside = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((4 * grey[1:-1, 1:-1] - beside).var())
