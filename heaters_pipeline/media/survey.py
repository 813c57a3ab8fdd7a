"""One look at every small frame of a film: a few numbers of each, which everything else starts
from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from heaters_pipeline.media.distances import Distances
from heaters_pipeline.media.scores import Scores, blocks
from heaters_pipeline.media.small_frames import CHUNK, TILES, Floats, mean_colors, tiles


class Survey(NamedTuple):
    """(N,) each, in levels of tiles."""

    change: Floats
    """Mean absolute difference from the frame before; 0 for the first."""
    unlit: Floats
    """The same after both are dimmed to the darker one's mean: what light that flickers leaves."""
    contrast: Floats
    """Root mean square distance of the tiles from the frame's mean colour."""
    black: Floats
    """Root mean square distance from black."""
    white: Floats


def survey(scores: Scores, step: int = 1) -> tuple[Survey, Distances]:
    """The distances are of each `step`th frame."""
    count = len(scores)
    found = Survey(*(np.zeros(count, np.float32) for _ in Survey._fields))
    distances = Distances(len(range(0, count, step)))
    even = np.full(3 * TILES, 1 / (3 * TILES), np.float32)
    colors = tiles(scores[:1])
    for start, stop in blocks(count, CHUNK):
        colors = np.concatenate([colors[-1:], tiles(scores[start:stop])])
        distances.add(colors[1 + -start % step :: step])
        mean = mean_colors(colors)
        square = np.einsum("nt,nt->n", colors, colors) / np.float32(colors.shape[1])
        light = mean.mean(axis=1)
        plain = (mean * mean).mean(axis=1)
        found.contrast[start:stop] = np.sqrt(np.maximum(square - plain, 0))[1:]
        found.black[start:stop] = np.sqrt(square)[1:]
        found.white[start:stop] = np.sqrt(np.maximum(square - 510 * light + 255.0**2, 0))[1:]
        apart = colors[1:] - colors[:-1]
        found.change[start:stop] = np.abs(apart, out=apart) @ even
        least = np.minimum(light[1:], light[:-1])
        dim = (least + 1) / (light[:-1] + 1), (least + 1) / (light[1:] + 1)
        np.multiply(colors[1:], dim[1][:, np.newaxis], out=apart)
        apart -= colors[:-1] * dim[0][:, np.newaxis]
        found.unlit[start:stop] = np.abs(apart, out=apart) @ even
    return found, distances
