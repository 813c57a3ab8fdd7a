"""The signature of a frame: 172 bits that a copy of the frame nearly shares, however it is encoded,
sized or coloured.

A difference hash (dHash) over a grid of 12 x 8 cells: for every two neighbours of a row, and of a
column, whether it becomes brighter.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.media.products.thumbnails import HEIGHT, WIDTH, Frames, Thumbnails, blocks

Grays = npt.NDArray[np.float32]
Bits = npt.NDArray[np.bool_]

COLUMNS, ROWS = 12, 8
BITS = ROWS * (COLUMNS - 1) + COLUMNS * (ROWS - 1)
CROPPED = 0.1
"""Of the width and of the height: what a copy may lack."""
STEP_SECONDS = 0.25
LONGEST_SECONDS = 1.0
"""A signature is kept where the picture has changed since the last one that was, and after this
time at the latest."""
CHANGED_BITS = 12
FLAT = 3.0
"""The standard deviation of gray (0 to 255) below which a frame shows nothing."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def grays(frames: Frames) -> Grays:
    """float32 (n, 27, 48), 0 to 255."""
    return frames.astype(np.float32) @ _LUMA


def signatures(pictures: Grays, cropped: float = 0.0) -> Bits:
    """bool (n, BITS), of the pictures without their edges: `cropped` of the width and height."""
    cells = _ROWS_OF[cropped] @ pictures @ _COLUMNS_OF[cropped].T
    right, below = np.diff(cells, axis=2) > 0, np.diff(cells, axis=1) > 0
    n = len(pictures)
    return np.concatenate([right.reshape(n, -1), below.reshape(n, -1)], axis=1)


def as_text(bits: Bits) -> list[str]:
    """Each signature as 0 and 1."""
    return ["".join(map("01".__getitem__, row)) for row in bits.astype(int).tolist()]


def shows_something(pictures: Grays) -> npt.NDArray[np.bool_]:
    """bool (n,): a black or blank frame is like every other one."""
    return np.asarray(pictures.std(axis=(1, 2)) >= FLAT)


def sampled(frames: FrameRange, rate: Fraction, least: int = 1) -> npt.NDArray[np.int64]:
    """The frames in the middle of each STEP_SECONDS of the range, or `least` if that is more and
    there are so many."""
    wanted = max(round(frames.length / (float(rate) * STEP_SECONDS)), min(least, frames.length), 1)
    places = (np.arange(wanted) + 0.5) * frames.length / wanted
    return frames.start + places.astype(np.int64)


def pictures_at(thumbnails: Thumbnails, numbers: npt.NDArray[np.int64]) -> Grays:
    """The gray thumbnails of these frames, in ascending order, read in one piece."""
    first = int(numbers[0])
    piece = thumbnails[first : int(numbers[-1]) + 1]
    return grays(piece[numbers - first])


def kept(thumbnails: Thumbnails, rate: Fraction) -> Iterator[tuple[int, Bits]]:
    """The frames of a video that are indexed, with their signatures."""
    last: Bits | None = None
    last_frame = 0
    longest = LONGEST_SECONDS * float(rate)
    for block in blocks(len(thumbnails)):
        numbers = sampled(block, rate)
        found = pictures_at(thumbnails, numbers)
        told = signatures(found), shows_something(found)
        for number, bits, is_something in zip(numbers.tolist(), *told, strict=True):
            if not is_something:
                continue
            is_old = last is not None and number - last_frame < longest
            if is_old and np.count_nonzero(bits != last) < CHANGED_BITS:
                continue
            last, last_frame = bits, number
            yield number, bits


def _resampling(length: int, cells: int, cropped: float) -> Grays:
    """float32 (cells, length): means over equal parts of a line without its ends."""
    edges = np.linspace(cropped / 2, 1 - cropped / 2, cells + 1) * length
    at = np.arange(length)
    shared = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
    weights = np.clip(shared, 0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


_ROWS_OF = {each: _resampling(HEIGHT, ROWS, each) for each in (0.0, CROPPED)}
_COLUMNS_OF = {each: _resampling(WIDTH, COLUMNS, each) for each in (0.0, CROPPED)}
