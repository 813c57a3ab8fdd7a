"""Reading an exported file back: the proof that it holds its frames and its audio.

Lossy frames can't be compared by checksum. Each is compared in two ways with the frame of the gold
master that it should be: by its peak signal-to-noise ratio at full size, which tells how well it is
kept, and as a small grey image, which tells whether it is this frame and not one beside it. (What
an encoder loses, averaged over a few hundred pixels, is far less than what moves from frame to
frame.)
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.media.clips.gold_range import GoldRange, Streams
from heaters_pipeline.media.ffmpeg.filters import twice
from heaters_pipeline.media.ffmpeg.probe import open_video, video_stream
from heaters_pipeline.media.ffmpeg.process import Options, ffmpeg_version, file_url, input_file

LEAST_PSNR = 28.0
"""dB, at the worst frame: below it an image is visibly another one."""
MOST_PSNR = 100.0
"""dB, told of a frame that lost nothing."""

COLUMNS, ROWS = 48, 27
SLIGHT = 0.4
"""Levels of 255, root mean square of a small image: frames that are nearer to each other are taken
for the same."""
OTHER = 6.0
"""Levels beyond which a small image shows something else."""
CLEARER = 1.5
"""Times as near that a small image must be to another frame to be taken for it."""
SHIFTS = (-3, -2, -1, 1, 2, 3)
"""Of frames, that a frame may be mistaken for."""

TIME_TOLERANCE = 0.004
"""Seconds that a frame may be shown early or late: containers that count milliseconds move frames
that would be shown in the same one."""

AUDIO_RATE = 16_000
AUDIO_WINDOW_SECONDS = 60
"""Compared at either end of the audio."""
MOST_LAG = 0.01
"""Seconds that the audio may be early or late."""
SEARCHED_LAG = 0.5
LENGTH_TOLERANCE = 0.05
"""Seconds: two packets of AAC."""
SILENCE = 0.003
"""Root mean square (-50 dBFS) below which audio has no time that could be told."""
LEAST_LIKENESS = 0.5
"""Correlation of the file's audio with the gold master's."""

_SMALL: Options = {"format": "rawvideo", "pix_fmt": "gray16le", "fps_mode:v": "passthrough"}
_MONO: Options = {"format": "f32le", "ac": 1, "ar": AUDIO_RATE}

Floats = NDArray[np.floating[Any]]


def prove_export(clip: GoldRange, file: Path, *, stall_seconds: float) -> Receipt:
    """Reads `file` and the gold master's frames once. Raises HeatersError for the first thing in
    which `file` is not the export of `clip`: number and times of its frames, an image, audio."""
    _check_container(clip, file)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        read = _Read.of(clip, file, Path(folder), stall_seconds)
        _check_images(read)
        psnr = read.psnr()
        if psnr.min() < LEAST_PSNR:
            worst = int(psnr.argmin())
            raise _wrong(
                f"frame {worst} differs too much from the gold master ({psnr[worst]:.1f} dB)"
            )
        lag = _check_audio(clip, read)
    return Receipt(
        frame_count=clip.frames.length,
        duration_seconds=float(clip.duration),
        size=file.stat().st_size,
        sha256=file_digest(file),
        psnr_least=round(float(psnr.min()), 2),
        psnr_mean=round(float(psnr.mean()), 2),
        audio_lag=lag,
        ffmpeg=ffmpeg_version(),
    )


@dataclass(frozen=True)
class _Read:
    """What one run of ffmpeg wrote of a file and of the gold master's range."""

    folder: Path
    frame_count: int
    has_audio: bool

    @classmethod
    def of(cls, clip: GoldRange, file: Path, folder: Path, stall_seconds: float) -> _Read:
        read = cls(folder, clip.frames.length, clip.facts.has_audio)

        def outputs(gold: Streams) -> Sequence[Any]:
            told = input_file(file)["V:0"].filter("settb", str(clip.base)).filter("setpts", "N")
            true = gold.video.filter("setpts", "N").filter("format", gold.options["pix_fmt"])
            told, small_told = twice(told)
            true, small_true = twice(true)
            compared = ffmpeg.filter([told, true], "psnr", stats_file=str(folder / "psnr"))
            made = [
                ffmpeg.output(compared, "-", format="null", **{"fps_mode:v": "passthrough"}),
                ffmpeg.output(_small(small_told), file_url(folder / "file.gray"), **_SMALL),
                ffmpeg.output(_small(small_true), file_url(folder / "gold.gray"), **_SMALL),
            ]
            if gold.audio:
                heard = input_file(file, vn=None)["a:0"]
                made += [
                    ffmpeg.output(heard, file_url(folder / "file.f32"), **_MONO),
                    ffmpeg.output(gold.audio, file_url(folder / "gold.f32"), **_MONO),
                ]
            return made

        try:
            clip.decode(
                outputs,
                folder / "framecrc",
                what="compare the exported file with",
                stall_seconds=stall_seconds,
            )
        except InputError as error:
            raise _wrong(str(error)) from error
        return read

    def psnr(self) -> Floats:
        """(frames,), dB."""
        told = re.findall(r"psnr_avg:(\S+)", (self.folder / "psnr").read_text())
        if len(told) != self.frame_count:
            raise _wrong(f"{len(told)} of {self.frame_count} frames decode")
        return np.array(told, float).clip(max=MOST_PSNR)

    def images(self, whose: str) -> NDArray[np.uint16]:
        """(frames, ROWS * COLUMNS), mapped from disk."""
        path = self.folder / f"{whose}.gray"
        count = path.stat().st_size // (2 * ROWS * COLUMNS)
        if count != self.frame_count:
            raise _wrong(f"{count} of {self.frame_count} frames decode")
        return np.memmap(path, np.dtype("<u2"), "r", shape=(count, ROWS * COLUMNS))

    def audio(self, whose: str) -> NDArray[np.float32]:
        """(samples,), mono, `AUDIO_RATE`."""
        return np.fromfile(self.folder / f"{whose}.f32", np.dtype("<f4"))


def _check_container(clip: GoldRange, file: Path) -> None:
    try:
        with open_video(file) as container:
            if clip.facts.has_audio != bool(container.streams.audio):
                raise _wrong("it has no audio" if clip.facts.has_audio else "it has audio")
            video = video_stream(file, container)
            base = video.time_base
            shown = sorted(
                packet.pts for packet in container.demux(video) if packet.pts is not None
            )
    except av.error.FFmpegError as error:
        raise _wrong(f"it can't be read ({error.strerror})") from error
    if len(shown) != clip.frames.length:
        raise _wrong(f"it has {len(shown)} frames instead of {clip.frames.length}")
    seconds, wanted = np.array(shown) * float(base or 1), clip.times * float(clip.base)
    late = np.abs(seconds - wanted)
    if late.max() > TIME_TOLERANCE:
        frame = int(late.argmax())
        raise _wrong(
            f"frame {frame} is shown at {seconds[frame]:.3f} s instead of {wanted[frame]:.3f} s",
        )


def _check_images(read: _Read) -> None:
    told, true = read.images("file"), read.images("gold")
    away = {shift: _distances(told, true, shift) for shift in (0, *SHIFTS)}
    here = away[0]
    nearest = np.min([away[shift] for shift in SHIFTS], axis=0)
    wrong = (here > OTHER) | ((here > SLIGHT) & (nearest < here / CLEARER))
    if wrong.any():
        frame = int(wrong.argmax())
        taken = min(away, key=lambda shift: away[shift][frame])
        is_clear = away[taken][frame] < here[frame] / CLEARER
        what = f"it shows frame {frame + taken}" if is_clear else "it shows something else"
        raise _wrong(f"frame {frame} is not that frame of the range: {what}")


def _distances(told: NDArray[np.uint16], true: NDArray[np.uint16], shift: int) -> Floats:
    """(frames,): how far each image of the file is from the one `shift` frames on in the gold
    master, root mean square in levels of 255; infinite where there is none."""
    count = len(told)
    found = np.full(count, np.inf)
    for start in range(0, count, _BLOCK):
        frames = np.arange(start, min(start + _BLOCK, count))
        frames = frames[(frames + shift >= 0) & (frames + shift < count)]
        apart = told[frames].astype(np.float32) - true[frames + shift]
        found[frames] = np.sqrt((apart**2).mean(axis=1)) / 257
    return found


_BLOCK = 1000
"""Frames compared at a time: 5 MB."""


def _check_audio(clip: GoldRange, read: _Read) -> float | None:
    """Seconds that the audio is late, at the end where it is later."""
    if not read.has_audio:
        return None
    told, true = read.audio("file"), read.audio("gold")
    seconds, wanted = len(told) / AUDIO_RATE, float(clip.duration)
    if abs(seconds - wanted) > LENGTH_TOLERANCE:
        raise _wrong(f"its audio takes {seconds:.2f} s instead of {wanted:.2f} s")
    count = min(len(told), len(true))
    window = min(count, AUDIO_WINDOW_SECONDS * AUDIO_RATE)
    lags = []
    for first in {0, count - window}:
        part = slice(first, first + window)
        if np.sqrt((true[part] ** 2).mean()) < SILENCE:
            continue
        lag, likeness = _lag(told[part], true[part])
        if likeness < LEAST_LIKENESS:
            raise _wrong(f"its audio is not the gold master's from {first / AUDIO_RATE:.1f} s on")
        if abs(lag) > MOST_LAG:
            way = "late" if lag > 0 else "early"
            raise _wrong(f"its audio is {abs(lag) * 1000:.0f} ms {way}")
        lags.append(lag)
    return max(lags, key=abs, default=None)


def _lag(told: Floats, true: Floats) -> tuple[float, float]:
    """Seconds that `told` is late against `true`, and how alike the two are then, 0 to 1: the peak
    of their cross-correlation. Of peaks that are nearly as high, as those of a steady tone are, the
    one with the smallest lag counts."""
    count = len(true)
    size = 1 << (2 * count - 1).bit_length()
    spectrum = np.fft.rfft(told, size) * np.conj(np.fft.rfft(true, size))
    all_lags = np.fft.irfft(spectrum, size)
    most = min(round(SEARCHED_LAG * AUDIO_RATE), count - 1)
    lags = np.arange(-most, most + 1)
    power = float(np.sqrt((told.astype(float) ** 2).sum() * (true.astype(float) ** 2).sum()))
    likeness = all_lags[lags] / max(power, 1e-9)
    near = np.flatnonzero(likeness >= 0.99 * likeness.max())
    best = near[np.abs(lags[near]).argmin()]
    return float(lags[best]) / AUDIO_RATE, float(likeness[best])


def _small(video: Any) -> Any:
    return video.filter("scale", COLUMNS, ROWS, flags="area+accurate_rnd").filter(
        "format", "gray16le"
    )


def _wrong(why: str) -> HeatersError:
    return HeatersError(
        f"The exported file is not the clip: {why.rstrip('.')}. Try again; if it comes again, "
        "report it."
    )
