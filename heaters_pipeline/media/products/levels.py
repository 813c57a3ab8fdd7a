"""The levels of a proxy's audio (`domain.levels`), measured by ffmpeg's `ebur128` and kept in a
chunk at the end of the WAV itself: who has the sound has its levels."""

from __future__ import annotations

import re
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

import ffmpeg

from heaters_pipeline.domain import levels
from heaters_pipeline.media.ffmpeg.process import file_url, input_file, run

CHUNK = b"lvls"

_MOMENTARY = re.compile(r"^lavfi\.r128\.M=(\S+)$", re.MULTILINE)
_BLOCK = 1 << 19


def append_levels(audio: Path, *, stall_seconds: float) -> None:
    """Measures a WAV of one channel and 16 bits, and appends what it found."""
    with wave.open(str(audio)) as sound:
        peaks = levels.peaks(_samples(sound), sound.getframerate())
    if not peaks:
        return
    content = levels.pack(peaks, _loudness(audio, stall_seconds))
    with audio.open("r+b") as file:
        end = file.seek(0, 2)
        file.write(bytes(end % 2) + CHUNK + struct.pack("<I", len(content)) + content)
        size = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", size))


def _samples(sound: wave.Wave_read) -> Iterator[bytes]:
    while block := sound.readframes(_BLOCK):
        yield block


def _loudness(audio: Path, stall_seconds: float) -> list[float]:
    """Momentary loudness in LUFS, ten times a second."""
    told = audio.with_suffix(".r128")
    try:
        measured = (
            input_file(audio)
            .audio.filter("ebur128", metadata=1)
            .filter("ametadata", mode="print", key="lavfi.r128.M", file=file_url(told))
        )
        run(
            ffmpeg.output(measured, "-", format="null"),
            what=f"measure the loudness of {audio.name}",
            stall_seconds=stall_seconds,
        )
        return [float(value) for value in _MOMENTARY.findall(told.read_text())]
    finally:
        told.unlink(missing_ok=True)
