"""Per-frame checksums: ffmpeg's framecrc of decoded frames, as raw video."""

from __future__ import annotations

import tempfile
from array import array
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.media.ffmpeg.filters import exact
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.ffmpeg.process import (
    Options,
    ProgressCallback,
    file_url,
    input_file,
    run,
)

TIME_BASE = f"1:{TICKS_PER_SECOND}"

FRAMECRC_OPTIONS: Options = {
    "format": "framecrc",
    "c:v": "rawvideo",
    "fps_mode:v": "passthrough",
    "enc_time_base:v": TIME_BASE,
}
"""Output options of every framecrc here: a line for each frame."""

CHECKSUM_TYPE = np.dtype([("ticks", "<i8"), ("crc", "<u4")])
"""Presentation time, 90,000 a second; Adler-32 of the frame's pixels (libavformat/framecrcenc.c).
"""

ONE_BY_ONE: Options = {"threads": 1}
"""Input option: damaged frames have the same pixels each time only where one thread decodes one
frame after the other (seen with H.264, HEVC, VP9 and MPEG-4)."""

Checksums = np.recarray[Any, np.dtype[np.record]]
"""An array of `CHECKSUM_TYPE`, one record a frame: `checksums.ticks`, `checksums[5].crc`."""


def read_checksums(path: Path, *, grows: bool = False) -> Checksums:
    """Reads lines `stream, dts, pts, duration, size, 0xcrc`; of a file that grows, those that are
    whole. Raises HeatersError where a line is anything else or the time base is not 1/90000."""
    ticks, crcs = array("q"), array("Q")
    with path.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if grows and not line.endswith("\n"):
                break
            if line.startswith("#tb") and line.split()[-1] != f"1/{TICKS_PER_SECOND}":
                raise HeatersError(f"{path.name} has an unknown time base: {line.strip()}.")
            if line.startswith("#"):
                continue
            fields = line.split(",")
            try:
                ticks.append(int(fields[2]))
                crcs.append(int(fields[5], 16))
            except (IndexError, ValueError):
                raise HeatersError(
                    f"{path.name} is damaged at line {number}: make the gold master again."
                ) from None
    checksums = np.recarray(len(ticks), CHECKSUM_TYPE)
    checksums["ticks"], checksums["crc"] = ticks, crcs
    return checksums


def verify_gold_master(
    gold: Path,
    checksums: Checksums,
    folder: Path,
    *,
    on_progress: ProgressCallback | None = None,
    stall_seconds: float,
) -> list[int]:
    """Decodes `gold`, of either kind, and returns the numbers of the frames whose pixels are not
    the encoded ones; missing and surplus frames count. `folder` is for work in progress.
    """
    facts = probe(gold)
    different: list[int] = []
    options: Options
    for options in ({}, ONE_BY_ONE):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            decoded = Path(scratch) / "gold.framecrc"
            video = exact(input_file(gold, **facts.decoding, **options)["V:0"], facts)
            run(
                ffmpeg.output(video.filter("setpts", "N"), file_url(decoded), **FRAMECRC_OPTIONS),
                what=f"verify {gold.name}",
                on_progress=on_progress,
                stall_seconds=stall_seconds,
            )
            different = _differing(checksums.crc, read_checksums(decoded).crc)
        if not different:
            break
    return different


def _differing(wanted: Any, found: Any) -> list[int]:
    both = min(len(wanted), len(found))
    different = np.flatnonzero(wanted[:both] != found[:both]).tolist()
    return [*different, *range(both, max(len(wanted), len(found)))]
