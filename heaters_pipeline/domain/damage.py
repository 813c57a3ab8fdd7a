"""What of a source video could not be decoded cleanly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import TypedDict

from heaters_pipeline.domain.cut_points import FrameRange


class DamageFacts(TypedDict):
    """`Damage` in JSON."""

    frames: Sequence[tuple[int, int]]
    errors: int
    missing_seconds: float


@dataclass(frozen=True)
class Damage:
    frames: tuple[FrameRange, ...]
    """Ranges of frames that decoded with errors, or are predicted from such."""
    errors: int
    """Packets, video and audio, that could not be decoded, or only with errors. Frames that are
    lost altogether have no number and show only here."""
    missing_seconds: float
    """By how much the video ends before its container says."""

    @property
    def frame_count(self) -> int:
        """Frames marked."""
        return sum(frames.length for frames in self.frames)

    def as_json(self) -> DamageFacts:
        return DamageFacts(
            frames=tuple((start, end) for start, end in self.frames),
            errors=self.errors,
            missing_seconds=self.missing_seconds,
        )
