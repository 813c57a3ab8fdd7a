"""How far frames are from later ones: the measures from which dissolves are proposed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.cuts.comparison import TILES, mean_colors, tiles
from heaters_pipeline.media.cuts.healed import Healed

REACHES = (2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Half lengths of windows, in frames of about 1/25 s: transitions of 4 to 64 frames. Most are twice
another, which saves distances."""
LAGS = sorted({*REACHES, *(2 * reach for reach in REACHES)})
"""Frames from one to the other."""

_LONGEST = max(LAGS)
_SIZE = 3 * TILES // 2
_EVEN = np.full(_SIZE, 1 / _SIZE, np.float32)
_PLAIN = 1.5
"""The deviation of grain alone, in levels: frames with less have no structure."""


class Distances:
    """The distances of `count` frames by lag; of each lag (count - lag,), or none. They compare the
    means of two tiles side by side: that halves the work, and motion counts even less."""

    def __init__(self, count: int) -> None:
        self.absolute, self.square = (
            {lag: np.zeros(max(0, count - lag), np.float32) for lag in LAGS} for _ in range(2)
        )
        """Mean absolute and mean square differences by lag, in levels."""
        self._means = np.zeros((count, 3), np.float32)
        self._squares = np.zeros(count, np.float32)
        """Mean squares of the frames' colours."""
        self._recent = np.empty((0, _SIZE), np.float32)
        """The last frames added, as many as the longest lag."""
        self._seen = 0

    def __len__(self) -> int:
        return len(self._squares)

    def arrays(self) -> dict[str, Floats]:
        """All of it, for storing; `of` reads it again."""
        return {
            "means": self._means,
            "squares": self._squares,
            **{f"absolute_{lag}": values for lag, values in self.absolute.items()},
            **{f"square_{lag}": values for lag, values in self.square.items()},
        }

    @classmethod
    def of(cls, arrays: Mapping[str, Floats]) -> Distances:
        found = cls(0)
        found._means, found._squares = arrays["means"], arrays["squares"]
        found.absolute = {lag: arrays[f"absolute_{lag}"] for lag in LAGS}
        found.square = {lag: arrays[f"square_{lag}"] for lag in LAGS}
        return found

    def add(self, colors: Floats, means: Floats) -> None:
        """Adds the next frames, as tiles, (n, 432), with their mean colours, (n, 3)."""
        old = len(self._recent)
        colors = np.concatenate([self._recent, _wide(colors)])
        self._measure(colors, means, self._seen - old, old)
        self._recent = colors[-_LONGEST:]
        self._seen += len(means)

    def heal(self, footage: Healed, step: int) -> None:
        """Measures the distances near flashes of `footage` again. Each `step`th frame counts."""
        for begin, end in footage.flashes:
            low = max(0, begin // step - _LONGEST)
            high = min(len(self), end // step + 1 + _LONGEST)
            colors = tiles(footage.read(low * step, (high - 1) * step + 1)[::step])
            self._measure(_wide(colors), mean_colors(colors), low, 0)

    def _measure(self, colors: Floats, means: Floats, first: int, old: int) -> None:
        """`colors` are the wide tiles, (n, 216), of the frames from `first` on, of which `old` have
        been measured; `means` are those of the others."""
        at = slice(first + old, first + len(colors))
        self._means[at] = means
        self._squares[at] = np.einsum("nt,nt->n", colors[old:], colors[old:]) * _EVEN[0]
        for lag in LAGS:
            low, high = max(0, old - lag), len(colors) - lag
            if low < high:
                apart = colors[low + lag :] - colors[low:high]
                at = slice(first + low, first + high)
                np.multiply(np.einsum("nt,nt->n", apart, apart), _EVEN[0], out=self.square[lag][at])
                np.dot(np.abs(apart, out=apart), _EVEN, out=self.absolute[lag][at])

    def structural(self) -> dict[int, Floats]:
        """Square distances of the frames' structures by lag. A structure is a frame without its
        mean colour, scaled to one length whatever the light: 2 between unlike frames, less where
        they are faint."""
        power = self._squares - _square(self._means)
        length = np.sqrt(power + np.float32(_PLAIN**2))
        own = power / (length * length)
        found = {}
        for lag, square in self.square.items():
            ones, others = slice(0, len(square)), slice(lag, lag + len(square))
            # Distances and means suffice: the structures themselves are never computed.
            apart = square - _square(self._means[others] - self._means[ones])
            shared = power[ones] + power[others] - apart
            shared /= length[ones] * length[others]
            found[lag] = np.maximum(own[ones] + own[others] - shared, 0)
        return found


def _wide(colors: Floats) -> Floats:
    """(n, 216): the means of two tiles side by side."""
    pairs = colors[:, :-3] + colors[:, 3:]
    return np.asarray(pairs.take(_PAIRS, axis=1) * np.float32(0.5))


_PAIRS = (np.arange(0, 3 * TILES, 6)[:, np.newaxis] + np.arange(3)).ravel()


def _square(means: Floats) -> Floats:
    """(n,): mean squares of (n, 3)."""
    return np.asarray(np.einsum("nc,nc->n", means, means) / np.float32(3))
