"""Arrays of numbers about frames; their shapes stand where they are made."""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float32]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


def runs(mask: Mask) -> list[tuple[int, int]]:
    """The first place of each run of true values of (N,), and the place after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(start, stop) for start, stop in edges.reshape(-1, 2).tolist()]


def sigmoid(odds: Floats) -> Floats:
    """The probabilities of odds that are given as logarithms."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))), np.float32)
