"""Which clips look so much alike that one decision can be meant for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

BORDER = 0.012
"""The greatest cosine distance of two previews that pass for the same shot. Six of seven repeats of
a shot lie below it, and different shots above (docs/review.md)."""

RESEMBLANCE = 0.05
"""The greatest distance of clips that are worth a look beside one another."""


def stacks(clip_ids: Sequence[int], alike: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The clips in stacks of two or more, each in the order of `clip_ids`, as are the stacks.
    `alike` are pairs. Every two clips of a stack are alike: a row of clips that change little by
    little does not become one stack."""
    friends: dict[int, set[int]] = {clip_id: set() for clip_id in clip_ids}
    for one, other in alike:
        friends[one].add(other)
        friends[other].add(one)
    found: list[list[int]] = []
    for clip_id in (each for each in clip_ids if friends[each]):
        home = next((stack for stack in found if friends[clip_id].issuperset(stack)), None)
        if home is None:
            found.append([clip_id])
        else:
            home.append(clip_id)
    return [stack for stack in found if len(stack) > 1]
