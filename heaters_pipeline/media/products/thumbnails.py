"""Thumbnails: each frame as an image of 48 x 27 pixels, stored raw, so that another threshold
decodes nothing. (The asset, the column and the storage keys call them frame scores.)"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError

WIDTH, HEIGHT = 48, 27
FRAME_BYTES = WIDTH * HEIGHT * 3
BLOCK_FRAMES = 1024
"""Read at a time: 4 MB, little beside everything else."""

Frames = np.ndarray[Any, np.dtype[np.uint8]]


class Thumbnails(Protocol):
    """Thumbnails by frame number, uint8 (N, 27, 48, 3), RGB: a file's, or an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, frames: slice, /) -> Frames: ...


class ThumbnailFile:
    """The thumbnails of some frames of a file. Each slice is read on demand and belongs to the
    caller: mapped as a whole, the file would count as memory, 700 MB for two hours."""

    def __init__(self, path: Path, frames: FrameRange) -> None:
        self._path = path
        self._first = frames.start
        self.shape = (frames.length, HEIGHT, WIDTH, 3)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, frames: slice) -> Frames:
        start, stop, step = frames.indices(len(self))
        read = np.empty((max(0, stop - start), *self.shape[1:]), np.uint8)
        with self._path.open("rb", buffering=0) as file:
            file.seek((self._first + start) * FRAME_BYTES)
            if file.readinto(read.data) != read.nbytes:
                raise HeatersError(f"{self._path.name} has become shorter: make it again.")
        return read[::step]

    def __iter__(self) -> Iterator[Frames]:
        for start, stop in blocks(len(self)):
            yield from self[start:stop]


def open_thumbnails(path: Path) -> ThumbnailFile:
    """Raises HeatersError unless the file holds one or more whole frames."""
    size = path.stat().st_size
    if size == 0 or size % FRAME_BYTES:
        raise HeatersError(
            f"{path.name} holds {size} bytes, not a whole number of frames: make it again."
        )
    return ThumbnailFile(path, FrameRange(0, size // FRAME_BYTES))


def blocks(count: int, most: int = BLOCK_FRAMES) -> Iterator[FrameRange]:
    """Ranges that cover `count` frames, none longer than `most`."""
    for start in range(0, count, most):
        yield FrameRange(start, min(start + most, count))
