"""Exporting a clip: exactly frames [start, end) of the gold master, with proof."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import ffmpeg
import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.media.ffmpeg.checksums import (
    FRAMECRC_OPTIONS,
    ONE_BY_ONE,
    Checksums,
    read_checksums,
)
from heaters_pipeline.media.ffmpeg.filters import exact, exported
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, open_video, probe, video_stream
from heaters_pipeline.media.ffmpeg.process import (
    Options,
    ProgressCallback,
    file_url,
    input_file,
    run,
)

TICKS_PER_MILLISECOND = TICKS_PER_SECOND // 1000

AUDIO_PREROLL_SECONDS = 1.0
"""Audio is read from this much earlier: a decoder's first frames after a seek are not whole, and
a packet may lie in the file before the frame that it is heard with."""

KEY_FRAME_SECONDS = 15.0
"""A key frame lies within this time before any frame of most footage: where a seek does not end
at one (MPEG transport streams), it ends at one this much earlier."""

VIDEO: Options = {"c:v": "libx264", "preset": "medium", "crf": 16, "fps_mode:v": "passthrough"}
AUDIO: Options = {"c:a": "aac", "b:a": "192k"}


@dataclass(frozen=True)
class Exported:
    frame_count: int
    duration_seconds: float
    size: int
    """Bytes."""


def export_clip(
    gold: Path,
    checksums: Checksums,
    frames: FrameRange,
    out: Path,
    *,
    rate: Fraction,
    orientation: Orientation,
    sample_aspect: Fraction | None = None,
    on_progress: ProgressCallback | None = None,
    stall_seconds: float,
) -> Exported:
    """Writes `frames` to `out`: upright H.264 in the gold master's chroma format, bit depth (10 at
    most), colours and fields, AAC of exactly the range, in MP4.

    `gold` is a gold master of either kind, `checksums` belong to it. `rate`, `orientation` and
    `sample_aspect` are the source's facts (no `sample_aspect`: the gold master's own, which
    Matroska rounds to whole pixels).

    The same run compares the checksums of the frames that enter the encoder with those of
    `frames`. Frames are reached by seeking. Where the seek ends at others, the run is repeated: it
    decodes from some seconds earlier, and where that fails, too (the times are not what they seem),
    it counts from the first frame. Where a frame still differs, HeatersError is raised and there is
    no file. `out` appears whole.
    """
    if not 0 <= frames.start < frames.end <= len(checksums):
        raise HeatersError(
            f"Frames {frames.start} to {frames.end} do not lie in {gold.name}, "
            f"which has {len(checksums)}."
        )
    clip = _Clip.of(checksums, frames, rate)
    facts, times = probe(gold), _Timeline.of(gold, checksums)
    unfinished = out.with_name(f"{out.name}.partial")
    entered = out.with_name(f"{out.name}.framecrc")
    try:
        for read in (_by_time, _by_time_from_earlier, _by_number):
            stored, audio = read(gold, facts, times, clip)
            kept, proof = _split(stored)
            video, options = exported(kept, facts, orientation, sample_aspect)
            streams = [clip.timed(video)]
            if facts.has_audio:
                streams.append(audio)
                options = {**options, **AUDIO}
            mp4 = ffmpeg.output(
                *streams,
                file_url(unfinished),
                format="mp4",
                movflags="+faststart",
                fflags="+bitexact",
                map_metadata=-1,
                map_chapters=-1,
                **{"enc_time_base:v": f"{clip.base.numerator}:{clip.base.denominator}"},
                **VIDEO,
                **options,
            )
            run(
                ffmpeg.merge_outputs(
                    mp4, ffmpeg.output(proof, file_url(entered), **FRAMECRC_OPTIONS)
                ),
                what=f"export frames {frames.start} to {frames.end} of {gold.name}",
                on_progress=on_progress,
                stall_seconds=stall_seconds,
            )
            if np.array_equal(
                read_checksums(entered).crc, checksums.crc[frames.start : frames.end]
            ):
                break
        else:
            raise HeatersError(
                f"The frames read from {gold.name} are not frames {frames.start} to {frames.end} "
                "of the source: verify the gold master, and make it again if it differs."
            )
        size = unfinished.stat().st_size
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
        entered.unlink(missing_ok=True)
    return Exported(frames.length, float(clip.duration), size)


@dataclass(frozen=True)
class _Clip:
    frames: FrameRange
    duration: Fraction
    """Seconds until the next frame; the last frame of a video is shown for 1/rate."""
    base: Fraction
    """Of the export's times: 1/rate, where that is exact."""
    is_constant: bool

    @classmethod
    def of(cls, checksums: Checksums, frames: FrameRange, rate: Fraction) -> _Clip:
        ticks = checksums.ticks[frames.start : frames.end]
        if _is_constant(ticks, rate):
            return cls(frames, frames.length / rate, 1 / rate, True)
        base = Fraction(1, TICKS_PER_SECOND)
        last = 1 / rate
        if frames.end < len(checksums):
            last = int(checksums.ticks[frames.end] - ticks[-1]) * base
        return cls(frames, int(ticks[-1] - ticks[0]) * base + last, base, False)

    def timed(self, video: Any) -> Any:
        """`video` with the export's times, from 0 on."""
        times = "N" if self.is_constant else "PTS-STARTPTS"
        return video.filter("settb", str(self.base)).filter("setpts", times)


def _is_constant(ticks: Any, rate: Fraction) -> bool:
    """Whether each frame is within a millisecond (what Matroska, WebM and FLV round to) of where
    the rate puts it."""
    even = np.arange(len(ticks)) * float(TICKS_PER_SECOND / rate)
    return bool((np.abs(ticks - ticks[0] - even) <= TICKS_PER_MILLISECOND).all())


@dataclass(frozen=True)
class _Timeline:
    """When each frame is shown, counted from the gold master's own start."""

    ticks: Any
    shift: int | None
    """Milliseconds that the muxer moved everything by (audio that starts before time 0), where
    times were rounded to milliseconds; None where they are the source's own."""

    @classmethod
    def of(cls, gold: Path, checksums: Checksums) -> _Timeline:
        with open_video(gold) as container:
            video = video_stream(gold, container)
            if "matroska" not in container.format.name or video.codec_context.name != "ffv1":
                return cls(checksums.ticks, None)
            first = (video.start_time or 0) * (video.time_base or Fraction(1, 1000)) * 1000
            start = Fraction(container.start_time or 0, av.time_base) * 1000
            return cls(
                checksums.ticks, round(first - start) - _milliseconds(int(checksums.ticks[0]))
            )

    def seconds(self, frame: int) -> Fraction:
        ticks = int(self.ticks[frame])
        if self.shift is None:
            return Fraction(ticks, TICKS_PER_SECOND)
        return Fraction(self.shift + _milliseconds(ticks), 1000)

    def before(self, frame: int) -> Fraction:
        """Half-way between `frame` and the one before it."""
        return (self.seconds(max(0, frame - 1)) + self.seconds(frame)) / 2


def _milliseconds(ticks: int) -> int:
    """Rounded to nearest, half up: libavutil's av_rescale_q."""
    return (ticks + TICKS_PER_MILLISECOND // 2) // TICKS_PER_MILLISECOND


def _by_time(
    gold: Path,
    facts: VideoFacts,
    times: _Timeline,
    clip: _Clip,
    early: Fraction = Fraction(0),
    **decoding: Any,
) -> tuple[Any, Any]:
    """The clip's video and audio, read from where its first frame should be, decoded from
    `early` seconds before that."""
    at = times.before(clip.frames.start)
    early = min(early, at)
    # Single images can't be sought in, not even for their beginning.
    seek = {"ss": _seconds(at - early)} if at > early else {}
    opened = input_file(gold, **seek, **facts.decoding, **decoding)
    video = exact(opened["V:0"], facts)
    if early:
        video = video.filter("trim", start=_seconds(early))
    begin = times.seconds(clip.frames.start)
    read_from = max(Fraction(0), begin - Fraction(AUDIO_PREROLL_SECONDS))
    opened_for_audio = input_file(gold, ss=_seconds(read_from), vn=None)
    return (
        video.filter("trim", end_frame=clip.frames.length),
        _audio(opened_for_audio, facts, begin - read_from, clip.duration),
    )


def _by_time_from_earlier(
    gold: Path, facts: VideoFacts, times: _Timeline, clip: _Clip
) -> tuple[Any, Any]:
    return _by_time(gold, facts, times, clip, Fraction(KEY_FRAME_SECONDS), **ONE_BY_ONE)


def _by_number(gold: Path, facts: VideoFacts, times: _Timeline, clip: _Clip) -> tuple[Any, Any]:
    """The clip's video, counted from the first frame on, and its audio from the same time."""
    start, end = clip.frames
    opened = input_file(gold, **facts.decoding, **ONE_BY_ONE)
    video = exact(opened["V:0"], facts).filter("trim", start_frame=start, end_frame=end)
    opened_for_audio = input_file(gold, vn=None)
    return video, _audio(opened_for_audio, facts, times.seconds(start), clip.duration)


def _split(video: Any) -> tuple[Any, Any]:
    both = video.filter_multi_output("split", 2)
    return both.stream(0), both.stream(1)


def _seconds(time: Fraction) -> str:
    return f"{float(time):.6f}"


def _audio(opened: Any, facts: VideoFacts, begin: Fraction, duration: Fraction) -> Any:
    """The first audio stream from `begin` on, for `duration`, silence where it has none."""
    return (
        opened[f"a:{facts.first_audio}"]
        .filter("atrim", start=_seconds(begin))
        .filter("asetpts", f"PTS-{_seconds(begin)}/TB")
        .filter("aresample", first_pts=0, **{"async": 1})
        .filter("apad", whole_dur=_seconds(duration))
        .filter("atrim", end=_seconds(duration))
    )
