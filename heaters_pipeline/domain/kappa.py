"""How well two people agree, beyond what chance would give. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Agreed(NamedTuple):
    number: int
    """Of clips on which both decided."""
    share: float
    """On how many of them they agreed, 0 to 1."""
    kappa: float | None
    """1: always; 0: as often as by chance; below 0: less often. None where it says nothing, as both
    have only ever decided one way, or on nothing."""


def agreed(pairs: Mapping[tuple[str, str], int]) -> Agreed:
    """Cohen's kappa, (p_o - p_e) / (1 - p_e): p_o is the share of clips on which two people agree,
    p_e the share on which they would if each decided as often each way, but by lot (J. Cohen, A
    coefficient of agreement for nominal scales, Educational and Psychological Measurement 20, 1960,
    37-46). `pairs`: how often the one decided so and the other so."""
    number = sum(pairs.values())
    if not number:
        return Agreed(0, 0.0, None)
    one, other = (
        _sums((a, n) for (a, _), n in pairs.items()),
        _sums((b, n) for (_, b), n in pairs.items()),
    )
    # In whole numbers until the last step, so that nothing is lost where chance explains all.
    same = number * sum(n for (a, b), n in pairs.items() if a == b)
    by_chance = sum(one[kind] * other[kind] for kind in one)
    beyond = number * number - by_chance
    return Agreed(number, same / (number * number), (same - by_chance) / beyond if beyond else None)


def _sums(counted: Iterable[tuple[str, int]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for kind, number in counted:
        found[kind] += number
    return found
