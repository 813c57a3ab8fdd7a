"""What waits for a person, and what they are told of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

MOST_TOLD = 20
"""Sentences of a message; of the others it says how many there are."""


class Trouble(NamedTuple):
    mark: str
    """Names it for as long as it lasts: nobody is told twice."""
    sentence: str
    page: str
    """Of the review app or of Dagster, where a person looks: its address; empty if there is none
    that they can reach."""


class News(NamedTuple):
    begun: Sequence[Trouble]
    over: int
    """How many that somebody was told of are over."""
    last: int
    """How many there are now."""

    @property
    def is_none(self) -> bool:
        return not self.begun and not self.over


def news(now: Sequence[Trouble], told: Collection[str]) -> News:
    """What has changed since people were `told` of these marks."""
    marks = {each.mark for each in now}
    begun = [each for each in now if each.mark not in told]
    return News(begun, len({*told} - marks), len(marks))


def subject(found: News) -> str:
    if not found.begun:
        return f"Heaters: {_things(found.over)} over, {found.last} left"
    return f"Heaters: {_things(len(found.begun))} for a person to see to"


def text(found: News) -> str:
    """A line for each; Slack and mail show it as it is."""
    shown, more = found.begun[:MOST_TOLD], len(found.begun) - MOST_TOLD
    lines = [f"- {each.sentence}" + (f" {each.page}" if each.page else "") for each in shown]
    if more > 0:
        lines.append(f"- and {more} more")
    if found.over:
        lines.append(f"{_things(found.over)} that you were told of before: over.")
    return "\n".join([subject(found), *lines])


def _things(number: int) -> str:
    return "1 thing" if number == 1 else f"{number} things"
