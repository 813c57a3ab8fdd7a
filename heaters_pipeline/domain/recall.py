"""How hard an approximate index must look to find nearly all that is nearest."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

NEAREST = 10
"""Of which the share that is found is the recall."""

WANTED = 0.99
"""Recall, measured. It is known to about 0.005, so in truth it is 0.98 or more."""

WIDTHS = (80, 120, 160, 240, 320, 480, 640, 1000)
"""How many candidates the index may keep in mind. pgvector allows 1,000."""

UNMEASURED = 160
"""For an index that nobody has measured yet."""


class Measured(NamedTuple):
    """What an index finds of its own vectors' nearest ten."""

    width: int
    """With so many candidates."""
    recall: float | None
    """None where it could not be measured; the width is UNMEASURED then."""
    vectors: int
    """That were in it, or that the planner took to be in it, whichever is more: growth is told by
    the planner's number, an estimate that may be several times too high for a few vectors in a
    large table."""


def least_width(recall_with: Callable[[int], float]) -> tuple[int, float]:
    """The least of WIDTHS with which an index has the wanted recall, and what it has; where none is
    enough, the largest."""
    recall = 0.0
    for width in WIDTHS:
        recall = recall_with(width)
        if recall >= WANTED:
            break
    return width, recall


def is_outgrown(measured: Measured, vectors: int) -> bool:
    """Whether an index with so many vectors has to be measured anew: a larger graph asks for more
    candidates."""
    return vectors > 2 * measured.vectors
