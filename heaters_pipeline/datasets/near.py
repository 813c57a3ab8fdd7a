"""Vectors that lie near one another, each pair looked at: no near-duplicate is missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

BLOCK = 1024


def near_pairs(
    ids: Sequence[int], vectors: npt.NDArray[Any], distance: float
) -> Iterator[tuple[int, int]]:
    """Pairs of `ids` whose vectors, float32 (n, dimensions), have a cosine distance up to
    `distance`. A vector of length 0 is near none. In memory are the vectors and a block."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    for top in range(0, len(ids), BLOCK):
        for left in range(top, len(ids), BLOCK):
            near = unit[top : top + BLOCK] @ unit[left : left + BLOCK].T >= 1 - distance
            for row, column in zip(*np.nonzero(near), strict=True):
                one, other = top + int(row), left + int(column)
                if one < other:
                    yield ids[one], ids[other]
