"""What small frames say about one another: how far they differ, and whether they show the same
scene."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from heaters_pipeline.media.scores import FRAME_BYTES, HEIGHT, WIDTH, Frames, Scores, blocks

Floats = np.ndarray[Any, np.dtype[np.float32]]

TILES_DOWN, TILES_ACROSS = 9, 16
"""A tile is the mean of 3 x 3 pixels: motion within it counts less."""
TILES = TILES_DOWN * TILES_ACROSS

_TILE_STARTS = (np.arange(TILES_ACROSS)[:, np.newaxis] * 9 + np.arange(3)).ravel()
"""Of each tile, in a row of pixels of three colours."""

_SHIFT_DOWN, _SHIFT_ACROSS = 3, 5
"""Pixels by which a scene may have moved and still be found: a tenth of the picture."""
_AROUND = 3
"""Local contrast is measured against the mean of the pixels up to this far away."""
_SIDE = 2 * _AROUND + 1
_ROWS = np.clip(np.arange(-_AROUND, HEIGHT + _AROUND), 0, HEIGHT - 1)
_COLUMNS = np.clip(np.arange(-_AROUND, WIDTH + _AROUND), 0, WIDTH - 1)
"""Beyond the picture its edge goes on."""
_FAINT = 6.0
"""Levels; contrast below this counts less, so that grain in plain areas is no structure."""


class Healed:
    """Scores in which each flash, half-open range of frames, is replaced by a blend of its
    neighbours."""

    def __init__(self, scores: Scores, flashes: Iterable[tuple[int, int]] = ()) -> None:
        self._scores = scores
        self._flashes = sorted(flashes)

    def __len__(self) -> int:
        return len(self._scores)

    def read(self, start: int, stop: int) -> Frames:
        frames = self._scores[start:stop]
        for begin, end in self._flashes:
            if begin >= stop or end <= start:
                continue
            before, after = self.frame(begin - 1), self.frame(end)
            for number in range(max(begin, start), min(end, stop)):
                part = (number - begin + 1) / (end - begin + 1)
                frames[number - start] = before + (after - before) * part + 0.5
        return frames

    def frame(self, number: int) -> Floats:
        return np.asarray(self._scores[number : number + 1][0], np.float32)


def changes(scores: Scores) -> Floats:
    """(N,): mean absolute difference of each frame from the one before, in levels; 0 for the
    first."""
    found = np.zeros(len(scores), np.float32)
    for start, stop in blocks(len(scores)):
        frames = scores[max(0, start - 1) : stop]
        before, after = frames[:-1], frames[1:]
        far = np.maximum(before, after)
        far -= np.minimum(before, after)
        summed = far.reshape(len(far), FRAME_BYTES).sum(axis=1, dtype=np.uint32)
        found[stop - len(far) : stop] = summed / np.float32(FRAME_BYTES)
    return found


def tiles(frames: Frames) -> Floats:
    """(n, 432): the mean colours of each frame's 9 x 16 tiles."""
    rows = frames.reshape(len(frames) * TILES_DOWN, 3, -1)
    summed = rows[:, 0].astype(np.uint16)
    summed += rows[:, 1]
    summed += rows[:, 2]
    across = summed[:, :-6] + summed[:, 3:-3]
    across += summed[:, 6:]
    summed = across.take(_TILE_STARTS, axis=1)
    return np.asarray(summed.reshape(len(frames), -1) / np.float32(9), np.float32)


def spread(change: Floats) -> float:
    """How evenly a change of tiles, (432,), lies over the picture: what the median tile changes in
    units of the mean."""
    moved = np.abs(change).reshape(TILES, 3).sum(axis=1) / 3
    # A third of a level is noise.
    return float(np.sort(moved)[TILES // 2] / (moved.mean() + 0.3))


def local_contrast(frames: Frames | Floats) -> Floats:
    """(n, 3, 27, 48): each pixel's difference from its surroundings, in units of the contrast
    there, so that brighter or dimmer light changes nothing."""
    colors = np.moveaxis(frames, -1, 1).astype(np.float32)
    detail = colors - _surroundings(colors)
    power = (detail * detail).mean(axis=1, keepdims=True)
    return np.asarray(detail / np.sqrt(_surroundings(power) + np.float32(_FAINT**2)), np.float32)


def similarity(one: Floats, other: Floats) -> float:
    """Whether two frames, as local contrast, show the same scene: the best normalised correlation
    over small shifts. Below 0.3 for different scenes, above 0.6 for one scene in any light."""
    middle = one[:, _SHIFT_DOWN:-_SHIFT_DOWN, _SHIFT_ACROSS:-_SHIFT_ACROSS]
    views = np.lib.stride_tricks.sliding_window_view(other, middle.shape[1:], axis=(1, 2))
    shifted = np.ascontiguousarray(np.moveaxis(views, 0, 2)).reshape(-1, middle.size)
    power = np.einsum("sp,sp->s", shifted, shifted) * (middle * middle).sum()
    # Plain frames have no structure to compare: 0.
    return float((shifted @ middle.ravel() / np.sqrt(power + 1e-3)).max())


def _surroundings(pictures: Floats) -> Floats:
    """Means over squares of 7 pixels, (n, c, height, width)."""
    padded = pictures[:, :, _ROWS][..., _COLUMNS]
    height, width = pictures.shape[2:]
    down = padded[:, :, :height].copy()
    for step in range(1, _SIDE):
        down += padded[:, :, step : step + height]
    across = down[..., :width].copy()
    for step in range(1, _SIDE):
        across += down[..., step : step + width]
    across /= _SIDE**2
    return across
