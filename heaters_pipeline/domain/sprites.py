"""Sprite sheets: tiles, small images of every n-th frame of a proxy or of a clip, up to a hundred
to a sheet.

Tile `i` shows frame `first + i * every`; sheet `s` of a proxy holds the tiles
`[s * 100, (s + 1) * 100)` row by row, and is black where there are no more. The sheet of a clip
that has fewer is smaller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, NamedTuple, NotRequired

from typing_extensions import TypedDict

from heaters_pipeline.domain.cut_points import FrameRange
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
    first: NotRequired[int]
    """0 where it is missing, as of proxies."""


class Grid(NamedTuple):
    """How many tiles a sheet has room for."""

    columns: int = COLUMNS
    rows: int = ROWS


@dataclass(frozen=True)
class SpriteIndex:
    """What the sprite sheets of a video or a clip hold, and where they lie in their file."""

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
    first: int = 0
    """Number, in the source video, of the frame that the first tile shows."""

    @property
    def frames(self) -> range:
        """The frame that each tile shows."""
        return range(self.first, self.first + self.count * self.every, self.every)

    def is_of(self, frames: FrameRange) -> bool:
        """Whether these are the frames that have tiles."""
        return (self.first, self.count) == (frames.start, tile_count(frames.length, self.every))

    @property
    def sheets(self) -> int:
        return len(self.offsets) - 1

    def span(self, sheet: int) -> tuple[int, int]:
        """Offset and length in bytes. Raises NotFound for a sheet that there is not."""
        if not 0 <= sheet < self.sheets:
            raise NotFound(f"There are {self.sheets} sprite sheets; {sheet} is not one.")
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
            first=self.first,
        )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> SpriteIndex:
        known = (field.name for field in fields(cls) if field.name in stored)
        return cls(**{name: stored[name] for name in known})


def frames_apart(rate: Fraction) -> int:
    """How many frames lie from one tile to the next: about five tiles a second."""
    return min(max(1, round(rate / TILES_A_SECOND)), FARTHEST)


def tile_count(frame_count: int, every: int) -> int:
    return -(-frame_count // every)


def grid_for(count: int) -> Grid:
    """That holds so many tiles, or a part of them, with little room left."""
    columns = min(COLUMNS, count)
    return Grid(columns, min(ROWS, -(-count // columns)))
