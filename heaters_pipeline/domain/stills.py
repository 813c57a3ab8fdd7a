"""Which frames stand for a clip: its quarters, but no frame of a flash, which shows next to nothing
of it."""

from __future__ import annotations

from collections.abc import Iterable

from heaters_pipeline.domain.cut_points import FrameRange

PERCENT = (25, 50, 75)


def still_frames(frames: FrameRange, flashes: Iterable[FrameRange] = ()) -> list[int]:
    """The frames at 25, 50 and 75 %, in order; fewer where the range is too short for three. In
    place of one in a flash comes the nearest one of the range outside of all flashes, if there is
    one."""
    lit = {
        frame
        for flash in flashes
        for frame in range(max(flash.start, frames.start), min(flash.end, frames.end))
    }
    calm = [frame for frame in range(*frames) if frame not in lit] if lit else []
    wanted = (frames.start + frames.length * percent // 100 for percent in PERCENT)
    return sorted({_nearest(calm, frame) if calm and frame in lit else frame for frame in wanted})


def _nearest(calm: list[int], frame: int) -> int:
    return min(calm, key=lambda other: abs(other - frame))
