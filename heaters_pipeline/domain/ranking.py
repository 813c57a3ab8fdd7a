"""Several rankings of the same things as one: reciprocal rank fusion (Cormack, Clarke, Buettcher,
"Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009).

It asks for no common scale: that a text has a word, and how near a picture lies, can't be compared,
but places in a list can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

DAMPING = 60
"""The paper's k: the smaller it is, the more the first places outweigh the others."""


class Fused(NamedTuple):
    id: int
    score: float
    """The sum of 1 / (DAMPING + place) over the rankings that have it."""
    places: tuple[int | None, ...]
    """In each ranking, from 1; None where it is missing."""


def fuse(rankings: Sequence[Sequence[int]]) -> list[Fused]:
    """All that any ranking has, best first. Of two with one score, that with the better place in
    the first ranking that tells them apart goes first."""
    places = [
        {each: place for place, each in reversed(list(enumerate(ranking, start=1)))}
        for ranking in rankings
    ]
    found = [
        Fused(
            each,
            sum(1 / (DAMPING + of[each]) for of in places if each in of),
            tuple(of.get(each) for of in places),
        )
        for each in dict.fromkeys(each for ranking in rankings for each in ranking)
    ]
    last = 1 + max(map(len, rankings), default=0)
    return sorted(found, key=lambda one: (-one.score, [place or last for place in one.places]))
