"""Cutting a PCM WAV by byte arithmetic. Format: RIFF/WAVE, chunks `fmt `, `data` and, with the
sound's levels, `lvls` (Microsoft, Multimedia Programming Interface and Data Specifications 1.0)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from heaters_pipeline.domain import levels
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND

PCM = 1
LONGEST_HEADER = 4096
HEADER_BYTES = 44
CHUNK_HEADER = 8

PART_SECONDS = 10
"""Of a part of a clip's sound, as `static/player/sound_parts.js` asks for it."""

LEVELS_HEADER = struct.Struct("<4sIf")
LEVELS_MAGIC = b"HLV1"


class WavLayout(NamedTuple):
    channels: int
    rate: int
    bits: int
    data_start: int
    """Byte in the file at which the samples begin."""
    data_bytes: int

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
            return WavLayout(*fields, data_start=position, data_bytes=size)
        if name == b"fmt ":
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, position)
            if kind != PCM:
                raise HeatersError("The audio of this video is not PCM: make its proxy again.")
            fields = (channels, rate, bits)
        position += size + size % 2
    raise HeatersError("The WAV header of this video's audio is cut off: make its proxy again.")


def samples_within(layout: WavLayout, start_ticks: int, end_ticks: int) -> range:
    """The samples that cover [start_ticks, end_ticks)."""
    first = start_ticks * layout.rate // TICKS_PER_SECOND
    return range(first, -(-end_ticks * layout.rate // TICKS_PER_SECOND))


def part(layout: WavLayout, samples: range, number: int) -> range:
    """Those of the samples that are in a part of the sound; none after the last part."""
    length = PART_SECONDS * layout.rate
    return samples[number * length : (number + 1) * length]


def span(layout: WavLayout, samples: range) -> tuple[int, int]:
    """First byte and length of the samples, as far as the file has them."""
    first = min(samples.start * layout.block, layout.data_bytes)
    end = min(samples.stop * layout.block, layout.data_bytes)
    return layout.data_start + first, end - first


def levels_start(layout: WavLayout, tail: bytes) -> int | None:
    """The byte at which the records of the levels begin; None for a sound without them. `tail`: the
    bytes right after the samples."""
    pad = layout.data_bytes % 2
    if tail[pad : pad + 4] != b"lvls":
        return None
    return layout.data_start + layout.data_bytes + pad + CHUNK_HEADER


def records_within(layout: WavLayout, samples: range) -> range:
    """The records of levels that the samples lie in."""
    length = layout.rate // levels.RECORDS_PER_SECOND
    known = range(-(-layout.data_bytes // layout.block // length))
    return known[samples.start // length : -(-samples.stop // length)]


def levels_header(layout: WavLayout, samples: range, records: range) -> bytes:
    """What comes before the records: their number, and the seconds from the beginning of the first
    one to that of the samples."""
    first = records.start / levels.RECORDS_PER_SECOND
    lead = max(0.0, samples.start / layout.rate - first)
    return LEVELS_HEADER.pack(LEVELS_MAGIC, len(records), lead)


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
