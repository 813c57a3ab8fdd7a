"""Which clips of a dataset are trained with, and which it is judged by.

A clip that looks like one of another split would be known already. So clips that belong together
stay together: those of one film, and those that look alike, and through each of them others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from fractions import Fraction

from heaters_pipeline.domain.errors import InputError

SHARES: Mapping[str, Fraction] = {
    "train": Fraction(8, 10),
    "validation": Fraction(1, 10),
    "test": Fraction(1, 10),
}
"""The usual ones; the names are those that loaders know."""


class Together:
    """Sets that grow together (union-find)."""

    def __init__(self, members: Iterable[Hashable]) -> None:
        self._parents: dict[Hashable, Hashable] = {each: each for each in members}

    def join(self, one: Hashable, other: Hashable) -> None:
        first, second = self.first(one), self.first(other)
        if first != second:
            self._parents[second] = first

    def first(self, member: Hashable) -> Hashable:
        """One member that stands for the whole set of this one."""
        root = member
        while self._parents[root] != root:
            root = self._parents[root]
        while self._parents[member] != root:
            self._parents[member], member = root, self._parents[member]
        return root


def groups(
    clip_ids: Sequence[int],
    films: Mapping[int, str] | None,
    alike: Iterable[tuple[int, int]],
) -> list[list[int]]:
    """The clips in groups that no split may divide, each in the order of `clip_ids`. `films` has
    the film of each clip; None: films may be divided. `alike` are pairs of clips."""
    sets = Together(clip_ids)
    if films is not None:
        first_of: dict[str, int] = {}
        for clip_id in clip_ids:
            sets.join(first_of.setdefault(films[clip_id], clip_id), clip_id)
    for one, other in alike:
        sets.join(one, other)
    found: dict[Hashable, list[int]] = {}
    for clip_id in clip_ids:
        found.setdefault(sets.first(clip_id), []).append(clip_id)
    return list(found.values())


def assign(
    groups: Sequence[Sequence[int]], shares: Mapping[str, Fraction], seed: int = 0
) -> dict[int, str]:
    """The split of each clip. The largest group goes first, each to the split that lacks most of
    what it should have; `seed` decides between groups that are as large. No split stays empty while
    there are groups enough. The same groups, in any order, give the same splits."""
    names = [name for name, share in shares.items() if share > 0]
    total = sum(map(len, groups))
    lacks = {name: shares[name] * total for name in names}
    empty = list(names)
    given: dict[int, str] = {}
    ordered = sorted(groups, key=lambda group: (-len(group), _shuffled(min(group), seed)))
    for place, group in enumerate(ordered):
        left = len(ordered) - place
        open_to = empty if empty and left <= len(empty) else names
        name = max(open_to, key=lambda each: lacks[each])
        lacks[name] -= len(group)
        if name in empty:
            empty.remove(name)
        given.update(dict.fromkeys(group, name))
    return given


def parse_shares(text: str) -> dict[str, Fraction]:
    """`train=80,validation=10,test=10`, in any unit. Raises InputError."""
    found: dict[str, Fraction] = {}
    for part in text.split(","):
        name, _, share = part.strip().partition("=")
        if name not in SHARES or name in found:
            raise InputError(
                f"The split {name!r} is not one of {', '.join(SHARES)}: write train=80,test=20."
            )
        try:
            found[name] = Fraction(share)
        except (ValueError, ZeroDivisionError):
            raise InputError(f"The share of {name} is {share!r}: write a number.") from None
        if found[name] < 0:
            raise InputError(f"The share of {name} is {share}: it can't be less than nothing.")
    total = sum(found.values())
    if not total:
        raise InputError("The splits have no share at all: write train=80,test=20.")
    return {name: share / total for name, share in found.items()}


def _shuffled(clip_id: int, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}/{clip_id}".encode()).digest()
