"""Test footage whose frames say their own number.

Geometry, as fractions of the upright picture (a reader in any language follows it):
the top band, y in [0, 1/6) of the height, is 16 blocks side by side, each 1/16 of the width.
Block 0 is the leftmost and the highest bit (2**15); white (255) is 1, black (0) is 0. A block is
read as the mean of its middle half (x and y), against a threshold of 128. Below the band lies the
scene: a base colour of its own with stripes that move 1/32 of the width a frame.
"""

from __future__ import annotations

import os
import random
import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import ffmpeg
import numpy as np
import numpy.typing as npt

from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.media.ffmpeg.process import file_url, run

BITS = 16
BAND = Fraction(1, 6)
AUDIO_RATE = 48_000

STALL_SECONDS = 120.0
"""What tests allow an ffmpeg run without progress."""

Picture = npt.NDArray[np.uint8]

_COLORS = np.array(
    [(200, 60, 50), (40, 130, 200), (60, 170, 80), (220, 180, 60), (140, 70, 180), (90, 90, 90)],
    dtype=np.float32,
)


def numbered_picture(number: int, width: int, height: int, scene: int = 0) -> Picture:
    """The picture of frame `number`, uint8 (height, width, 3), RGB."""
    picture = _striped(number % STEPS, width, height, scene % len(_COLORS)).copy()
    bits = [number >> (BITS - 1 - place) & 1 for place in range(BITS)]
    picture[: round(height * BAND)] = (
        255 * np.array(bits, np.uint8)[np.arange(width) * BITS // width, np.newaxis]
    )
    return picture


STEPS = 16
"""After as many frames the stripes of a scene are where they were."""


@lru_cache(64)
def _striped(step: int, width: int, height: int, scene: int) -> Picture:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    phase = (x + y * (1 if scene % 2 else -1)) / width * 4 + step / 8
    light = 0.75 + 0.25 * np.sign(np.sin(phase * np.pi))
    return (_COLORS[scene] * light[:, :, np.newaxis]).astype(np.uint8)


def read_number(picture: Picture) -> int:
    """The frame number shown in an upright RGB picture of any size, uint8 (height, width, 3)."""
    height, width = picture.shape[:2]
    band = float(height * BAND)
    rows = picture[int(band / 4) : max(int(band / 4) + 1, int(band * 3 / 4))].mean(axis=(0, 2))
    number = 0
    for place in range(BITS):
        left, right = (place + 0.25) * width / BITS, (place + 0.75) * width / BITS
        number = number << 1 | int(rows[int(left) : max(int(left) + 1, int(right))].mean() > 128)
    return number


def as_stored(picture: Picture, orientation: Orientation) -> Picture:
    """The stored image that `orientation` sets upright as `picture`."""
    turned = np.rot90(picture, orientation.rotation // 90)
    return np.ascontiguousarray(np.fliplr(turned) if orientation.mirrored else turned)


def make_numbered_film(
    out: Path,
    frames: int,
    size: tuple[int, int] = (320, 180),
    rate: Fraction = Fraction(25),
    *,
    scenes: Sequence[int] = (),
    audio: bool = True,
    ticks: Sequence[int] | None = None,
    orientation: Orientation | None = None,
    sample_aspect: Fraction | None = None,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    audio_codec: str = "aac",
    options: Mapping[str, str] | None = None,
) -> Path:
    """A film of `frames` numbered frames in the container that `out`'s suffix names.

    `size` is upright; `scenes` are the frames at which a new scene, and a tone of another pitch,
    begins. `ticks` (90,000 a second) gives each frame its time instead of `rate`. `orientation`
    sets the stored picture upright. B-frames unless `options` say otherwise. The same arguments
    give the same frames.
    """
    width, height = size
    times = ticks or [round(n * TICKS_PER_SECOND / rate) for n in range(frames)]
    with _usual_priority(), av.open(str(out), "w") as container:
        video: Any = container.add_stream(codec, rate=rate)
        turned = orientation or Orientation()
        stored = (height, width) if turned.swaps_sides else (width, height)
        video.width, video.height = stored
        video.pix_fmt = pixel_format
        default = {"preset": "ultrafast", "crf": "18", "bf": "2", "g": "50", "threads": "2"}
        video.options = dict(options) if options is not None else default
        exact = Fraction(1, TICKS_PER_SECOND) if ticks else 1 / rate
        video.time_base = video.codec_context.time_base = exact
        if sample_aspect:
            video.codec_context.sample_aspect_ratio = sample_aspect
        if orientation:
            # PyAV turns counter-clockwise, and mirrors after that.
            degrees = turned.rotation if turned.mirrored else -turned.rotation
            video.set_display_rotation(degrees, hflip=turned.mirrored)
        heard: Any = container.add_stream(audio_codec, rate=AUDIO_RATE) if audio else None
        tone = _Tone(heard, [times[cut] for cut in scenes]) if heard else None
        for number in range(frames):
            picture = numbered_picture(number, width, height, bisect_right(scenes, number))
            frame = av.VideoFrame.from_ndarray(as_stored(picture, turned), format="rgb24")
            frame.pts = times[number] if ticks else number
            frame.time_base = exact
            container.mux(video.encode(frame))
            if tone:
                container.mux(tone.until(times[number] / TICKS_PER_SECOND))
        container.mux(video.encode(None))
        if tone:
            container.mux(tone.until((times[-1]) / TICKS_PER_SECOND + float(1 / rate)))
            container.mux(heard.encode(None))
    return out


@contextmanager
def _usual_priority() -> Iterator[None]:
    """Used by root, SVT-AV1 makes the thread that opens it, and its children, real-time ones."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)


@dataclass(frozen=True)
class NumberedFilm:
    """Of a film whose frames say their number: what most tests choose."""

    frames: int
    scenes: Sequence[int] = ()
    rate: Fraction = Fraction(25)
    size: tuple[int, int] = (320, 180)
    name: str = "film.mp4"

    def make(self, folder: Path) -> Path:
        out = folder / self.name
        return make_numbered_film(out, self.frames, self.size, self.rate, scenes=self.scenes)


def remake(
    source: Path, out: Path, *, seek: float = 0, times: int = 1, maps: Any = None, **options: Any
) -> Path:
    """`source` through ffmpeg with its output `options`: from `seek` seconds on, or so many `times`
    one after the other."""
    given = ({"ss": seek} if seek else {}) | ({"stream_loop": times - 1} if times > 1 else {})
    opened = ffmpeg.input(file_url(source), **given)
    streams = [opened[each] for each in maps] if maps else [opened]
    run(
        ffmpeg.output(*streams, file_url(out), **options),
        what=f"make {out.name}",
        stall_seconds=STALL_SECONDS,
    )
    return out


def spoil(film: Path, begin: float, end: float, places: int = 30, seed: int = 1) -> Path:
    """Overwrites bytes of `film` at random places between two fractions of its length."""
    data, chance = bytearray(film.read_bytes()), random.Random(seed)
    for _ in range(places):
        at = int(len(data) * chance.uniform(begin, end))
        data[at : at + 30] = chance.randbytes(len(data[at : at + 30]))
    film.write_bytes(data)
    return film


def crop_in_container(film: Path, width: int, height: int) -> Path:
    """Puts a clean aperture box (ISO/IEC 14496-12, 12.1.4) for the middle of the picture into an
    H.264 MP4 that has its index at the end."""
    data = bytearray(film.read_bytes())
    box = struct.pack(">I4s8I", 40, b"clap", width, 1, height, 1, 0, 1, 0, 1)
    at = data.index(b"avcC") - 4
    for parent in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        place = data.rindex(parent, 0, at) - 4
        size = int.from_bytes(data[place : place + 4], "big")
        data[place : place + 4] = (size + len(box)).to_bytes(4, "big")
    data[at:at] = box
    film.write_bytes(data)
    return film


def make_plain_film(
    out: Path,
    pictures: Sequence[Picture | npt.NDArray[np.uint16]],
    pixel_format: str,
    codec: str = "ffv1",
    colors: tuple[int, int, int] = (1, 1, 1),
    options: Mapping[str, str] | None = None,
) -> Path:
    """A film of these very pictures, 25 a second, as PyAV takes arrays of `pixel_format`. `colors`
    are primaries, transfer and matrix by their numbers in ISO/IEC 23091-2."""
    with av.open(str(out), "w") as container:
        video: Any = container.add_stream(codec, rate=25)
        frames = [av.VideoFrame.from_ndarray(each, format=pixel_format) for each in pictures]
        video.width, video.height = frames[0].width, frames[0].height
        video.pix_fmt, video.options = pixel_format, dict(options or {})
        context = video.codec_context
        context.color_primaries, context.color_trc, context.colorspace = colors
        context.color_range = 1
        for number, frame in enumerate(frames):
            frame.pts = number
            frame.color_primaries, frame.color_trc, frame.colorspace = colors
            frame.color_range = 1
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return out


def tone_frequency(scene: int) -> float:
    """Hz of the tone under a scene."""
    return 300.0 * (scene + 1)


class _Tone:
    def __init__(self, stream: Any, cuts: Sequence[int]) -> None:
        self._stream = stream
        self._cuts = [cut / TICKS_PER_SECOND for cut in cuts]
        self._done = 0

    def until(self, seconds: float) -> list[Any]:
        """Packets of audio up to `seconds`."""
        packets: list[Any] = []
        while self._done < seconds * AUDIO_RATE:
            at = (self._done + np.arange(1024)) / AUDIO_RATE
            pitch = 300.0 * (1 + np.searchsorted(self._cuts, at, side="right"))
            samples = (0.3 * np.sin(2 * np.pi * pitch * at) * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(
                np.repeat(samples, 2)[np.newaxis], format="s16", layout="stereo"
            )
            frame.sample_rate, frame.pts = AUDIO_RATE, self._done
            frame.time_base = Fraction(1, AUDIO_RATE)
            packets += self._stream.encode(frame)
            self._done += 1024
        return packets
