"""What is to be seen in a shot."""

from __future__ import annotations

from dataclasses import dataclass

STYLES = ("bright", "dark", "faint", "hectic")


@dataclass(frozen=True)
class Shot:
    seed: int
    frames: int
    """Clean ones."""
    style: str = "bright"
    """One of STYLES, or night."""
    happening: str | None = None
    at: int = 0
    """Frame of the shot at which it happens."""
    place: int = 0
    """Another view of the same world."""
    take: int | None = None
    """Somebody stands before the camera. A jump cut leads to another take of the same place, with
    another crop, in which they and all that moves are elsewhere."""
    bars: float = 0.0
    """Share of the height that each of two black bars covers, above and below."""
