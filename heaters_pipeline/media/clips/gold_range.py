"""A range of frames of a gold master, decoded with proof that the frames are the right ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

import av
import av.error
import ffmpeg
import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import Faulty, HeatersError, InputError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.domain.profiles import ALL_TRACKS, Profile, Tracks
from heaters_pipeline.media.clips.pictures import DELIVERY, picture
from heaters_pipeline.media.ffmpeg.checksums import (
    FRAMECRC_OPTIONS,
    ONE_BY_ONE,
    Checksums,
    read_checksums,
)
from heaters_pipeline.media.ffmpeg.filters import audio_copies, copies, exact
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, open_video, probe, video_stream
from heaters_pipeline.media.ffmpeg.process import (
    Options,
    file_url,
    input_file,
    run,
)

TICKS_PER_MILLISECOND = TICKS_PER_SECOND // 1000

AUDIO_PREROLL = Fraction(1)
"""Audio is read from these seconds earlier: a decoder's first frames after a seek are not whole,
and a packet may lie in the file before the frame that it is heard with."""

KEY_FRAME_SECONDS = 15.0
"""A key frame lies within this time before any frame of most footage: where a seek does not end
at one (MPEG transport streams), it ends at one this much earlier."""


class WrongFrames(Faulty):
    """A file does not hold the frames that are to be read from it."""


class Streams(NamedTuple):
    """Of ffmpeg-python, of the range alone, with times from 0 on, for one profile."""

    video: Any
    """As the profile wants it: upright, in a pixel format of its codec."""
    options: Options
    """Output options that belong to that video."""
    audio: Sequence[Any]
    """The tracks that the profile wants and the gold master has; silence where one has none."""


class ClipRange(Protocol):
    """What an export, its schedule and its proof need of a range of frames, or of several that are
    joined."""

    @property
    def frames(self) -> FrameRange: ...

    @property
    def facts(self) -> VideoFacts: ...

    @property
    def threads(self) -> int: ...

    @property
    def base(self) -> Fraction: ...

    @property
    def times(self) -> Any: ...

    @property
    def duration(self) -> Fraction: ...

    def tracks(self, wanted: Tracks) -> list[int]: ...

    def decode(
        self,
        outputs: Callable[[Sequence[Streams]], Sequence[Any]],
        scratch: Path,
        *,
        what: str,
        stall_seconds: float,
        profiles: Sequence[Profile],
    ) -> None: ...


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
    begins: int | None = None
    """Number of the first frame in `gold`, where that is an excerpt; None: it is the whole."""
    known: VideoFacts | None = None
    """The gold master's facts, where somebody has probed it."""
    threads: int = 0
    """Of a decoder or an encoder that works on it; 0: as many as ffmpeg thinks fit."""

    def __post_init__(self) -> None:
        if not 0 <= self.frames.start < self.frames.end <= len(self.checksums):
            raise HeatersError(
                f"Frames {self.frames.start} to {self.frames.end} do not lie in {self.gold.name}, "
                f"which has {len(self.checksums)}."
            )

    def decode(
        self,
        outputs: Callable[[Sequence[Streams]], Sequence[Any]],
        scratch: Path,
        *,
        what: str,
        stall_seconds: float,
        profiles: Sequence[Profile] = (DELIVERY,),
    ) -> None:
        """Runs ffmpeg with the outputs that `outputs` makes of the range, decoded once and given as
        each of `profiles` wants it seen and heard; `scratch` is a file's name for work in progress.

        The same run compares the checksums of the frames that it reads with those of `frames`.
        Frames are reached by seeking. Where the seek ends at others, the run is repeated: it
        decodes from some seconds earlier, and where that fails, too (the times are not what they
        seem), it counts from the first frame. An excerpt is read from its beginning. Where a frame
        still differs, WrongFrames is raised, and what the outputs hold is worth nothing.
        """
        decode_proven(
            [self],
            reads_of([self]),
            lambda parts: outputs(parts[0]),
            scratch,
            name=str(self),
            what=what,
            stall_seconds=stall_seconds,
            profiles=profiles,
        )

    def streams(self, read: Read, profiles: Sequence[Profile]) -> tuple[list[Streams], Any]:
        """The range as each of `profiles` wants it, and its stored frames, which prove that they
        are the right ones (`has`)."""
        tracks = [self.tracks(profile.audio) for profile in profiles]
        heard = sorted({track for wanted in tracks for track in wanted})
        stored, audio = read(self, self.timeline, heard)
        *kept, proof = copies(stored, len(profiles) + 1)
        shared = {
            track: audio_copies(stream, sum(track in wanted for wanted in tracks))
            for track, stream in zip(heard, audio, strict=True)
        }
        return [
            self._streams(video, profile, [shared[track].pop() for track in wanted])
            for video, profile, wanted in zip(kept, profiles, tracks, strict=True)
        ], proof

    def _streams(self, stored: Any, profile: Profile, audio: Sequence[Any]) -> Streams:
        video, options = picture(stored, self.facts, self.orientation, self.sample_aspect, profile)
        return Streams(self._timed(video), options, audio)

    def has(self, crc: Any) -> bool:
        """Whether these are the checksums of its frames."""
        return np.array_equal(crc, self.checksums.crc[self.frames.start : self.frames.end])

    def __str__(self) -> str:
        return f"frames {self.frames.start} to {self.frames.end} of {self.gold.name}"

    @cached_property
    def facts(self) -> VideoFacts:
        """The gold master's."""
        return self.known or probe(self.gold)

    @property
    def decoding(self) -> Options:
        """ffmpeg's options for the file as an input."""
        return {**self.facts.decoding, **({"threads": self.threads} if self.threads else {})}

    @cached_property
    def timeline(self) -> Timeline:
        return Timeline.of(self.gold, self.checksums, self.begins or 0)

    def tracks(self, wanted: Tracks) -> list[int]:
        """Numbers, among the audio streams, of the tracks that are wanted and can be decoded."""
        known = [number for number, codec in enumerate(self.facts.audio_codecs) if codec]
        if wanted == ALL_TRACKS:
            return known
        return [known[track - 1] for track in wanted if track <= len(known)]

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
class Timeline:
    """When each frame is shown, counted from the gold master's own start."""

    ticks: Any
    shift: int | None
    """Milliseconds that the muxer moved everything by (audio that starts before time 0), where
    times were rounded to milliseconds; None where they are the source's own."""

    @classmethod
    def of(cls, gold: Path, checksums: Checksums, first_frame: int) -> Timeline:
        try:
            return cls._of(gold, checksums, first_frame)
        except av.error.FFmpegError as error:
            raise InputError(
                f"{gold.name} can't be read ({error.strerror}): verify the gold master, and make "
                "it again if it differs."
            ) from error

    @classmethod
    def _of(cls, gold: Path, checksums: Checksums, first_frame: int) -> Timeline:
        with open_video(gold) as container:
            video = video_stream(gold, container)
            if "matroska" not in container.format.name or video.codec_context.name != "ffv1":
                return cls(checksums.ticks, None)
            first = (video.start_time or 0) * (video.time_base or Fraction(1, 1000)) * 1000
            start = Fraction(container.start_time or 0, av.time_base) * 1000
            ticks = int(checksums.ticks[first_frame])
            return cls(checksums.ticks, round(first - start) - _milliseconds(ticks))

    @property
    def is_rounded(self) -> bool:
        return self.shift is not None

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
    clip: GoldRange,
    times: Timeline,
    tracks: Sequence[int],
    early: Fraction = Fraction(0),
    **decoding: Any,
) -> tuple[Any, Sequence[Any]]:
    """The range's video and audio tracks, read from where its first frame should be, decoded from
    `early` seconds before that."""
    at = times.before(clip.frames.start)
    early = min(early, at)
    # Single images can't be sought in, not even for their beginning.
    seek = {"ss": _seconds(at - early)} if at > early else {}
    opened = input_file(clip.gold, **seek, **{**clip.decoding, **decoding})
    video = opened["V:0"].filter("trim", start=_seconds(early)) if early else opened["V:0"]
    begin = times.seconds(clip.frames.start)
    read_from = max(Fraction(0), begin - AUDIO_PREROLL)
    # A seek to the beginning of Matroska loses the packet with which a decoder begins.
    seek = {} if times.is_rounded and not read_from else {"ss": _seconds(read_from)}
    audio = _audio(clip, times, tracks, begin - read_from, **seek)
    return exact(video, clip.facts).filter("trim", end_frame=clip.frames.length), audio


def _by_time_from_earlier(
    clip: GoldRange, times: Timeline, tracks: Sequence[int]
) -> tuple[Any, Sequence[Any]]:
    return _by_time(clip, times, tracks, Fraction(KEY_FRAME_SECONDS), **ONE_BY_ONE)


def _from_beginning(
    clip: GoldRange, times: Timeline, tracks: Sequence[int], **decoding: Any
) -> tuple[Any, Sequence[Any]]:
    """The range's video, counted from the first frame of the file, and its audio from its time."""
    start, end = (frame - (clip.begins or 0) for frame in clip.frames)
    opened = input_file(clip.gold, **{**clip.decoding, **decoding})
    # Trimmed first, so that several ranges of one file are no consumers of one filter.
    video = exact(opened["V:0"].filter("trim", start_frame=start, end_frame=end), clip.facts)
    return video, _audio(clip, times, tracks, times.seconds(clip.frames.start))


def _by_number(
    clip: GoldRange, times: Timeline, tracks: Sequence[int]
) -> tuple[Any, Sequence[Any]]:
    return _from_beginning(clip, times, tracks, **ONE_BY_ONE)


def _seconds(time: Fraction) -> str:
    return f"{float(time):.6f}"


def _audio(
    clip: GoldRange, times: Timeline, tracks: Sequence[int], begin: Fraction, **seek: str
) -> list[Any]:
    """Audio of the range, which begins `begin` after what is read; silence where there is none.
    Times in milliseconds are moved so that its first frame has the same one wherever reading began:
    rounded to samples they would differ otherwise. (Coarser times can't be moved exactly.)"""
    moved = AUDIO_PREROLL - begin if times.is_rounded else Fraction(0)
    opened = input_file(clip.gold, **seek, itsoffset=_seconds(moved), vn=None)
    start, duration = _seconds(begin + moved), _seconds(clip.duration)
    return [
        opened[f"a:{track}"]
        .filter("atrim", start=start)
        .filter("asetpts", f"PTS-{start}/TB")
        .filter("aresample", first_pts=0, **{"async": 1})
        .filter("apad", whole_dur=duration)
        .filter("atrim", end=duration)
        for track in tracks
    ]


Read: TypeAlias = Callable[[GoldRange, Timeline, Sequence[int]], tuple[Any, Sequence[Any]]]
"""A way to the frames of a range: its video and its audio tracks."""

_READS: Sequence[Read] = (_by_time, _by_time_from_earlier, _by_number)
"""For a whole gold master, from the fastest to the surest."""


def reads_of(parts: Sequence[GoldRange]) -> Sequence[Read]:
    """Ways to the frames of ranges, one to be tried after the other until they are the right
    ones."""
    return (_from_beginning,) if all(part.begins is not None for part in parts) else _READS


def decode_proven(
    parts: Sequence[GoldRange],
    reads: Sequence[Read],
    outputs: Callable[[Sequence[Sequence[Streams]]], Sequence[Any]],
    scratch: Path,
    *,
    name: str,
    what: str,
    stall_seconds: float,
    profiles: Sequence[Profile],
) -> None:
    """Runs ffmpeg with the outputs that `outputs` makes of the parts, each as each of `profiles`
    wants it, read in one way after the other until every part has its own frames. Raises
    WrongFrames where none of them gives these; `name` is what all parts together are called."""
    proofs = [scratch.with_name(f"{scratch.name}-{at}") for at in range(len(parts))]
    refusal: InputError | None = None
    try:
        for read in reads:
            opened = [part.streams(read, profiles) for part in parts]
            told = [
                ffmpeg.output(proof, file_url(path), **FRAMECRC_OPTIONS)
                for (_, proof), path in zip(opened, proofs, strict=True)
            ]
            merged = ffmpeg.merge_outputs(*outputs([streams for streams, _ in opened]), *told)
            if parts[0].threads:
                merged = merged.global_args("-filter_complex_threads", str(parts[0].threads))
            try:
                run(
                    merged,
                    what=f"{what} {name}",
                    stall_seconds=stall_seconds,
                )
            except InputError as error:  # a seek beyond the last frame reads none
                refusal = error
                continue
            refusal = None
            if all(
                part.has(read_checksums(path).crc) for part, path in zip(parts, proofs, strict=True)
            ):
                return
    finally:
        for path in proofs:
            path.unlink(missing_ok=True)
    raise refusal or WrongFrames(
        f"What is read from {parts[0].gold.name} are not {name}: verify the gold master, and make "
        "it again if it differs."
    )
