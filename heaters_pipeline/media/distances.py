"""How far frames are from those some way after them: all that dissolves are proposed from."""

from __future__ import annotations

import numpy as np

from heaters_pipeline.media.small_frames import TILES, Floats, Healed, mean_colors, tiles

REACHES = (2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Half lengths of windows, in frames of about 1/25 s: transitions of 4 to 64 frames.
Most are twice another, so that fewer distances are needed."""
LAGS = sorted({*REACHES, *(2 * reach for reach in REACHES)})
"""Frames from one to the other."""

_LONGEST = max(LAGS)
_SIZE = 3 * TILES // 2
_PLAIN = 1.5
"""Levels of deviation that grain alone may have: frames with less have no structure."""


class Distances:
    """Of `count` frames, by lag; of each lag (count - lag,), or none. They compare the means of two
    tiles side by side: half of the work, and motion counts even less."""

    def __init__(self, count: int) -> None:
        self.absolute, self.square = (
            {lag: np.zeros(max(0, count - lag), np.float32) for lag in LAGS} for _ in range(2)
        )
        """Mean absolute and mean square differences, in levels."""
        self._means = np.zeros((count, 3), np.float32)
        self._powers = np.zeros(count, np.float32)
        """Mean squares of what is left of frames without their mean colours: their structure."""
        self._recent = np.empty((0, _SIZE), np.float32)
        """The last frames added, as many as the longest lag."""
        self._seen = 0

    def __len__(self) -> int:
        return len(self._powers)

    def add(self, colors: Floats) -> None:
        """The frames that follow, as tiles, (n, 432)."""
        colors = np.concatenate([self._recent, _wide(colors)])
        first, old = self._seen - len(self._recent), len(self._recent)
        self._seen = first + len(colors)
        self._recent = colors[-_LONGEST:]
        fresh = colors[old:]
        mean = mean_colors(fresh)
        self._means[first + old : self._seen] = mean
        self._powers[first + old : self._seen] = np.einsum("nt,nt->n", fresh, fresh) / np.float32(
            _SIZE
        ) - _square(mean)
        even = np.full(_SIZE, 1 / _SIZE, np.float32)
        for lag in LAGS:
            low, high = max(0, old - lag), len(colors) - lag
            if low < high:
                apart = colors[low + lag :] - colors[low:high]
                at = slice(first + low, first + high)
                np.multiply(np.einsum("nt,nt->n", apart, apart), even[0], out=self.square[lag][at])
                np.dot(np.abs(apart, out=apart), even, out=self.absolute[lag][at])

    def heal(self, footage: Healed, step: int) -> None:
        """Measures anew what flashes of `footage` have to do with. Each `step`th frame counts."""
        for begin, end in footage.flashes:
            low = max(0, begin // step - _LONGEST)
            high = min(len(self), end // step + 1 + _LONGEST)
            part = Distances(high - low)
            part.add(tiles(footage.read(low * step, (high - 1) * step + 1)[::step]))
            self._means[low:high], self._powers[low:high] = part._means, part._powers
            for lag in LAGS:
                at = slice(low, max(low, high - lag))
                self.absolute[lag][at], self.square[lag][at] = part.absolute[lag], part.square[lag]

    def structural(self, lag: int) -> Floats:
        """Square distances of the structures, brought to one length whatever the light: 2 between
        unlike frames, less where they are faint."""
        length = np.sqrt(self._powers + np.float32(_PLAIN**2))
        own = self._powers / (length * length)
        count = len(self.square[lag])
        ones, others = slice(0, count), slice(lag, lag + count)
        # Distances and means say it all, so that structures themselves need not be made.
        apart = self.square[lag] - _square(self._means[others] - self._means[ones])
        shared = self._powers[ones] + self._powers[others] - apart
        shared /= length[ones] * length[others]
        return np.asarray(np.maximum(own[ones] + own[others] - shared, 0))


def _wide(colors: Floats) -> Floats:
    """(n, 216): the means of two tiles side by side."""
    pairs = colors[:, :-3] + colors[:, 3:]
    return np.asarray(pairs.take(_PAIRS, axis=1) * np.float32(0.5))


_PAIRS = (np.arange(0, 3 * TILES, 6)[:, np.newaxis] + np.arange(3)).ravel()


def _square(means: Floats) -> Floats:
    """(n,): mean squares of (n, 3)."""
    return np.asarray(np.einsum("nc,nc->n", means, means) / np.float32(3))
