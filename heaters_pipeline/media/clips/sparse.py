"""The part of an MP4 or QuickTime source that decoding a range of frames needs, as a file of the
source's own size with holes.

Where the source itself is the gold master, most frames need others, back to the key frame before
them. The sample table says where each of them lies. ffmpeg reads the file as it would the whole
one; the frames' checksums tell whether it needed what lies in a hole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.media.clips.excerpts import heard_until
from heaters_pipeline.media.clips.remote import BLOCK_BYTES, Remote, RemoteFile
from heaters_pipeline.media.ffmpeg.demuxers import open_stream

AUDIO_BEFORE_SECONDS = 1.25
"""More than a range's audio is read ahead of it (`gold_range.AUDIO_PREROLL`)."""
EARLY_SECONDS = 0.5
"""ffmpeg seeks to a key frame somewhat before the time that is asked for."""
LATE_SECONDS = 0.5
"""Samples are stored in the order of decoding, and decoders read ahead."""
GAP_BYTES = 1 << 16
"""What lies between two parts is read with them, if it is no more than this."""


@dataclass(frozen=True)
class SampleIndex:
    size: int
    head: Mapping[int, bytes]
    """What was read to open the file, by where it begins."""
    video: Any
    """`SAMPLE`s in the order of decoding."""
    audio: Sequence[Any]
    """The same of each audio stream."""

    def write(self, remote: Remote, frames: FrameRange, ticks: Any, out: Path) -> None:
        """Writes what `frames` need, and their audio. `ticks` says when each frame of the source is
        shown, 90,000 a second."""
        begin, end = (ticks[each] / TICKS_PER_SECOND for each in (frames.start, frames.end - 1))
        until = heard_until(frames, ticks)
        early = self.video["key"] & (self.video["seconds"] <= begin - EARLY_SECONDS)
        first = int(np.flatnonzero(early)[-1]) if early.any() else 0
        parts = [self.video[first:][self.video["seconds"][first:] <= end + LATE_SECONDS]]
        for each in self.audio:
            heard = each["seconds"]
            parts.append(each[(heard >= begin - AUDIO_BEFORE_SECONDS) & (heard <= until)])
        with out.open("wb") as file:
            file.truncate(self.size)
            for start, block in self.head.items():
                file.seek(start)
                file.write(block)
            for start, stop in _together(np.concatenate(parts)):
                file.seek(start)
                file.writelines(remote.stream(start, stop - start))


SAMPLE = np.dtype([("seconds", "f8"), ("start", "i8"), ("end", "i8"), ("key", "?")])
"""Decoding time from the file's start on; the bytes."""


def read_samples(remote: Remote, frame_count: int) -> SampleIndex | None:
    """None where `remote` has no sample table with `frame_count` frames or more."""
    file = RemoteFile(remote)
    try:
        with open_stream(file) as container:
            if "mp4" not in container.format.name or not container.streams.video:
                return None
            start = (container.start_time or 0) / av.time_base
            video = _samples(container.streams.video[0], start)
            audio = [_samples(each, start) for each in container.streams.audio]
    except av.error.FFmpegError:
        return None
    if len(video) < frame_count or video["end"].max() > remote.size:
        return None
    head = {number * BLOCK_BYTES: block for number, block in file.blocks.items()}
    return SampleIndex(remote.size, head, video, audio)


def _samples(stream: Any, start: float) -> Any:
    base = float(stream.time_base)
    return np.array(
        [
            (each.timestamp * base - start, each.pos, each.pos + each.size, each.is_keyframe)
            for each in stream.index_entries
        ],
        SAMPLE,
    )


def _together(samples: Any) -> Iterator[tuple[int, int]]:
    """Where each stretch of samples that lie together begins and ends."""
    samples = np.sort(samples, order="start")
    edges = np.flatnonzero(
        samples["start"][1:] > np.maximum.accumulate(samples["end"])[:-1] + GAP_BYTES
    )
    for part in np.split(samples, edges + 1):
        if len(part):
            yield int(part["start"][0]), int(part["end"].max())
