"""A small network: what a detector weighs its measures with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from heaters_pipeline.media.cuts.arrays import Floats


class Perceptron(NamedTuple):
    """A tanh layer and a linear layer."""

    mean: Floats
    """(features,), of those that it was fitted to; so is `scale`, one over their deviation."""
    scale: Floats
    hidden: Floats
    """(units, features + 1); the last column is the bias."""
    output: Floats
    """(units + 1,)"""

    def __call__(self, features: Floats) -> Floats:
        """From (n, features) to (n,): the logarithm of the odds."""
        scaled = (features - self.mean) * self.scale
        inner = np.tanh(scaled @ self.hidden[:, :-1].T + self.hidden[:, -1])
        return np.asarray(inner @ self.output[:-1] + self.output[-1], np.float32)

    @classmethod
    def unpacked(cls, numbers: Floats, features: int, units: int) -> Perceptron:
        sizes = np.cumsum([features, features, units * (features + 1)])
        mean, scale, hidden, output = np.split(numbers, sizes)
        return cls(mean, scale, hidden.reshape(units, features + 1), output)
