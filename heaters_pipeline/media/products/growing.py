"""What a transcode has written so far, read while it goes on.

Next to the whole proxy, the same packets go to a series of small files, one after the other. All of
them but the last are finished.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.ffmpeg.checksums import read_checksums
from heaters_pipeline.media.ffmpeg.process import Options
from heaters_pipeline.media.products.sample_table import Numbers, read_sample_table
from heaters_pipeline.media.products.thumbnails import FRAME_BYTES, ThumbnailFile

_COPIED_AT_ONCE = 1 << 20


class Growing(NamedTuple):
    """The files of a run whose beginnings can be read. ffmpeg writes each in blocks of its own, so
    one may have more frames than another."""

    parts: Path
    """The folder of the small files."""
    checksums: Path
    thumbnails: Path

    def finished_parts(self) -> list[Path]:
        """In order. The last one that is there is still being written."""
        return sorted(self.parts.glob("*.mp4"))[:-1]

    def ticks(self) -> Numbers:
        """When each frame is shown, counted from the first one, as in the proxy."""
        if not self.checksums.exists():
            return np.empty(0, np.int64)
        ticks = read_checksums(self.checksums, grows=True).ticks
        return np.asarray(ticks - ticks[:1], np.int64)

    def thumbnail_count(self) -> int:
        return self.thumbnails.stat().st_size // FRAME_BYTES if self.thumbnails.exists() else 0

    def thumbnails_of(self, frames: FrameRange) -> ThumbnailFile:
        return ThumbnailFile(self.thumbnails, frames)


class Segments(NamedTuple):
    """How a proxy is cut for whoever wants to read its beginning early."""

    seconds: float
    follow: Callable[[Growing], AbstractContextManager[None]]
    """Entered around each run of ffmpeg; a second run writes everything anew."""


class SegmentCut(NamedTuple):
    """The small files as an output of ffmpeg's."""

    folder: Path
    seconds: float

    @property
    def output(self) -> tuple[Path, Options]:
        """Their name, and the options of the segment muxer
        (https://ffmpeg.org/ffmpeg-formats.html#segment_002c-stream_005fsegment_002c-ssegment)."""
        folder = Path(str(self.folder.absolute()).replace("%", "%%"))
        return folder / "%06d.mp4", {
            "f": "segment",
            "segment_time": self.seconds,
            "segment_format": "mp4",
            "reset_timestamps": 1,
            "segment_format_options": "use_editlist=0",
        }


def take_samples(part: Path, out: Path) -> None:
    """Writes the samples of a small file, back to back and without anything else, to `out`."""
    table = read_sample_table(part)
    start, length = int(table.offsets[0]), int(table.sizes.sum())
    if not np.array_equal(table.offsets - start, np.cumsum(table.sizes) - table.sizes):
        raise HeatersError(f"The frames of {part.name} do not lie back to back.")
    with part.open("rb") as file, out.open("wb") as samples:
        file.seek(start)
        while length and (block := file.read(min(length, _COPIED_AT_ONCE))):
            samples.write(block)
            length -= len(block)
