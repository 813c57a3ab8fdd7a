"""How many clips are worked on at once, and what each of them gets of the machine."""

from __future__ import annotations

from typing import NamedTuple

PIXELS_AT_ONCE = 8 * 1920 * 1080
"""An encoder keeps some sixty frames of its clip: about 300 MB at 1920 x 1080 and 8 bits."""


class Room(NamedTuple):
    clips: int
    """Worked on at once."""
    threads: int
    """Of each decoder and of its filters; 0: as many as it wants. More than there are cores cost
    processor time and gain none."""
    profiles: int
    """By how many of them a clip is encoded at once."""


def room_for(due: int, cores: int, pixels: int) -> Room:
    """For so many clips: one for each core, fewer where their frames (`pixels` each) are so large
    that they would not fit into memory side by side."""
    encoders = PIXELS_AT_ONCE // max(1, pixels)
    clips = max(1, min(due, cores, encoders))
    threads = 0 if clips == 1 else cores // clips
    return Room(clips, threads, max(1, encoders // clips))
