"""Cutting a PCM WAV by byte arithmetic. Format: RIFF/WAVE, chunks `fmt ` and `data`
(Microsoft, Multimedia Programming Interface and Data Specifications 1.0)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND

PCM = 1
LONGEST_HEADER = 4096


class WavLayout(NamedTuple):
    channels: int
    rate: int
    bits: int
    data_start: int
    """Byte in the file at which the samples begin."""

    @property
    def block(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * self.bits // 8


def read_layout(head: bytes) -> WavLayout:
    """`head`: the first LONGEST_HEADER bytes of the file, or all of it."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise HeatersError("The audio of this video is not a WAV file: make its proxy again.")
    position, fields = 12, None
    while position + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, position)
        position += 8
        if name == b"data" and fields is not None:
            return WavLayout(*fields, data_start=position)
        if name == b"fmt ":
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, position)
            if kind != PCM:
                raise HeatersError("The audio of this video is not PCM: make its proxy again.")
            fields = (channels, rate, bits)
        position += size + size % 2
    raise HeatersError("The WAV header of this video's audio is cut off: make its proxy again.")


def span(layout: WavLayout, start_ticks: int, end_ticks: int) -> tuple[int, int]:
    """First byte and length of the samples that cover [start_ticks, end_ticks)."""
    first = start_ticks * layout.rate // TICKS_PER_SECOND
    end = -(-end_ticks * layout.rate // TICKS_PER_SECOND)
    return layout.data_start + first * layout.block, (end - first) * layout.block


def header(layout: WavLayout, data_bytes: int) -> bytes:
    """The 44 bytes before `data_bytes` bytes of samples."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + data_bytes,
        b"WAVE",
        b"fmt ",
        16,
        PCM,
        layout.channels,
        layout.rate,
        layout.rate * layout.block,
        layout.block,
        layout.bits,
        b"data",
        data_bytes,
    )
