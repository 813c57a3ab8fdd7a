"""How a stored image is set upright: cameras store what their sensor sees, and a note beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, degrees


@dataclass(frozen=True)
class Orientation:
    """One of eight. A mirrored image is flipped left to right first, then turned."""

    rotation: int = 0
    """0, 90, 180 or 270 degrees clockwise."""
    mirrored: bool = False

    @classmethod
    def of_matrix(cls, matrix: Sequence[int]) -> Orientation:
        """The orientation nearest to a display matrix (ISO/IEC 14496-12, 6.2.2): nine numbers,
        which take a point (x, y) to (ax + cy, bx + dy)."""
        a, b, _, c, d, *_ = matrix
        return cls(round(degrees(atan2(-c, d)) / 90) % 4 * 90, a * d < b * c)

    @property
    def swaps_sides(self) -> bool:
        """Width and height change places."""
        return self.rotation in (90, 270)

    @property
    def keeps_lines(self) -> bool:
        """Each line stays in its place, so that fields stay fields."""
        return self.rotation == 0
