"""Per-frame checksums: ffmpeg's framecrc of decoded frames, as raw video."""

from __future__ import annotations

import tempfile
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import ffmpeg

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.media.ffmpeg import ProgressCallback, file_url, input_file, run

TIME_BASE = f"1:{TICKS_PER_SECOND}"

FRAMECRC_OPTIONS = {
    "format": "framecrc",
    "c:v": "rawvideo",
    "fps_mode:v": "passthrough",
    "enc_time_base:v": TIME_BASE,
}
"""Output options of every framecrc here: frames in, one line each out."""


class FrameChecksum(NamedTuple):
    ticks: int
    """Presentation time, 90,000 a second."""
    crc: int
    """Adler-32 of the frame's pixels (libavformat/framecrcenc.c)."""


def read_checksums(path: Path) -> list[FrameChecksum]:
    """Reads lines `stream, dts, pts, duration, size, 0xcrc`. Raises HeatersError where a line is
    anything else or the time base is not 1/90000."""
    checksums = []
    with path.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.startswith("#tb") and line.split()[-1] != f"1/{TICKS_PER_SECOND}":
                raise HeatersError(f"{path.name} has an unknown time base: {line.strip()}.")
            if line.startswith("#"):
                continue
            fields = line.split(",")
            try:
                checksums.append(FrameChecksum(int(fields[2]), int(fields[5], 16)))
            except (IndexError, ValueError):
                raise HeatersError(
                    f"{path.name} is damaged at line {number}: make the gold master again."
                ) from None
    return checksums


def verify_gold_master(
    gold: Path,
    checksums: list[FrameChecksum],
    folder: Path,
    *,
    on_progress: ProgressCallback | None = None,
    stall_seconds: float = 120.0,
) -> list[int]:
    """Decodes `gold` and returns the numbers of the frames whose pixels are not those that were
    encoded; a missing or surplus frame differs. `folder` is for work in progress."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        decoded = Path(scratch) / "gold.framecrc"
        video = input_file(gold)["V:0"].filter("settb", f"1/{TICKS_PER_SECOND}")
        run(
            ffmpeg.output(video, file_url(decoded), **FRAMECRC_OPTIONS),
            what=f"verify {gold.name}",
            on_progress=on_progress,
            stall_seconds=stall_seconds,
        )
        found = [checksum.crc for checksum in read_checksums(decoded)]
    wanted = [checksum.crc for checksum in checksums]
    return [n for n, (a, b) in enumerate(zip_longest(wanted, found)) if a != b]
