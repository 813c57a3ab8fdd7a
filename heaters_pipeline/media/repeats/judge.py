"""Whether pictures show the same: their normalised correlation, block by block.

The correlation forgives another brightness and contrast; a search over crops forgives lost edges;
the blocks that fit worst are left out, because a watermark may cover them. What moves must move the
same way.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

from heaters_pipeline.media.products.thumbnails import HEIGHT, WIDTH
from heaters_pipeline.media.repeats.signatures import Grays

SIZES = (1.0, 0.975, 0.95, 0.925, 0.9)
"""Of the width, and of the height, that a copy may have kept."""
STRIDE = 1.2
"""Pixels between the places that are tried."""
BLOCK_ROWS, BLOCK_COLUMNS = 3, 6
COVERED = 0.25
"""Of what can be seen: so much may be covered."""
LEAST_BLOCKS = 5
"""Of those with most to see, by the inverse participation ratio: a title on black is in fewer."""
STILL = 1.0
"""The variance of gray over time, for each second that is compared, at which motion has half a say.
That next to nothing moves says the more, the longer it lasts: short clips have to agree in motions
that would hardly count in long ones. What encoders add has a variance of about 0.05."""
STILL_SECONDS = 4.0
"""Longer than this, stillness says no more."""
NOISE = 1.0
"""The variance of gray below which a block shows nothing."""


def judged(pictures: Grays, others: Grays, seconds: float) -> float:
    """How alike pictures (n, 27, 48) of so many seconds are to others: 1 for the same, about 0 for
    different ones.
    `others` is (n, m, 27, 48): m frames near the one that shows the same at the best; of
    these the likest one counts, the same place for all n."""
    middle = others.shape[1] // 2
    own, theirs = _best_crop(pictures, others[:, middle])
    mine = _cropped(pictures, *own)
    shown = [_cropped(others[:, at], *theirs) for at in range(others.shape[1])]
    still = STILL * min(seconds, STILL_SECONDS)
    return max(_with_motion(_robust(mine, each), mine, each, still) for each in shown)


def _with_motion(likeness: float, pictures: Grays, others: Grays, still: float) -> float:
    """The likeness of pictures in view of how they change from one to the next: two takes from one
    place look alike, but move differently. Where next to nothing moves, that says nothing."""
    own, other = pictures - pictures.mean(axis=0), others - others.mean(axis=0)
    energy = float(np.sqrt((own**2).mean() * (other**2).mean()))
    motion = float((own * other).mean()) / (energy + 1e-6)
    weight = energy / (energy + still)
    return (1 - weight) * likeness + weight * min(likeness, motion)


Crop = tuple[int, int]
"""Which of the row and of the column windows."""
WHOLE: Crop = (0, 0)
TRIED = 8
"""Crops that are looked at block by block."""


def _best_crop(pictures: Grays, others: Grays) -> tuple[Crop, Crop]:
    """Found by the correlation of whole pictures; of the best crops the one is taken whose blocks
    agree most, because a watermark misleads the former."""
    some = np.unique(np.linspace(0, len(pictures) - 1, 3).round().astype(int))
    own, other = pictures[some], others[some]
    crops = [*product(range(len(_windows(HEIGHT))), range(len(_windows(WIDTH))))]
    pairs = [(crop, WHOLE) for crop in crops] + [(WHOLE, crop) for crop in crops]
    every, other_every = _every_crop(own), _every_crop(other)
    told = [_plain(every, other_every[0]), _plain(other_every, every[0])]
    found = dict(zip(pairs, np.concatenate(told).tolist(), strict=True))
    best = [(WHOLE, WHOLE), *sorted(found, key=found.__getitem__)[-TRIED:]]
    scores = {pair: _robust(_cropped(own, *pair[0]), _cropped(other, *pair[1])) for pair in best}
    return max(scores, key=lambda pair: scores[pair])


def _plain(crops: Grays, others: Grays) -> Grays:
    """float32 (crops,), of (crops, n, 27, 48) and (n, 27, 48)."""
    own = crops - crops.mean(axis=(2, 3), keepdims=True)
    other = others - others.mean(axis=(1, 2), keepdims=True)
    size = np.sqrt((own**2).sum(axis=(2, 3)) * (other**2).sum(axis=(1, 2))) + NOISE
    return np.asarray(((own * other).sum(axis=(2, 3)) / size).mean(axis=1))


def _robust(pictures: Grays, others: Grays) -> float:
    """The mean correlation of the blocks, without the worst ones, which are the same in all
    pictures."""
    own, other = _details(pictures), _details(others)
    own_variance, other_variance = (own**2).mean(axis=2), (other**2).mean(axis=2)
    correlation = (own * other).mean(axis=2) / (np.sqrt(own_variance * other_variance) + NOISE)
    weights = np.sqrt(np.minimum(own_variance, other_variance))
    shown = weights.sum(axis=0)
    mean = (correlation * weights).sum(axis=0) / np.maximum(shown, 1e-6)
    worst_first = np.argsort(mean)
    covered = np.cumsum(shown[worst_first]) <= COVERED * shown.sum()
    weights[:, worst_first[covered]] = 0
    if shown.sum() ** 2 < LEAST_BLOCKS * (shown**2).sum() or weights.sum() < 1e-6:
        return 0.0
    return float((correlation * weights).sum() / weights.sum())


def _details(pictures: Grays) -> Grays:
    """float32 (n, blocks, pixels), without what is the same all along a row or a column of a block:
    skies, horizons and black bars are in many pictures."""
    n, high, wide = len(pictures), HEIGHT // BLOCK_ROWS, WIDTH // BLOCK_COLUMNS
    divided = pictures.reshape(n, BLOCK_ROWS, high, BLOCK_COLUMNS, wide)
    found = divided.transpose(0, 1, 3, 2, 4)
    found = found - found.mean(axis=3, keepdims=True)
    found = found - found.mean(axis=4, keepdims=True)
    return np.asarray(found.reshape(n, BLOCK_ROWS * BLOCK_COLUMNS, -1))


def _cropped(pictures: Grays, row: int, column: int) -> Grays:
    return np.asarray(_windows(HEIGHT)[row] @ pictures @ _windows(WIDTH)[column].T)


def _every_crop(pictures: Grays) -> Grays:
    """float32 (crops, n, 27, 48), in the order of the row windows, then of the column windows."""
    rows, columns = np.stack(_windows(HEIGHT)), np.stack(_windows(WIDTH))
    found = rows[:, None, None] @ pictures @ columns.transpose(0, 2, 1)[None, :, None]
    return np.asarray(found.reshape(-1, *pictures.shape))


@cache
def _windows(length: int) -> list[Grays]:
    """Matrices (length, length) that stretch a part of a line to the whole line, a little blurred.
    The first one takes all of it."""
    found = []
    for size in SIZES:
        slack = length * (1 - size)
        places = max(1, round(slack / STRIDE) + 1) if size < 1 else 1
        for start in np.linspace(0, slack, places) if places > 1 else [slack / 2]:
            centres = start + (np.arange(length) + 0.5) * size
            reach = np.clip(1 - np.abs(centres[:, None] - np.arange(length) - 0.5) / 1.5, 0, None)
            found.append((reach / reach.sum(axis=1, keepdims=True)).astype(np.float32))
    return found
