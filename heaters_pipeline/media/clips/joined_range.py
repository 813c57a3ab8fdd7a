"""Several ranges of one gold master as one: what a group is exported from."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.profiles import Profile, Tracks
from heaters_pipeline.media.clips.gold_range import GoldRange, Streams, decode_proven, reads_of
from heaters_pipeline.media.clips.pictures import DELIVERY
from heaters_pipeline.media.ffmpeg.probe import VideoFacts

FADE_SECONDS = 0.005
"""On both sides of a seam: what is heard there would jump, which is a click."""


@dataclass(frozen=True)
class JoinedRange:
    """Ranges in the film's order, with frames of the film missing between them. To a schedule, an
    export and its proof it is what a `GoldRange` is."""

    parts: tuple[GoldRange, ...]

    @property
    def frames(self) -> FrameRange:
        """Counted from the first frame of the first part on."""
        return FrameRange(0, sum(part.frames.length for part in self.parts))

    @property
    def facts(self) -> VideoFacts:
        return self.parts[0].facts

    @property
    def threads(self) -> int:
        return self.parts[0].threads

    def tracks(self, wanted: Tracks) -> list[int]:
        return self.parts[0].tracks(wanted)

    @cached_property
    def is_constant(self) -> bool:
        return all(part.is_constant for part in self.parts)

    @property
    def base(self) -> Fraction:
        return self.parts[0].base if self.is_constant else Fraction(1, TICKS_PER_SECOND)

    @cached_property
    def times(self) -> Any:
        if self.is_constant:
            return np.arange(self.frames.length)
        return np.concatenate(
            [
                np.round(part.times * float(part.base / self.base)) + round(begin / self.base)
                for part, begin in zip(self.parts, self._begins, strict=True)
            ]
        ).astype(np.int64)

    @property
    def _begins(self) -> list[Fraction]:
        """Seconds at which each part begins."""
        durations = (part.duration for part in self.parts[:-1])
        return list(itertools.accumulate(durations, initial=Fraction(0)))

    @property
    def duration(self) -> Fraction:
        return sum((part.duration for part in self.parts), Fraction(0))

    def decode(
        self,
        outputs: Callable[[Sequence[Streams]], Sequence[Any]],
        scratch: Path,
        *,
        what: str,
        stall_seconds: float,
        profiles: Sequence[Profile] = (DELIVERY,),
    ) -> None:
        """As `GoldRange.decode`: the frames of every part are compared with the gold master's."""
        decode_proven(
            self.parts,
            reads_of(self.parts),
            lambda parts: outputs([self._joined(one) for one in zip(*parts, strict=True)]),
            scratch,
            name=str(self),
            what=what,
            stall_seconds=stall_seconds,
            profiles=profiles,
        )

    def _joined(self, parts: Sequence[Streams]) -> Streams:
        """Video and audio are joined apart: `concat` guesses how long the last frame of a part is
        shown, and would have the audio of the next one wait for it."""
        count = len(parts[0].audio)
        video = ffmpeg.concat(*(part.video for part in parts), v=1, a=0).filter(
            "settb", str(self.base)
        )
        video = video.filter("setpts", "N" if self.is_constant else self._pts)
        tracks = [self._faded(track, at) for at, part in enumerate(parts) for track in part.audio]
        sound = ffmpeg.concat(*tracks, v=0, a=count).node if tracks else []
        return Streams(video, parts[0].options, [sound[number] for number in range(count)])

    @property
    def _pts(self) -> str:
        """For `setpts`: each part begins when the one before it has been shown. Sums, as nested
        conditions may be a hundred deep at most."""
        lengths = [part.frames.length for part in self.parts]
        firsts = list(itertools.accumulate(lengths[:-1]))
        begins = [round(begin / self.base) for begin in self._begins]
        is_first = "+".join(f"eq(N,{first})" for first in (0, *firsts))
        begin = "+".join(
            f"{now - before}*gte(N,{first})"
            for first, (before, now) in zip(firsts, itertools.pairwise(begins), strict=True)
        )
        return f"0*st(0,if({is_first},PTS,ld(0)))+PTS-ld(0)+{begin}"

    def _faded(self, track: Any, at: int) -> Any:
        if at > 0:
            track = track.filter("afade", type="in", start_time=0, duration=FADE_SECONDS)
        if at < len(self.parts) - 1:
            end = float(self.parts[at].duration) - FADE_SECONDS
            track = track.filter("afade", type="out", start_time=end, duration=FADE_SECONDS)
        return track

    def __str__(self) -> str:
        ranges = ", ".join(f"{part.frames.start} to {part.frames.end}" for part in self.parts)
        return f"frames {ranges} of {self.parts[0].gold.name}"


def together(ranges: Sequence[FrameRange]) -> list[FrameRange]:
    """Ranges in the film's order, neighbours as one, which has no seam."""
    runs: list[FrameRange] = []
    for each in ranges:
        if runs and runs[-1].end == each.start:
            runs[-1] = FrameRange(runs[-1].start, each.end)
        else:
            runs.append(each)
    return runs


def joined(parts: Sequence[GoldRange]) -> GoldRange | JoinedRange:
    """One range of several in the film's order, between which frames are missing."""
    return parts[0] if len(parts) == 1 else JoinedRange(tuple(parts))
