"""The frame index of a review proxy, from its sample table, and proof that the proxy is what
the player relies on."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from itertools import pairwise, repeat
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import av
import av.error

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND, FrameRecord
from heaters_pipeline.media.ffmpeg import file_url


class ProxyCodec(NamedTuple):
    codec: str
    """`avc1.PPCCLL` (RFC 6381), as WebCodecs wants it."""
    description: bytes
    """The avcC box's content (ISO/IEC 14496-15, 5.3.3.1)."""
    width: int
    height: int


_IDR = 5
_ALLOWED = {_IDR, 6, 7, 8, 9}
"""NAL unit types of ITU-T H.264 table 7-1: IDR slice, SEI, SPS, PPS, access unit delimiter."""


def read_frame_index(proxy: Path) -> list[FrameRecord]:
    """One record a frame, in presentation order. Reads the sample table only, no media.

    PyAV makes one object an entry (0.3 µs, half of the whole); the rest is built without a line of
    Python per frame. Raises HeatersError where the file is no proxy of ours.
    """
    fields = attrgetter("pos", "size", "timestamp")
    try:
        with av.open(file_url(proxy)) as container:
            video = container.streams.video[0]
            if video.time_base is None or 1 / video.time_base != TICKS_PER_SECOND:
                raise HeatersError(f"{proxy.name} counts time in {video.time_base}, not 1/90000.")
            entries = map(fields, video.index_entries)
            return list(map(tuple.__new__, repeat(FrameRecord), entries))
    except (av.error.FFmpegError, IndexError) as error:
        raise HeatersError(_UNREADABLE.format(name=proxy.name)) from error


def proxy_codec(proxy: Path) -> ProxyCodec:
    try:
        with av.open(file_url(proxy)) as container:
            context = container.streams.video[0].codec_context
            avcc = context.extradata
            if context.name != "h264" or not avcc or avcc[0] != 1:
                raise HeatersError(
                    f"{proxy.name} is not H.264 in MP4: make the review proxy again."
                )
            return ProxyCodec(f"avc1.{avcc[1:4].hex()}", avcc, context.width, context.height)
    except (av.error.FFmpegError, IndexError) as error:
        raise HeatersError(_UNREADABLE.format(name=proxy.name)) from error


_UNREADABLE = "{name} has no sample table that can be read: make the review proxy again."


def check_proxy(proxy: Path, records: Sequence[FrameRecord]) -> None:
    """Raises HeatersError, naming the first frame at fault, unless the frames lie back to back,
    times start at 0 and rise, and each frame is an IDR picture in the bitstream."""
    if not records:
        raise HeatersError(f"{proxy.name} has no frames: make the review proxy again.")
    if records[0].ticks != 0:
        raise HeatersError(f"{proxy.name} starts at {records[0].ticks} ticks, not at 0.")
    for n, (before, after) in enumerate(pairwise(records), start=1):
        if after.offset != before.offset + before.size:
            raise HeatersError(f"{proxy.name}: frame {n} does not follow frame {n - 1} directly.")
        if after.ticks <= before.ticks:
            raise HeatersError(f"{proxy.name}: frame {n} is not later than frame {n - 1}.")
    length_size = (proxy_codec(proxy).description[4] & 3) + 1
    with proxy.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for n, record in enumerate(records):
            types = set(_nal_types(data, record, length_size))
            if _IDR not in types or types - _ALLOWED:
                raise HeatersError(f"{proxy.name}: frame {n} is no IDR picture (NALs {types}).")


def _nal_types(data: mmap.mmap, record: FrameRecord, length_size: int) -> Iterator[int]:
    """Types of the length-prefixed NAL units of a sample; -1 where it doesn't end with one."""
    at, end = record.offset, record.offset + record.size
    if end > len(data):
        yield -1
        return
    while at < end:
        header = at + length_size
        if header >= end:
            yield -1
            return
        yield data[header] & 0x1F
        at = header + int.from_bytes(data[at:header], "big")
    if at != end:
        yield -1
