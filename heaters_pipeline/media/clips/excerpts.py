"""The part of a gold master that holds a range of frames, as a small Matroska file of its own.

Every frame of an FFV1 gold master is intra, and its cues name the cluster of each. So the header
and the clusters of a range, copied as they are, are a file of exactly these frames at their own
times. Around them the clusters' audio is kept without the video: a decoder needs some before the
range, and a packet may lie in the file later than the frame that it is heard with.

Elements and their ids: RFC 9559 (Matroska), RFC 8794 (EBML).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error
import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.media.clips.remote import Remote, RemoteFile
from heaters_pipeline.media.ffmpeg.demuxers import open_stream

SEGMENT, SEEK_HEAD, CLUSTER = 0x18538067, 0x114D9B74, 0x1F43B675
TRACKS, TRACK_ENTRY, TRACK_NUMBER, TRACK_TYPE = 0x1654AE6B, 0xAE, 0xD7, 0x83
VIDEO_TRACK = 1
CRC, VOID, BLOCK_GROUP, BLOCK, SIMPLE_BLOCK = 0xBF, 0xEC, 0xA0, 0xA1, 0xA3
UNKNOWN_SIZE = b"\x01" + 7 * b"\xff"

AUDIO_BEFORE_SECONDS = 1.25
"""More than a range's audio is read ahead of it (`gold_range.AUDIO_PREROLL_SECONDS`)."""
AUDIO_AFTER_SECONDS = 0.5
"""The muxer holds back a packet of audio; a frame of some codecs lasts 0.2 seconds."""

HEAD_BYTES = 1 << 10
"""Of a cluster whose audio alone is wanted, at a time: more than the audio of one frame."""
READERS = 4
"""Small reads under way at once: each of them mostly waits."""


@dataclass(frozen=True)
class ClusterIndex:
    """Where each frame lies."""

    header: bytes
    """All that comes before the first cluster, made fit for any number of clusters."""
    starts: Any
    """Byte at which each frame's cluster begins, and where the last one ends: (frames + 1,)."""
    track: int
    """The number of the video's track."""

    def bytes_of(self, frames: FrameRange) -> int:
        """What the frames and the audio between them take in the gold master."""
        return int(self.starts[frames.end] - self.starts[frames.start])


def read_index(remote: Remote, frame_count: int) -> ClusterIndex | None:
    """Reads a few hundred kilobytes and the cues. None where `remote` is not an FFV1 gold master
    with a cue for each of its frames."""
    try:
        with open_stream(RemoteFile(remote)) as container:
            if "matroska" not in container.format.name or not container.streams.video:
                return None
            video = container.streams.video[0]
            if video.codec_context is None or video.codec_context.name != "ffv1":
                return None
            container.seek(container.duration or 0)  # reads the cues
            entries = video.index_entries
            starts = np.array([each.pos for each in entries], np.int64)
    except av.error.FFmpegError:
        return None
    ordered = len(starts) == frame_count and (np.diff(starts) >= 0).all()
    if not ordered or starts[-1] + 16 > remote.size:
        return None
    last = _element(remote.read(int(starts[-1]), 16), 0)
    end = int(starts[-1]) + last.header + last.size
    header = remote.read(0, int(starts[0]))
    opened, track = _open_ended(header), _video_track(header)
    if last.id != CLUSTER or end > remote.size or opened is None or track is None:
        return None
    return ClusterIndex(opened, np.append(starts, end), track)


def write_excerpt(
    index: ClusterIndex, remote: Remote, frames: FrameRange, ticks: Any, out: Path
) -> int:
    """Writes a file with `frames` and the audio around them to `out`; the number of its first
    frame, which lies before `frames` where they share a cluster. `ticks` says when each frame of
    the gold master is shown, 90,000 a second."""
    starts = index.starts
    first = int(np.searchsorted(starts, starts[frames.start]))
    last = int(np.searchsorted(starts, starts[frames.end - 1], side="right"))
    end = int(starts[last])
    heard = ticks[frames.start] - AUDIO_BEFORE_SECONDS * TICKS_PER_SECOND
    before = _clusters(starts, int(np.searchsorted(ticks, heard)), first)
    until = heard_until(frames, ticks) * TICKS_PER_SECOND
    after = _clusters(starts, last, int(np.searchsorted(ticks, until)))

    def audio(cluster: tuple[int, int]) -> bytes:
        return _without_video(remote, *cluster, index.track)

    with ThreadPoolExecutor(READERS) as pool, out.open("wb") as file:
        later = pool.map(audio, after)
        file.write(index.header)
        file.writelines(pool.map(audio, before))
        file.writelines(remote.stream(int(starts[first]), end - int(starts[first])))
        file.writelines(later)
    return first


def heard_until(frames: FrameRange, ticks: Any) -> float:
    """Seconds until which audio is read: the last frame may be shown for long."""
    shown_until = ticks[min(frames.end, len(ticks) - 1)]
    return float(shown_until) / TICKS_PER_SECOND + AUDIO_AFTER_SECONDS


def _clusters(starts: Any, first: int, end: int) -> Iterator[tuple[int, int]]:
    """Where each of the clusters of frames `first` to `end` begins and ends."""
    edges = np.unique(starts[first : end + 1]).tolist()
    return pairwise(edges)


def _without_video(remote: Remote, start: int, end: int, track: int) -> bytes:
    """A cluster without the blocks of a track, which are not read."""
    window = _Window(remote, end)
    cluster = window.element(start)
    at, kept = start + cluster.header, []
    while at < end:
        element = window.element(at)
        whole = element.header + element.size
        if element.id != CRC and window.track(at, element) != track:
            kept.append(window.read(at, whole))
        at += whole
    content = b"".join(kept)
    return CLUSTER.to_bytes(4, "big") + _sized(len(content)) + content


class _Element(NamedTuple):
    id: int
    header: int
    """Bytes of id and size."""
    size: int
    """Bytes of the content."""


def _element(data: bytes, at: int) -> _Element:
    if len(data) - at < 2 or not data[at]:
        raise HeatersError("The gold master's clusters are damaged.")
    id_length = 9 - data[at].bit_length()
    size_at = at + id_length
    size_length = 9 - data[size_at].bit_length()
    size = int.from_bytes(data[size_at : size_at + size_length], "big")
    return _Element(
        int.from_bytes(data[at:size_at], "big"),
        id_length + size_length,
        size - (1 << (7 * size_length)),
    )


def _number(data: bytes, at: int, element: _Element) -> int:
    start = at + element.header
    return int.from_bytes(data[start : start + element.size], "big")


def _sized(size: int) -> bytes:
    return (size | 1 << 56).to_bytes(8, "big")


def _parts(data: bytes, start: int, end: int) -> Iterator[tuple[int, _Element]]:
    """Where each element between two places begins."""
    at = start
    while at < end:
        element = _element(data, at)
        yield at, element
        at += element.header + element.size


def _segment(header: bytes) -> int | None:
    """Where the segment's size is, in 8 bytes; None where that is written otherwise."""
    first = _element(header, 0)
    at = first.header + first.size
    segment = _element(header, at)
    return at + 4 if (segment.id, segment.header) == (SEGMENT, 12) else None


def _open_ended(header: bytes) -> bytes | None:
    """A file's header for a segment that ends where the file does, and without the list of where
    its parts lie. None where it has another form."""
    size_at = _segment(header)
    if size_at is None:
        return None
    made = bytearray(header)
    made[size_at : size_at + 8] = UNKNOWN_SIZE
    for at, element in _parts(header, size_at + 8, len(header)):
        if element.id == SEEK_HEAD:
            whole = element.header + element.size
            made[at : at + 9] = bytes([VOID]) + _sized(whole - 9)
    return bytes(made)


def _video_track(header: bytes) -> int | None:
    """The number of the first track with video."""
    for at, tracks in _parts(header, (_segment(header) or 0) + 8, len(header)):
        if tracks.id != TRACKS:
            continue
        for entry_at, entry in _inside(header, at, tracks):
            if entry.id == TRACK_ENTRY:
                facts = {
                    fact.id: _number(header, fact_at, fact)
                    for fact_at, fact in _inside(header, entry_at, entry)
                }
                if facts.get(TRACK_TYPE) == VIDEO_TRACK:
                    return facts.get(TRACK_NUMBER)
    return None


def _inside(data: bytes, at: int, element: _Element) -> Iterator[tuple[int, _Element]]:
    start = at + element.header
    return _parts(data, start, start + element.size)


@dataclass
class _Window:
    """A look at a part of an object, up to `end`, that moves as it must."""

    remote: Remote
    end: int
    start: int = 0
    data: bytes = b""

    def read(self, at: int, length: int) -> bytes:
        if not self.start <= at <= at + length <= self.start + len(self.data):
            self.start = at
            self.data = self.remote.read(at, min(max(length, HEAD_BYTES), self.end - at))
        return self.data[at - self.start : at - self.start + length]

    def element(self, at: int) -> _Element:
        return _element(self.read(at, min(16, self.end - at)), 0)

    def track(self, at: int, element: _Element) -> int | None:
        """Of a block; None of anything else."""
        if element.id == BLOCK_GROUP:
            at += element.header
            element = self.element(at)
        if element.id not in (BLOCK, SIMPLE_BLOCK):
            return None
        number = self.read(at + element.header, 1)[0]
        return number & 0x7F if number & 0x80 else None
