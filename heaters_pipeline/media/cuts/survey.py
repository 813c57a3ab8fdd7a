"""One pass over every thumbnail of a film: a few numbers of each, from which all detection
starts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.cuts.comparison import CHUNK, TILES, mean_colors, tiles
from heaters_pipeline.media.cuts.distances import Distances
from heaters_pipeline.media.products.thumbnails import Thumbnails, blocks


class Survey(NamedTuple):
    """(N,) each, in levels of tiles."""

    change: Floats
    """Mean absolute difference from the frame before; 0 for the first."""
    unlit: Floats
    """The same after both are dimmed to the darker one's mean, which removes flickering light."""
    contrast: Floats
    """Root mean square distance of the tiles from the frame's mean colour."""
    black: Floats
    """Root mean square distance from black."""
    white: Floats


def survey(thumbnails: Thumbnails, step: int = 1) -> tuple[Survey, Distances]:
    """The distances are of each `step`th frame."""
    count = len(thumbnails)
    change, unlit = np.zeros(count, np.float32), np.zeros(count, np.float32)
    means, squares = np.zeros((count, 3), np.float32), np.zeros(count, np.float32)
    distances = Distances(len(range(0, count, step)))
    even = np.full(3 * TILES, 1 / (3 * TILES), np.float32)
    colors = tiles(thumbnails[:1])
    for start, stop in blocks(count, CHUNK):
        # With the frame before the block.
        colors = np.concatenate([colors[-1:], tiles(thumbnails[start:stop])])
        mean = mean_colors(colors)
        fresh = slice(1 + -start % step, None, step)
        distances.add(colors[fresh], mean[fresh])
        means[start:stop] = mean[1:]
        np.einsum("nt,nt->n", colors[1:], colors[1:], out=squares[start:stop])
        apart = colors[1:] - colors[:-1]
        np.dot(np.abs(apart, out=apart), even, out=change[start:stop])
        light = np.einsum("nc->n", mean) / np.float32(3) + 1
        least = np.minimum(light[1:], light[:-1])
        np.multiply(colors[1:], (least / light[1:])[:, np.newaxis], out=apart)
        apart -= colors[:-1] * (least / light[:-1])[:, np.newaxis]
        np.dot(np.abs(apart, out=apart), even, out=unlit[start:stop])
    squares *= even[0]
    light = means.mean(axis=1)
    contrast = np.sqrt(np.maximum(squares - np.square(means).mean(axis=1), 0))
    white = np.sqrt(np.maximum(squares - 510 * light + 255.0**2, 0))
    return Survey(change, unlit, contrast, np.sqrt(squares), white), distances
