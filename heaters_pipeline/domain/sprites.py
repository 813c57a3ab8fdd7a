"""Sprite sheets: tiles, small images of every n-th frame of a proxy, a hundred to a sheet.

Tile `i` shows frame `i * every`; sheet `s` holds the tiles `[s * 100, (s + 1) * 100)` row by row,
and is black where there are no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from typing_extensions import TypedDict

from heaters_pipeline.domain.errors import NotFound

COLUMNS = ROWS = 10
TILES_A_SHEET = COLUMNS * ROWS

TILES_A_SECOND = 5
FARTHEST = 12
"""The most frames from one tile to the next. Where frame times are uneven, the nominal rate can be
many times the true one."""


class StoredSpriteIndex(TypedDict):
    """`SpriteIndex` in JSON, and the number of its sheets."""

    every: int
    width: int
    height: int
    count: int
    offsets: list[int]
    columns: int
    rows: int
    sheets: int


@dataclass(frozen=True)
class SpriteIndex:
    """What a video's sprite sheets hold, and where they lie in their file."""

    every: int
    width: int
    """Of a tile, in pixels."""
    height: int
    count: int
    """Of tiles."""
    offsets: Sequence[int]
    """Bytes: where each sheet begins, then where the last one ends. They lie back to back."""
    columns: int = COLUMNS
    rows: int = ROWS

    @property
    def sheets(self) -> int:
        return len(self.offsets) - 1

    def span(self, sheet: int) -> tuple[int, int]:
        """Offset and length in bytes. Raises NotFound for a sheet that the video lacks."""
        if not 0 <= sheet < self.sheets:
            raise NotFound(f"This video has {self.sheets} sprite sheets; {sheet} is not one.")
        return self.offsets[sheet], self.offsets[sheet + 1] - self.offsets[sheet]

    def as_json(self) -> StoredSpriteIndex:
        return StoredSpriteIndex(
            every=self.every,
            width=self.width,
            height=self.height,
            count=self.count,
            offsets=list(self.offsets),
            columns=self.columns,
            rows=self.rows,
            sheets=self.sheets,
        )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> SpriteIndex:
        return cls(**{field.name: stored[field.name] for field in fields(cls)})


def frames_apart(rate: Fraction) -> int:
    """How many frames lie from one tile to the next: about five tiles a second."""
    return min(max(1, round(rate / TILES_A_SECOND)), FARTHEST)


def tile_count(frame_count: int, every: int) -> int:
    return -(-frame_count // every)
