"""Which frame a file shows when: the clip's own frames at their times, or at a fixed rate."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.profiles import Profile
from heaters_pipeline.media.clips.gold_range import ClipRange, GoldRange


@dataclass(frozen=True)
class Schedule:
    """At a fixed rate, each frame of the file shows what a viewer of the clip sees at its time;
    after the clip's end, its last frame."""

    clip: ClipRange
    profile: Profile

    @cached_property
    def count(self) -> int:
        """Frames of the file."""
        rate = self.profile.frame_rate
        if rate is None:
            return self.clip.frames.length
        return self.profile.frame_count or max(1, round(self.clip.duration * rate))

    @property
    def base(self) -> Fraction:
        """Time base of the file, in seconds."""
        return 1 / self.profile.frame_rate if self.profile.frame_rate else self.clip.base

    @property
    def times(self) -> Any:
        """When each frame of the file is shown, in units of `base`, from 0 on: (frames,)."""
        return np.arange(self.count) if self.profile.frame_rate else self.clip.times

    @cached_property
    def shown(self) -> Any:
        """Which frame of the clip each frame of the file shows: (frames,)."""
        if self.profile.frame_rate is None:
            return np.arange(self.count)
        begins = _begins(self.clip)
        return np.array([bisect_right(begins, at * self.base) - 1 for at in range(self.count)])

    @property
    def duration(self) -> Fraction:
        """Seconds of the audio."""
        return self.count * self.base if self.profile.frame_count else self.clip.duration

    @property
    def held(self) -> int:
        """Frames at the end that hold the last one of a clip that is too short."""
        if self.profile.frame_count is None:
            return 0
        return sum(at * self.base >= self.clip.duration for at in range(self.count))

    def video(self, video: Any) -> Any:
        """Frames of the range with their times, as the file shows them. The last one is given a
        copy after the file's end: without it, the filter `fps` would leave it out where its time
        and the range's end fall between the same two frames of the file."""
        if self.profile.rate is None:
            return video
        end = math.ceil((self.count + 1) * self.base / self.clip.base)
        return (
            video.filter("tpad", stop=1, stop_mode="clone")
            .filter("setpts", f"if(eq(N,{self.clip.frames.length}),{end},PTS)")
            .filter("fps", self.profile.rate, start_time=0, round="up")
            .filter("trim", end_frame=self.count)
        )

    def audio(self, tracks: Sequence[Any]) -> Sequence[Any]:
        """Audio of the range, for as long as the file lasts."""
        if self.profile.frame_count is None:
            return tracks
        seconds = f"{float(self.duration):.6f}"
        return [
            track.filter("apad", whole_dur=seconds).filter("atrim", end=seconds) for track in tracks
        ]


def middle(clip: GoldRange, profile: Profile) -> GoldRange:
    """The part of a clip that a file of `profile` holds: all, or the middle where every file has
    the same, shorter length."""
    if profile.seconds is None or clip.duration <= profile.seconds:
        return clip
    length = Fraction(str(profile.seconds))
    begins = _begins(clip)
    first = bisect_right(begins, (clip.duration - length) / 2) - 1
    end = bisect_left(begins, begins[first] + length)
    start = clip.frames.start
    return replace(clip, frames=FrameRange(start + first, start + end))


def _begins(clip: ClipRange) -> list[Fraction]:
    """Seconds at which each frame is shown, from 0 on."""
    return [clip.base * int(time) for time in clip.times]
