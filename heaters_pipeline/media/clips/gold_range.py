"""A range of frames of a gold master, decoded with proof that the frames are the right ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import av
import ffmpeg
import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.media.ffmpeg.checksums import (
    FRAMECRC_OPTIONS,
    ONE_BY_ONE,
    Checksums,
    read_checksums,
)
from heaters_pipeline.media.ffmpeg.filters import exact, exported, twice
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, open_video, probe, video_stream
from heaters_pipeline.media.ffmpeg.process import (
    Options,
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


class Streams(NamedTuple):
    """Of ffmpeg-python, of the range alone, with times from 0 on."""

    video: Any
    """Upright, in a pixel format of H.264."""
    options: Options
    """Output options that belong to that video."""
    audio: Any | None
    """The first audio stream, silence where it has none; None where the gold master has none."""


@dataclass(frozen=True)
class GoldRange:
    """Frames of a gold master of either kind."""

    gold: Path
    checksums: Checksums
    """Of the whole gold master."""
    frames: FrameRange
    rate: Fraction
    """The source's, as are the next two."""
    orientation: Orientation
    sample_aspect: Fraction | None = None
    """None: the gold master's own, which Matroska rounds to whole pixels."""

    def __post_init__(self) -> None:
        if not 0 <= self.frames.start < self.frames.end <= len(self.checksums):
            raise HeatersError(
                f"Frames {self.frames.start} to {self.frames.end} do not lie in {self.gold.name}, "
                f"which has {len(self.checksums)}."
            )

    def decode(
        self,
        outputs: Callable[[Streams], Sequence[Any]],
        scratch: Path,
        *,
        what: str,
        stall_seconds: float,
    ) -> None:
        """Runs ffmpeg with the outputs that `outputs` makes of the range; `scratch` is a file's
        name for work in progress.

        The same run compares the checksums of the frames that it reads with those of `frames`.
        Frames are reached by seeking. Where the seek ends at others, the run is repeated: it
        decodes from some seconds earlier, and where that fails, too (the times are not what they
        seem), it counts from the first frame. Where a frame still differs, HeatersError is raised,
        and what the outputs hold is worth nothing.
        """
        times = _Timeline.of(self.gold, self.checksums)
        refusal: InputError | None = None
        wanted = self.checksums.crc[self.frames.start : self.frames.end]
        try:
            for read in (_by_time, _by_time_from_earlier, _by_number):
                stored, audio = read(self, times)
                kept, proof = twice(stored)
                video, options = exported(kept, self.facts, self.orientation, self.sample_aspect)
                streams = Streams(
                    self._timed(video), options, audio if self.facts.has_audio else None
                )
                try:
                    run(
                        ffmpeg.merge_outputs(
                            *outputs(streams),
                            ffmpeg.output(proof, file_url(scratch), **FRAMECRC_OPTIONS),
                        ),
                        what=f"{what} {self}",
                        stall_seconds=stall_seconds,
                    )
                except InputError as error:  # a seek beyond the last frame reads none
                    refusal = error
                    continue
                refusal = None
                if np.array_equal(read_checksums(scratch).crc, wanted):
                    return
        finally:
            scratch.unlink(missing_ok=True)
        raise refusal or HeatersError(
            f"What is read from {self.gold.name} are not {self}: verify the gold master, and make "
            "it again if it differs."
        )

    def __str__(self) -> str:
        return f"frames {self.frames.start} to {self.frames.end} of {self.gold.name}"

    @cached_property
    def facts(self) -> VideoFacts:
        """The gold master's."""
        return probe(self.gold)

    @cached_property
    def is_constant(self) -> bool:
        """Whether each frame is within a millisecond (what Matroska, WebM and FLV round to) of
        where the rate puts it."""
        ticks = self._ticks
        even = np.arange(len(ticks)) * float(TICKS_PER_SECOND / self.rate)
        return bool((np.abs(ticks - ticks[0] - even) <= TICKS_PER_MILLISECOND).all())

    @property
    def base(self) -> Fraction:
        """Time base of the range, in seconds: 1/rate, where that is exact."""
        return 1 / self.rate if self.is_constant else Fraction(1, TICKS_PER_SECOND)

    @property
    def times(self) -> Any:
        """When each frame is shown, in units of `base`, from 0 on: (frames,)."""
        if self.is_constant:
            return np.arange(self.frames.length)
        return self._ticks - self._ticks[0]

    @property
    def duration(self) -> Fraction:
        """Seconds until the next frame; the last frame of a video is shown for 1/rate."""
        if self.is_constant:
            return self.frames.length / self.rate
        ticks, last = self._ticks, 1 / self.rate
        if self.frames.end < len(self.checksums):
            last = int(self.checksums.ticks[self.frames.end] - ticks[-1]) * self.base
        return int(ticks[-1] - ticks[0]) * self.base + last

    @property
    def _ticks(self) -> Any:
        return self.checksums.ticks[self.frames.start : self.frames.end]

    def _timed(self, video: Any) -> Any:
        times = "N" if self.is_constant else "PTS-STARTPTS"
        return video.filter("settb", str(self.base)).filter("setpts", times)


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
    clip: GoldRange, times: _Timeline, early: Fraction = Fraction(0), **decoding: Any
) -> tuple[Any, Any]:
    """The range's video and audio, read from where its first frame should be, decoded from
    `early` seconds before that."""
    at = times.before(clip.frames.start)
    early = min(early, at)
    # Single images can't be sought in, not even for their beginning.
    seek = {"ss": _seconds(at - early)} if at > early else {}
    opened = input_file(clip.gold, **seek, **clip.facts.decoding, **decoding)
    video = exact(opened["V:0"], clip.facts)
    if early:
        video = video.filter("trim", start=_seconds(early))
    begin = times.seconds(clip.frames.start)
    read_from = max(Fraction(0), begin - Fraction(AUDIO_PREROLL_SECONDS))
    opened_for_audio = input_file(clip.gold, ss=_seconds(read_from), vn=None)
    return (
        video.filter("trim", end_frame=clip.frames.length),
        _audio(opened_for_audio, clip.facts, begin - read_from, clip.duration),
    )


def _by_time_from_earlier(clip: GoldRange, times: _Timeline) -> tuple[Any, Any]:
    return _by_time(clip, times, Fraction(KEY_FRAME_SECONDS), **ONE_BY_ONE)


def _by_number(clip: GoldRange, times: _Timeline) -> tuple[Any, Any]:
    """The range's video, counted from the first frame on, and its audio from the same time."""
    start, end = clip.frames
    opened = input_file(clip.gold, **clip.facts.decoding, **ONE_BY_ONE)
    video = exact(opened["V:0"], clip.facts).filter("trim", start_frame=start, end_frame=end)
    opened_for_audio = input_file(clip.gold, vn=None)
    return video, _audio(opened_for_audio, clip.facts, times.seconds(start), clip.duration)


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
