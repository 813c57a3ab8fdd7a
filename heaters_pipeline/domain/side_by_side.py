"""How many clips are worked on at once."""

from __future__ import annotations

PIXELS_AT_ONCE = 8 * 1920 * 1080
"""An encoder keeps some sixty frames of its clip: about 300 MB at 1920 x 1080 and 8 bits."""


def clips_at_once(cores: int, pixels: int) -> int:
    """One for each core, fewer where their frames (`pixels` each) are so large that they would not
    fit into memory side by side."""
    return max(1, min(cores, PIXELS_AT_ONCE // max(1, pixels)))
