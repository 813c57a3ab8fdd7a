"""What is kept of the frames and the audio of a range, and of its file, to compare the two.

Of a lossless profile, a checksum of each frame. Of any other, two small images of each: a grey one
whose pixels are means of the whole frame, and one of single pixels on a grid, untouched, in the
file's own pixel format. The audio is kept as mono at a low rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from heaters_pipeline.domain.profiles import Profile
from heaters_pipeline.media.clips.pictures import pixel_format
from heaters_pipeline.media.ffmpeg.checksums import FRAMECRC_OPTIONS, read_checksums
from heaters_pipeline.media.ffmpeg.filters import copies
from heaters_pipeline.media.ffmpeg.probe import VideoFacts
from heaters_pipeline.media.ffmpeg.process import Options, file_url

COLUMNS, ROWS = 48, 27
GRID_COLUMNS, GRID_ROWS = 95, 53
"""Odd, so that in frames of the usual sizes the grid does not fall on the edges of an encoder's
blocks alone."""
AUDIO_RATE = 16_000

_RAW: Options = {"format": "rawvideo", "fps_mode:v": "passthrough"}
_MONO: Options = {"format": "f32le", "ac": 1, "ar": AUDIO_RATE}


@dataclass(frozen=True)
class Samples:
    """Files in a folder, which `outputs` has ffmpeg write."""

    folder: Path
    facts: VideoFacts
    """The gold master's."""
    profile: Profile

    def outputs(self, video: Any, audio: Sequence[Any]) -> list[Any]:
        """Outputs of ffmpeg-python for a video and audio tracks."""
        video = video.filter("format", self._format.name)
        tracks = [
            ffmpeg.output(track, file_url(self._track(number)), **_MONO)
            for number, track in enumerate(audio)
        ]
        if self.profile.is_lossless:
            return [ffmpeg.output(video, file_url(self._crc), **FRAMECRC_OPTIONS), *tracks]
        means, points = copies(video, 2)
        means = means.filter("scale", COLUMNS, ROWS, flags="area+accurate_rnd")
        means = means.filter("format", "gray16le")
        points = points.filter("scale", GRID_COLUMNS, GRID_ROWS, flags="neighbor")
        points = points.filter("format", self._format.name)
        return [
            ffmpeg.output(means, file_url(self._means), **_RAW),
            ffmpeg.output(points, file_url(self._points), **_RAW),
            *tracks,
        ]

    @property
    def checksums(self) -> NDArray[np.uint32]:
        """(frames,)"""
        return np.asarray(read_checksums(self._crc).crc)

    @property
    def means(self) -> NDArray[np.uint16]:
        """(frames, ROWS * COLUMNS), mapped from disk; 65,535 is white."""
        return _mapped(self._means, "<u2", ROWS * COLUMNS)

    @property
    def points(self) -> NDArray[Any]:
        """(frames, values of all planes), mapped from disk; `peak` is the highest value."""
        parts = self._format.components
        count = sum(part.width * part.height for part in parts)
        return _mapped(self._points, "u1" if self._bits <= 8 else "<u2", count)

    @property
    def peak(self) -> int:
        return int((1 << self._bits) - 1)

    def audio(self, track: int) -> NDArray[np.float32]:
        """(samples,), mono, `AUDIO_RATE`, mapped from disk."""
        return _mapped(self._track(track), "<f4", 1)[:, 0]

    @cached_property
    def _format(self) -> av.VideoFormat:
        return av.VideoFormat(pixel_format(self.facts, self.profile), GRID_COLUMNS, GRID_ROWS)

    @property
    def _bits(self) -> int:
        return max(part.bits for part in self._format.components)

    @property
    def _crc(self) -> Path:
        return self.folder / "framecrc"

    @property
    def _means(self) -> Path:
        return self.folder / "means"

    @property
    def _points(self) -> Path:
        return self.folder / "points"

    def _track(self, number: int) -> Path:
        return self.folder / f"audio-{number}"


def _mapped(path: Path, kind: str, width: int) -> NDArray[Any]:
    """(rows, width). A row that was begun does not count."""
    dtype = np.dtype(kind)
    rows = path.stat().st_size // (dtype.itemsize * width)
    if rows == 0:  # can't be mapped
        return np.zeros((0, width), dtype)
    return np.memmap(path, dtype, "r", shape=(rows, width))
