"""The part of a gold master that holds a range of frames, as a small Matroska file of its own.

Every frame of an FFV1 gold master is intra, and its cues name the cluster of each. So the header
and the clusters of a range, copied as they are, are a file of exactly these frames at their own
times. Around them the clusters' audio is kept without the video: a decoder needs some before the
range, and a packet may lie in the file later than the frame that it is heard with.

Elements and their ids: RFC 9559 (Matroska), RFC 8794 (EBML).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from heaters_pipeline.media.clips.gold_range import AUDIO_PREROLL
from heaters_pipeline.media.clips.remote import Remote, RemoteFile
from heaters_pipeline.media.ffmpeg.demuxers import open_stream

SEGMENT, SEEK_HEAD, CLUSTER = 0x18538067, 0x114D9B74, 0x1F43B675
TRACKS, TRACK_ENTRY, TRACK_NUMBER, TRACK_TYPE = 0x1654AE6B, 0xAE, 0xD7, 0x83
CODEC_DELAY = 0x56AA
VIDEO_TRACK = 1
TIMESTAMP, CRC, VOID, BLOCK_GROUP, BLOCK, SIMPLE_BLOCK = 0xE7, 0xBF, 0xEC, 0xA0, 0xA1, 0xA3
UNKNOWN_SIZE = b"\x01" + 7 * b"\xff"

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
    times: Any
    """When each frame is shown, in milliseconds of the file: (frames,)."""
    begin: int
    """When the first of all tracks begins, in the same."""
    track: int
    """The number of the video's track."""
    delays: Mapping[int, int]
    """By how many milliseconds a decoder of audio is late, by number of the track."""

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
            times = np.array([each.timestamp for each in entries], np.int64)
            begin = (container.start_time or 0) // 1000
    except av.error.FFmpegError:
        return None
    ordered = len(starts) == frame_count and (np.diff(starts) >= 0).all()
    if not ordered or starts[-1] + 16 > remote.size:
        return None
    last = _element(remote.read(int(starts[-1]), 16), 0)
    end = int(starts[-1]) + last.header + last.size
    header = remote.read(0, int(starts[0]))
    opened, tracks = _open_ended(header), _tracks(header)
    track = next((each[TRACK_NUMBER] for each in tracks if each[TRACK_TYPE] == VIDEO_TRACK), None)
    if last.id != CLUSTER or end > remote.size or opened is None or track is None:
        return None
    delays = {each[TRACK_NUMBER]: round(each.get(CODEC_DELAY, 0) / 10**6) for each in tracks}
    return ClusterIndex(opened, np.append(starts, end), times, begin, track, delays)


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
    heard, since = _heard_from(index, frames)
    before = _clusters(starts, heard, first)
    until = heard_until(frames, ticks) * TICKS_PER_SECOND
    after = _clusters(starts, last, int(np.searchsorted(ticks, until)))

    def audio(cluster: tuple[int, int]) -> bytes:
        window = _Window(remote, cluster[1])
        is_first = cluster[0] == starts[heard]
        return _cluster(window, cluster[0], index, since if is_first else None, with_video=False)

    with ThreadPoolExecutor(READERS) as pool, out.open("wb") as file:
        later = pool.map(audio, after)
        file.write(index.header)
        file.writelines(pool.map(audio, before))
        begin = int(starts[first])
        if heard >= first:  # frames so small that they share clusters
            begin = int(starts[np.searchsorted(starts, starts[first], side="right")])
            window = _Window(remote, begin)
            window.read(int(starts[first]), begin - int(starts[first]))
            file.write(_cluster(window, int(starts[first]), index, since, with_video=True))
        file.writelines(remote.stream(begin, end - begin))
        file.writelines(later)
    return first


def _heard_from(index: ClusterIndex, frames: FrameRange) -> tuple[int, int | None]:
    """The frame with whose cluster audio begins, and the millisecond that it begins with, None for
    all of it. A seek in the whole gold master ends at the same packet (libavformat drops those
    before the frame that it finds), so that decoders make the same samples of both."""
    at = int(index.times[frames.start]) - 1000 * AUDIO_PREROLL
    frame = max(0, int(np.searchsorted(index.times, int(at), side="right")) - 1)
    return frame, int(index.times[frame]) if at > index.begin else None


def heard_until(frames: FrameRange, ticks: Any) -> float:
    """Seconds until which audio is read: the last frame may be shown for long."""
    shown_until = ticks[min(frames.end, len(ticks) - 1)]
    return float(shown_until) / TICKS_PER_SECOND + AUDIO_AFTER_SECONDS


def _clusters(starts: Any, first: int, end: int) -> Iterator[tuple[int, int]]:
    """Where each of the clusters of frames `first` to `end` begins and ends."""
    edges = np.unique(starts[first : end + 1]).tolist()
    return pairwise(edges)


def _cluster(
    window: _Window, start: int, index: ClusterIndex, since: int | None, *, with_video: bool
) -> bytes:
    """A cluster without audio from before the millisecond `since`, and without blocks of video,
    which are not read, or with them."""
    cluster = window.element(start)
    at, timestamp, kept = start + cluster.header, 0, []
    while at < window.end:
        element = window.element(at)
        whole = element.header + element.size
        block = window.block(at, element)
        if element.id == TIMESTAMP:
            timestamp = int.from_bytes(window.read(at + element.header, element.size), "big")
        if block is None:
            is_wanted = element.id != CRC
        elif block.track == index.track:
            is_wanted = with_video
        else:
            time = timestamp + block.time - index.delays.get(block.track, 0)
            is_wanted = since is None or time >= since
        if is_wanted:
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


class _Block(NamedTuple):
    track: int
    time: int
    """Milliseconds after the cluster's."""


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


def _tracks(header: bytes) -> list[dict[int, int]]:
    """The facts of each track, by their ids."""
    return [
        {fact.id: _number(header, fact_at, fact) for fact_at, fact in _inside(header, at, entry)}
        for tracks_at, tracks in _parts(header, (_segment(header) or 0) + 8, len(header))
        if tracks.id == TRACKS
        for at, entry in _inside(header, tracks_at, tracks)
        if entry.id == TRACK_ENTRY
    ]


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

    def block(self, at: int, element: _Element) -> _Block | None:
        """None of anything else."""
        if element.id == BLOCK_GROUP:
            at += element.header
            element = self.element(at)
        if element.id not in (BLOCK, SIMPLE_BLOCK):
            return None
        head = self.read(at + element.header, 3)
        if not head[0] & 0x80:
            raise HeatersError("The gold master has more than 127 tracks.")
        return _Block(head[0] & 0x7F, int.from_bytes(head[1:], "big", signed=True))
