"""How thumbnails compare: how far they differ, and whether they show the same scene."""

from __future__ import annotations

import numpy as np

from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.products.thumbnails import HEIGHT, WIDTH, Frames, blocks

TILES_DOWN, TILES_ACROSS = 9, 16
"""A tile is the mean of 3 x 3 pixels: motion within it counts less."""
TILES = TILES_DOWN * TILES_ACROSS

_TILE_STARTS = (np.arange(TILES_ACROSS)[:, np.newaxis] * 9 + np.arange(3)).ravel()
"""The place of each tile and colour in a row of pixels of three colours."""

CHUNK = 96
"""Frames at a time: their products stay in the processor's cache, and matrices stay too small for
BLAS to divide among threads, which on a busy machine wait for one another."""

_BASIS = np.linspace(-1, 1, TILES_DOWN)[:, np.newaxis], np.linspace(-1, 1, TILES_ACROSS)
_SURFACES = np.linalg.qr(
    np.stack(
        [
            (_BASIS[0] ** down * _BASIS[1] ** across).ravel()
            for down in range(4)
            for across in range(4 - down)
        ],
        axis=1,
    )
)[0].astype(np.float32)
"""(144, 10): the shapes of light that falls on a scene, polynomials of the third degree."""
_BLACK = 4.0
"""Levels added before the logarithm, so that noise in the dark does not become large."""

DOWN, ACROSS = HEIGHT // 2, WIDTH // 2
"""Blocks of 2 x 2 pixels, the unit in which scenes are compared: finer detail moves too much, and
noise hides it first."""
_SHIFT_DOWN, _SHIFT_ACROSS = 2, 3
"""Blocks by which a scene may have moved and still be recognised: an eighth of the image."""
_SCROLL = 6
"""Blocks by which a page may have been scrolled: nearly half of the image."""
_SCROLLS = np.setdiff1d(
    np.arange(2 * _SCROLL + 1), np.arange(_SCROLL - _SHIFT_DOWN, _SCROLL + _SHIFT_DOWN + 1)
)
"""From 0, furthest up, to 12, furthest down, without the small shifts: bars, marks and subtitles
that stay at the edges are no page."""
_SHARED = _SCROLLS[:, np.newaxis] - _SCROLL + np.arange(DOWN)
_SHARED = ((_SHARED >= 0) & (_SHARED < DOWN)).astype(np.float32)
"""(8, 13): for each scroll the rows that stay in the image."""
_AROUND = 2
"""Local contrast compares with the mean of the blocks up to this far away."""
_SIDE = 2 * _AROUND + 1
_ROWS = np.clip(np.arange(-_AROUND, DOWN + _AROUND), 0, DOWN - 1)
_COLUMNS = np.clip(np.arange(-_AROUND, ACROSS + _AROUND), 0, ACROSS - 1)
_COLUMNS = (3 * _COLUMNS[:, np.newaxis] + np.arange(3)).ravel()
"""Beyond the image, its edge repeats."""
_FAINT = 3.0
"""Levels. Contrast below this counts less, so that grain in plain areas is no structure."""


def tiles(frames: Frames) -> Floats:
    """(n, 432): the mean colours of each frame's 9 x 16 tiles."""
    found = np.empty((len(frames), TILES * 3), np.float32)
    for start, stop in blocks(len(frames), CHUNK):
        rows = frames[start:stop].reshape((stop - start) * TILES_DOWN, 3, -1)
        summed = np.add(rows[:, 0], rows[:, 1], dtype=np.uint16)
        summed += rows[:, 2]
        across = summed[:, :-6] + summed[:, 3:-3]
        across += summed[:, 6:]
        means = across.take(_TILE_STARTS, axis=1).reshape(stop - start, -1)
        np.multiply(means, np.float32(1 / 9), out=found[start:stop])
    return found


def mean_colors(colors: Floats) -> Floats:
    """(n, 3) of the tiles of frames."""
    pixels = colors.shape[1] // 3
    channels = np.tile(np.eye(3, dtype=np.float32) / np.float32(pixels), (pixels, 1))
    return np.concatenate(
        [colors[start:stop] @ channels for start, stop in blocks(len(colors), CHUNK)]
    )


def spread(change: Floats) -> Floats:
    """(n,): how evenly changes of tiles, (n, 432), lie over the image: the change of the median
    tile in units of the mean."""
    moved = np.abs(change).reshape(len(change), TILES, 3).sum(axis=2) / 3
    # A third of a level is noise.
    return np.asarray(np.sort(moved)[:, TILES // 2] / (moved.mean(axis=1) + 0.3), np.float32)


def same_light(one: Floats, other: Floats) -> Floats:
    """(n,): whether two frames' tiles, (n, 432), are one scene in another light, even one too faint
    to have local contrast. It is a product of two factors. The first is the share of the change of
    their logarithms that is one smooth surface for all three colours, as light falls. The second is
    the correlation of the rest of the frames. A band that two shots share makes the rest correlate,
    but their colours still change each in its own way. Below 0.3 for different scenes, above 0.55
    for one that does not move."""
    seen = np.log(np.stack([one, other]) + np.float32(_BLACK)).reshape(2, len(one), TILES, 3)
    change = seen[1] - seen[0]
    rest = seen - _SURFACES @ (_SURFACES.T @ seen)
    power = np.einsum("sntc,sntc->sn", rest, rest)
    alike = np.einsum("ntc,ntc->n", rest[0], rest[1]) / np.sqrt(power[0] * power[1] + 1e-6)
    left = change - _SURFACES @ (_SURFACES.T @ change.mean(axis=2, keepdims=True))
    rough = np.einsum("ntc,ntc->n", left, left)
    lit = 1 - rough / (np.einsum("ntc,ntc->n", change, change) + 1e-6)
    return np.asarray(alike * lit, np.float32)


def local_contrast(frames: Frames) -> Floats:
    """(n, 13, 72): how each block of 2 x 2 pixels, three colours side by side, differs from its
    surroundings, in units of the contrast there, so that brighter or dimmer light makes no
    difference."""
    count = len(frames)
    rows = frames[:, : 2 * DOWN].reshape(count, DOWN, 2, 3 * WIDTH)
    lines = np.add(rows[:, :, 0], rows[:, :, 1], dtype=np.float32).reshape(count, DOWN, ACROSS, 6)
    summed = lines[..., :3] + lines[..., 3:]
    colors = np.asarray(summed.reshape(count, DOWN, 3 * ACROSS) / 4, np.float32)
    detail = colors - _surroundings(colors)
    square = _surroundings(np.square(detail))
    power = (square[..., ::3] + square[..., 1::3] + square[..., 2::3]) / np.float32(3)
    contrast = np.sqrt(power + np.float32(_FAINT**2))
    return np.asarray(detail / np.repeat(contrast, 3, axis=2), np.float32)


def similarity(one: Floats, other: Floats) -> Floats:
    """(n,): whether frames, as local contrast, show the same scene: the best normalised correlation
    over small shifts, and over scrolls of a page. Below 0.4 for different scenes, above 0.6 for one
    scene in any light."""
    middle = one[:, _SHIFT_DOWN:-_SHIFT_DOWN, 3 * _SHIFT_ACROSS : -3 * _SHIFT_ACROSS]
    views = np.lib.stride_tricks.sliding_window_view(other, middle.shape[1:], axis=(1, 2))
    shifted = np.ascontiguousarray(views[:, :, ::3]).reshape(len(one), -1, middle[0].size)
    flat = middle.reshape(len(one), -1)
    shared = (shifted @ flat[:, :, np.newaxis])[:, :, 0]
    power = np.einsum("nsp,nsp->ns", shifted, shifted)
    power *= np.einsum("np,np->n", flat, flat)[:, np.newaxis]
    # Plain frames have no structure to compare: 0.
    alike = (shared / np.sqrt(power + 1e-3)).max(axis=1)
    return np.asarray(np.maximum(alike, _scrolled(one, other)), np.float32)


def _scrolled(one: Floats, other: Floats) -> Floats:
    """(n,): the best correlation of the rows that frames share if one is a page scrolled
    further."""
    padded = np.zeros((len(other), DOWN + 2 * _SCROLL, other.shape[2]), np.float32)
    padded[:, _SCROLL:-_SCROLL] = other
    views = np.lib.stride_tricks.sliding_window_view(padded, DOWN, axis=1).swapaxes(2, 3)
    views = views[:, _SCROLLS]
    shared = np.einsum("nsrc,nrc->ns", views, one)
    power = np.einsum("nrc,nrc->nr", one, one) @ _SHARED.T
    power *= np.einsum("nrc,nrc->nr", other, other) @ _SHARED[::-1].T
    return np.asarray((shared / np.sqrt(power + 1e-3)).max(axis=1))


def _surroundings(blocked: Floats) -> Floats:
    """Means over squares of 5 x 5 blocks, (n, 13, 72)."""
    padded = blocked[:, _ROWS].take(_COLUMNS, axis=2)
    down = padded[:, :DOWN].copy()
    for step in range(1, _SIDE):
        down += padded[:, step : step + DOWN]
    width = blocked.shape[2]
    across = down[:, :, :width].copy()
    for step in range(1, _SIDE):
        across += down[:, :, 3 * step : 3 * step + width]
    across /= _SIDE**2
    return across
