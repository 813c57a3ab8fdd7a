"""Labels as people keep them: a name, a colour, a digit key. Names are checked in `annotations`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from heaters_pipeline.domain.errors import InputError

KEYS = range(1, 10)
"""Digits that give a label, with Shift."""


class Colour(StrEnum):
    """The pages have a shade of each for either colour scheme."""

    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    PURPLE = "purple"
    TEAL = "teal"
    ORANGE = "orange"
    PINK = "pink"
    BROWN = "brown"
    GREY = "grey"


def free_colour(used: Iterable[str]) -> Colour:
    """The colour that the fewest labels have, in the order above."""
    counted = list(used)
    return min(Colour, key=counted.count)


def colour(given: str) -> Colour:
    """Raises InputError for a name that is none of a colour."""
    if given not in set(Colour):
        raise InputError(f"The colour is {given!r}; it must be one of {', '.join(Colour)}.")
    return Colour(given)


def key(given: str) -> int | None:
    """None for an empty text. Raises InputError for what is no digit from 1 to 9."""
    if not given:
        return None
    if given not in {str(each) for each in KEYS}:
        raise InputError(f"The key is {given!r}; it must be a digit from 1 to 9, or none.")
    return int(given)
