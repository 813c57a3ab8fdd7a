"""Exporting a clip: exactly frames [start, end) of the gold master, with proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import ffmpeg
from av.codec.codec import find_best_pix_fmt_of_list

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.media.checksums import FRAMECRC_OPTIONS, FrameChecksum, read_checksums
from heaters_pipeline.media.ffmpeg import ProgressCallback, file_url, input_file, run
from heaters_pipeline.media.transcode import upright

TICKS_PER_MILLISECOND = TICKS_PER_SECOND // 1000

AUDIO_PREROLL_SECONDS = 1.0
"""Audio is read from this much earlier: a decoder's first frames after a seek are not whole, and
a packet may lie in the file before the frame that it is heard with."""

VIDEO = {"c:v": "libx264", "preset": "medium", "crf": 16, "fps_mode:v": "passthrough"}
AUDIO = {"c:a": "aac", "b:a": "192k"}


@dataclass(frozen=True)
class Exported:
    frame_count: int
    duration_seconds: float
    size: int
    """Bytes."""


def export_clip(
    gold: Path,
    checksums: Sequence[FrameChecksum],
    start_frame: int,
    end_frame: int,
    out: Path,
    *,
    rate: Fraction,
    rotation: int = 0,
    sample_aspect: Fraction | None = None,
    on_progress: ProgressCallback | None = None,
    stall_seconds: float = 120.0,
) -> Exported:
    """Writes frames [start_frame, end_frame) to `out`: upright H.264 in the gold master's chroma
    format, AAC of exactly the range, in MP4.

    `checksums` are the gold master's; `rate`, `rotation` and `sample_aspect` are the source's
    facts (no `sample_aspect`: the gold master's own, which Matroska rounds to whole pixels). In
    the same run, the checksums of the frames that enter the encoder are compared with
    `checksums[start_frame:end_frame]`: where one differs, HeatersError is raised and there is no
    file. `out` appears whole.
    """
    if not 0 <= start_frame < end_frame <= len(checksums):
        raise HeatersError(
            f"Frames {start_frame} to {end_frame} do not lie in {gold.name}, "
            f"which has {len(checksums)}."
        )
    frame_count = end_frame - start_frame
    wanted = checksums[start_frame:end_frame]
    constant = _is_constant(wanted, rate)
    duration = (
        Fraction(frame_count) / rate
        if constant
        else _duration(checksums, start_frame, end_frame, rate)
    )
    partial = out.with_name(f"{out.name}.partial")
    entered = out.with_name(f"{out.name}.framecrc")
    timeline = _Timeline.of(gold, checksums)
    try:
        video = (
            input_file(gold, seek_timestamp=1, ss=_seconds(timeline.before(start_frame)))["V:0"]
            .filter("trim", end_frame=frame_count)
            .filter_multi_output("split", 2)
        )
        shown = video.stream(0)
        if sample_aspect:
            shown = shown.filter("setsar", str(sample_aspect))
        shown = upright(shown, rotation)
        if constant:
            base = 1 / rate
            shown = shown.filter("settb", str(base)).filter("setpts", "N")
        else:
            base = Fraction(1, TICKS_PER_SECOND)
            shown = shown.filter("settb", str(base)).filter("setpts", "PTS-STARTPTS")
        streams = [shown]
        if timeline.has_audio:
            streams.append(_sound(gold, timeline.seconds(start_frame), duration))
        mp4 = ffmpeg.output(
            *streams,
            file_url(partial),
            format="mp4",
            movflags="+faststart",
            fflags="+bitexact",
            map_metadata=-1,
            map_chapters=-1,
            pix_fmt=_h264_format(timeline.pixel_format),
            **{"enc_time_base:v": f"{base.numerator}:{base.denominator}"},
            **VIDEO,
            **(AUDIO if timeline.has_audio else {}),
        )
        proof = ffmpeg.output(video.stream(1), file_url(entered), **FRAMECRC_OPTIONS)
        run(
            ffmpeg.merge_outputs(mp4, proof),
            what=f"export frames {start_frame} to {end_frame} of {gold.name}",
            on_progress=on_progress,
            stall_seconds=stall_seconds,
        )
        found = [checksum.crc for checksum in read_checksums(entered)]
        if found != [checksum.crc for checksum in wanted]:
            raise HeatersError(
                f"The frames read from {gold.name} are not frames {start_frame} to {end_frame} of "
                "the source: verify the gold master, and make it again if it differs."
            )
        size = partial.stat().st_size
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
        entered.unlink(missing_ok=True)
    return Exported(frame_count, float(duration), size)


def _is_constant(checksums: Sequence[FrameChecksum], rate: Fraction) -> bool:
    """Whether each frame is within a millisecond (what Matroska, WebM and FLV round to) of where
    the rate puts it."""
    first, step = checksums[0].ticks, TICKS_PER_SECOND / rate
    return all(
        abs(checksum.ticks - first - n * step) <= TICKS_PER_MILLISECOND
        for n, checksum in enumerate(checksums)
    )


def _duration(checksums: Sequence[FrameChecksum], start: int, end: int, rate: Fraction) -> Fraction:
    """Until the next frame's time; the last frame of a video is shown for 1/rate."""
    if end < len(checksums):
        ticks: Fraction = Fraction(checksums[end].ticks)
    else:
        ticks = checksums[-1].ticks + TICKS_PER_SECOND / rate
    return (ticks - checksums[start].ticks) / TICKS_PER_SECOND


@dataclass(frozen=True)
class _Timeline:
    """When each frame is in the gold master's own milliseconds."""

    checksums: Sequence[FrameChecksum]
    shift: int
    """Milliseconds that the muxer moved everything by (sound that starts before time 0)."""
    has_audio: bool
    pixel_format: str

    @classmethod
    def of(cls, gold: Path, checksums: Sequence[FrameChecksum]) -> _Timeline:
        with av.open(file_url(gold)) as container:
            video = container.streams.video[0]
            first = round((video.start_time or 0) * (video.time_base or Fraction(1)) * 1000)
            return cls(
                checksums,
                first - _milliseconds(checksums[0].ticks),
                bool(container.streams.audio),
                video.codec_context.pix_fmt or "yuv420p",
            )

    def before(self, frame: int) -> Fraction:
        """Seconds: half-way between `frame` and the one before it."""
        here = self.shift + _milliseconds(self.checksums[frame].ticks)
        if frame == 0:
            return Fraction(here, 1000)
        before = self.shift + _milliseconds(self.checksums[frame - 1].ticks)
        return Fraction(before + here, 2000)

    def seconds(self, frame: int) -> Fraction:
        return Fraction(self.shift, 1000) + Fraction(self.checksums[frame].ticks, TICKS_PER_SECOND)


def _milliseconds(ticks: int) -> int:
    """Rounded to nearest, half up: libavutil's av_rescale_q."""
    return (ticks + TICKS_PER_MILLISECOND // 2) // TICKS_PER_MILLISECOND


def _seconds(time: Fraction) -> str:
    return f"{float(time):.6f}"


def _sound(gold: Path, start: Fraction, duration: Fraction) -> Any:
    """The first sound track from `start` on, for `duration`, silence where it has none."""
    read_from = max(Fraction(0), start - Fraction(AUDIO_PREROLL_SECONDS))
    begin = _seconds(start - read_from)
    return (
        input_file(gold, seek_timestamp=1, ss=_seconds(read_from), vn=None)["a:0"]
        .filter("atrim", start=begin)
        .filter("asetpts", f"PTS-{begin}/TB")
        .filter("aresample", first_pts=0, **{"async": 1})
        .filter("apad", whole_dur=_seconds(duration))
        .filter("atrim", end=_seconds(duration))
    )


def _h264_format(pixel_format: str) -> str:
    """libx264's pixel format for `pixel_format`: the same, or the nearest that loses least."""
    supported = [each.name for each in av.Codec("libx264", "w").video_formats or ()]
    best, _ = find_best_pix_fmt_of_list(supported, pixel_format)
    return str(best.name) if best else "yuv420p"
