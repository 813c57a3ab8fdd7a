"""The timecode that a file has of its own: a `tmcd` track of QuickTime, or a tag of MXF, Matroska
or another container."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

import av.error
from av.container import InputContainer

from heaters_pipeline.domain.timecode import is_timecode
from heaters_pipeline.media.ffmpeg.demuxers import open_stream


@dataclass(frozen=True)
class FileTimecode:
    start: str | None = None
    """Of the first frame."""
    reel: str | None = None
    """The name of the tape or card."""


NO_TIMECODE = FileTimecode()


def timecode_of(container: InputContainer) -> FileTimecode:
    tags = [*(stream.metadata for stream in container.streams), container.metadata]
    starts = [each["timecode"] for each in tags if is_timecode(each.get("timecode", ""))]
    reels = [each["reel_name"] for each in tags if each.get("reel_name")]
    return FileTimecode(starts[0] if starts else None, reels[0] if reels else None)


def read_timecode(file: BinaryIO) -> FileTimecode:
    """Reads the head of a video, and whatever part of it has its index. Nothing where it can't be
    read."""
    with suppress(av.error.FFmpegError), open_stream(file) as container:
        return timecode_of(container)
    return NO_TIMECODE
