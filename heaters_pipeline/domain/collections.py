"""Collections as people keep them: names, and the order of their clips. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from heaters_pipeline.domain.errors import InputError

LONGEST_NAME = 60


def collection_name(text: str) -> str:
    """The name tidied. One without a letter would read like the ids of clips (`domain.handover`).
    Raises InputError where it can't be a name."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InputError(f"The name of a collection has 1 to {LONGEST_NAME} characters.")
    if not any(character.isalpha() for character in name):
        raise InputError("The name of a collection needs a letter.")
    return name


def moved(order: Sequence[int], clips: Iterable[int], before: int | None) -> list[int]:
    """The order with `clips`, as they follow one another here, right before another one; at the end
    where `before` is None or no part of the order. Clips that are new to it come in."""
    moving = list(dict.fromkeys(clips))
    if before in moving:
        # What follows it and does not move itself: dropped on one of its own, a clip stays there.
        after = order[order.index(before) :] if before in order else []
        before = next((each for each in after if each not in moving), None)
    rest = [each for each in order if each not in moving]
    at = rest.index(before) if before in rest else len(rest)
    return [*rest[:at], *moving, *rest[at:]]
