"""The frame index of a review proxy, from its sample table, and proof that the proxy is what
the player relies on."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import av
import av.error

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND, FrameRecord
from heaters_pipeline.media.ffmpeg import file_url


def read_frame_index(proxy: Path) -> list[FrameRecord]:
    """One record a frame, in presentation order. Reads the sample table only, no media.

    Raises HeatersError where the file is no proxy of ours.
    """
    try:
        with av.open(file_url(proxy)) as container:
            video = container.streams.video[0]
            base = video.time_base
            if base is None or base.numerator != 1 or base.denominator != TICKS_PER_SECOND:
                raise HeatersError(f"{proxy.name} counts time in {base}, not 1/90000.")
            return [
                FrameRecord(entry.pos, entry.size, entry.timestamp)
                for entry in video.index_entries
            ]
    except (av.error.FFmpegError, IndexError) as error:
        raise HeatersError(
            f"{proxy.name} has no sample table that can be read: make the review proxy again."
        ) from error
