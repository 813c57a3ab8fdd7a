"""The frame index of a review proxy, from its sample table, and proof that the proxy keeps what the
player relies on."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import av.error
import numpy as np
import numpy.typing as npt

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import RECORD_TYPE, TICKS_PER_SECOND, FrameIndex
from heaters_pipeline.media.ffmpeg.process import file_url
from heaters_pipeline.media.products.sample_table import NoSampleTable, read_sample_table


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

_FRAMES_AT_ONCE = 64
"""Mapped at a time, some 2 MB: a long proxy, mapped as a whole, would count as memory."""


def read_frame_index(proxy: Path) -> FrameIndex:
    """One record a frame, in presentation order. Reads the sample table only, no media.

    Raises HeatersError where the file is no proxy of ours.
    """
    try:
        table = read_sample_table(proxy)
    except NoSampleTable as error:
        raise HeatersError(_UNREADABLE.format(name=proxy.name)) from error
    if table.timescale != TICKS_PER_SECOND:
        raise HeatersError(f"{proxy.name} counts time in 1/{table.timescale} s, not 1/90000.")
    index = np.empty(len(table.sizes), RECORD_TYPE)
    index["offset"], index["size"], index["ticks"] = table.offsets, table.sizes, table.times
    return index


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


def check_proxy(proxy: Path, index: FrameIndex) -> None:
    """Raises HeatersError, naming the first frame at fault, unless the frames lie back to back,
    times start at 0 and rise, and each frame is an IDR picture in the bitstream."""
    if len(index) == 0:
        raise HeatersError(f"{proxy.name} has no frames: make the review proxy again.")
    offsets, ticks = index["offset"], index["ticks"]
    if ticks[0] != 0:
        raise HeatersError(f"{proxy.name} starts at {ticks[0]} ticks, not at 0.")
    for n in _where(offsets[1:] != offsets[:-1] + index["size"][:-1]):
        raise HeatersError(f"{proxy.name}: frame {n + 1} does not follow frame {n} directly.")
    for n in _where(ticks[1:] <= ticks[:-1]):
        raise HeatersError(f"{proxy.name}: frame {n + 1} is not later than frame {n}.")
    length_size = (proxy_codec(proxy).description[4] & 3) + 1
    with proxy.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for first in range(0, len(index), _FRAMES_AT_ONCE):
            records = index[first : first + _FRAMES_AT_ONCE].tolist()
            for n, (offset, size, _) in enumerate(records, start=first):
                types = set(_nal_types(data, offset, offset + size, length_size))
                if _IDR not in types or types - _ALLOWED:
                    raise HeatersError(f"{proxy.name}: frame {n} is no IDR picture (NALs {types}).")
            data.madvise(mmap.MADV_DONTNEED)


def _where(faulty: npt.NDArray[np.bool_]) -> list[int]:
    return [int(n) for n in np.flatnonzero(faulty)[:1]]


def _nal_types(data: mmap.mmap, at: int, end: int, length_size: int) -> Iterator[int]:
    """Types of the length-prefixed NAL units of a sample; -1 where it doesn't end with one."""
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
