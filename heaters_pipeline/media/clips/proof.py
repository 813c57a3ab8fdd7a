"""Reading an exported file back: the proof that it holds its frames and its audio.

What the file shows is compared with what was kept of the gold master's frames when they entered the
encoder (`Samples`). Of a lossless profile, the checksum of each frame is that of the gold master's
frame under the same geometry. Lossy frames can't be compared so. Each is compared in two ways with
the frame that it should be: by its peak signal-to-noise ratio on a grid of pixels, which tells how
well it is kept, and as a small grey image, which tells whether it is this frame and not one beside
it. (What an encoder loses, averaged over a few hundred pixels, is far less than what moves from
frame to frame.)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av.error
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from heaters_pipeline.domain.errors import Faulty, InputError
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.media.clips.samples import AUDIO_RATE, Samples
from heaters_pipeline.media.clips.schedule import Schedule
from heaters_pipeline.media.ffmpeg.probe import open_video, video_stream
from heaters_pipeline.media.ffmpeg.process import ffmpeg_version, input_file, run

LEAST_PSNR = 28.0
"""dB, at the worst frame: below it an image is visibly another one."""
MOST_PSNR = 100.0
"""dB, told of a frame that lost nothing."""

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

Floats = NDArray[np.floating[Any]]


def prove_export(schedule: Schedule, file: Path, gold: Samples, *, stall_seconds: float) -> Receipt:
    """Reads `file` once; `gold` is what was kept of the frames and the audio that it is made of.
    Raises Faulty for the first thing in which `file` is not what `schedule` says: number and
    times of its frames, an image, audio."""
    profile, tracks = schedule.profile, len(schedule.clip.tracks(schedule.profile.audio))
    _check_container(schedule, tracks, file)
    with TemporaryDirectory(dir=file.parent) as folder:
        told = Samples(Path(folder), schedule.clip.facts, profile)
        _read_back(schedule, file, told, tracks, stall_seconds)
        if profile.is_lossless:
            _check_pixels(schedule, told, gold)
            psnr = np.array([MOST_PSNR])
        else:
            _check_images(schedule, told, gold)
            psnr = _psnr(schedule, told, gold)
        if psnr.min() < LEAST_PSNR:
            worst = int(psnr.argmin())
            raise _wrong(
                f"frame {worst} differs too much from the gold master ({psnr[worst]:.1f} dB)"
            )
        lag = _check_audio(schedule, told, gold, tracks)
    return Receipt(
        lossless=profile.is_lossless,
        frame_count=schedule.count,
        held_frames=schedule.held,
        duration_seconds=float(schedule.duration),
        size=file.stat().st_size,
        sha256=file_digest(file),
        psnr_least=round(float(psnr.min()), 2),
        psnr_mean=round(float(psnr.mean()), 2),
        audio_tracks=tracks,
        audio_lag=lag,
        ffmpeg=ffmpeg_version(),
    )


def _read_back(
    schedule: Schedule, file: Path, told: Samples, tracks: int, stall_seconds: float
) -> None:
    threads = schedule.clip.threads
    opened = input_file(file, **({"threads": threads} if threads else {}))
    video = opened["V:0"].filter("settb", str(schedule.base)).filter("setpts", "N")
    outputs = told.outputs(video, [opened[f"a:{number}"] for number in range(tracks)])
    merged = ffmpeg.merge_outputs(*outputs)
    if threads:
        merged = merged.global_args("-filter_complex_threads", str(threads))
    try:
        run(
            merged,
            what="read the exported file back",
            stall_seconds=stall_seconds,
        )
    except InputError as error:
        raise _wrong(str(error)) from error


def _check_container(schedule: Schedule, tracks: int, file: Path) -> None:
    try:
        with open_video(file) as container:
            found = len(container.streams.audio)
            if found != tracks:
                has = (
                    f"{found} audio tracks"
                    if found and tracks
                    else "audio"
                    if found
                    else "no audio"
                )
                raise _wrong(f"it has {has}")
            video = video_stream(file, container)
            base = video.time_base
            shown = sorted(
                packet.pts for packet in container.demux(video) if packet.pts is not None
            )
    except av.error.FFmpegError as error:
        raise _wrong(f"it can't be read ({error.strerror})") from error
    if len(shown) != schedule.count:
        raise _wrong(f"it has {len(shown)} frames instead of {schedule.count}")
    seconds, wanted = np.array(shown) * float(base or 1), schedule.times * float(schedule.base)
    late = np.abs(seconds - wanted)
    if late.max() > TIME_TOLERANCE:
        frame = int(late.argmax())
        raise _wrong(
            f"frame {frame} is shown at {seconds[frame]:.3f} s instead of {wanted[frame]:.3f} s",
        )


def _check_pixels(schedule: Schedule, told: Samples, gold: Samples) -> None:
    found, true = _of_all(schedule, told.checksums, gold.checksums)
    wrong = found != true[schedule.shown]
    if wrong.any():
        frame = int(wrong.argmax())
        shown = np.flatnonzero(true == found[frame])
        raise _not_that_frame(frame, int(shown[0]) if len(shown) else None)


def _check_images(schedule: Schedule, told: Samples, gold: Samples) -> None:
    found, true = _of_all(schedule, told.means, gold.means)
    wanted = schedule.shown
    away = {shift: _distances(found, true, wanted + shift) / 257 for shift in (0, *SHIFTS)}
    here = away[0]
    nearest = np.min([away[shift] for shift in SHIFTS], axis=0)
    wrong = (here > OTHER) | ((here > SLIGHT) & (nearest < here / CLEARER))
    if wrong.any():
        frame = int(wrong.argmax())
        taken = min(away, key=lambda shift: away[shift][frame])
        is_clear = away[taken][frame] < here[frame] / CLEARER
        raise _not_that_frame(frame, int(wanted[frame]) + taken if is_clear else None)


def _psnr(schedule: Schedule, told: Samples, gold: Samples) -> Floats:
    """(frames,), dB."""
    found, true = _of_all(schedule, told.points, gold.points)
    apart = _distances(found, true, schedule.shown)
    least = told.peak / 10 ** (MOST_PSNR / 20)
    return 20 * np.log10(told.peak / apart.clip(min=least))


def _of_all(
    schedule: Schedule, found: NDArray[Any], true: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """What there is of each frame of the file and of the range. Of the range, it is of its own
    frames: which of them the file must show when is the schedule's matter alone."""
    for count, wanted in (
        (len(found), schedule.count),
        (len(true), schedule.clip.frames.length),
    ):
        if count != wanted:
            raise _wrong(f"{count} of {wanted} frames decode")
    return found, true


def _not_that_frame(frame: int, shown: int | None) -> Faulty:
    what = "it shows something else" if shown is None else f"it shows frame {shown}"
    return _wrong(f"frame {frame} is not that frame of the range: {what}")


def _distances(told: NDArray[Any], true: NDArray[Any], wanted: Any) -> Floats:
    """(frames,): how far each image of the file is from the one `wanted` of the gold master, root
    mean square of their values; infinite where there is none."""
    found = np.full(len(told), np.inf)
    for start in range(0, len(told), _BLOCK):
        frames = np.arange(start, min(start + _BLOCK, len(told)))
        frames = frames[(wanted[frames] >= 0) & (wanted[frames] < len(true))]
        apart = told[frames].astype(np.float32) - true[wanted[frames]]
        found[frames] = np.sqrt((apart**2).mean(axis=1))
    return found


_BLOCK = 1000
"""Frames compared at a time: 5 MB."""


def _check_audio(schedule: Schedule, told: Samples, gold: Samples, tracks: int) -> float | None:
    """Seconds that the audio is late, at the end and of the track where it is later."""
    lags: list[float] = []
    for track in range(tracks):
        its = "its audio" if tracks == 1 else f"its audio track {track + 1}"
        wanted = float(schedule.duration)
        lags.extend(_lags(told.audio(track), gold.audio(track), wanted, its))
    return max(lags, key=abs, default=None)


def _lags(told: Floats, true: Floats, wanted: float, its: str) -> Iterator[float]:
    """Seconds that a track is late, at its beginning and at its end. `wanted` is how long it should
    take, `its` what it is called."""
    seconds = len(told) / AUDIO_RATE
    if abs(seconds - wanted) > LENGTH_TOLERANCE:
        raise _wrong(f"{its} takes {seconds:.2f} s instead of {wanted:.2f} s")
    count = min(len(told), len(true))
    window = min(count, AUDIO_WINDOW_SECONDS * AUDIO_RATE)
    for first in {0, count - window}:
        part = slice(first, first + window)
        if np.sqrt((true[part] ** 2).mean()) < SILENCE:
            continue
        lag, likeness = _lag(told[part], true[part])
        if likeness < LEAST_LIKENESS:
            raise _wrong(f"{its} is not the gold master's from {first / AUDIO_RATE:.1f} s on")
        if abs(lag) > MOST_LAG:
            way = "late" if lag > 0 else "early"
            raise _wrong(f"{its} is {abs(lag) * 1000:.0f} ms {way}")
        yield lag


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


def _wrong(why: str) -> Faulty:
    return Faulty(
        f"The exported file is not the clip: {why.rstrip('.')}. Try again; if it comes again, "
        "report it."
    )
