"""The second opinion: which clips two people decide on, each without knowing what the other said,
and what follows. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from typing_extensions import TypedDict

from heaters_pipeline.domain.errors import Conflict, InputError

TWO = 2
"""Opinions that settle a clip if they agree, and that a third person settles if they don't."""


class Opinion(TypedDict):
    """What somebody wants of a clip."""

    actor: str
    action: str


class Weighed(NamedTuple):
    opinions: list[Opinion]
    """In the order in which they were given."""
    holds: bool
    """Whether the latest is now the decision on the clip; else the clip waits for another one."""


@dataclass(frozen=True)
class Rules:
    """Of how many clips in a hundred a second opinion is asked: of a label's before a film's, and
    of a film's before all. Of several labels with a rule the one that asks for most counts."""

    of_all: int = 0
    of_videos: Mapping[int, int] = field(default_factory=dict)
    """By the video's id."""
    of_labels: Mapping[str, int] = field(default_factory=dict)

    def ask(self, clip_id: int, video_id: int, labels: Sequence[str]) -> bool:
        """Whether two people decide on the clip. The same clips are drawn each time."""
        of_labels = [self.of_labels[each] for each in labels if each in self.of_labels]
        share = max(of_labels, default=self.of_videos.get(video_id, self.of_all))
        return _place(clip_id) < share


def _place(clip_id: int) -> int:
    """0 to 99, as good as drawn by lot, and always the same for a clip."""
    digest = hashlib.sha256(str(clip_id).encode()).digest()
    return int.from_bytes(digest[:8]) % 100


def share(text: str) -> int:
    """Of a hundred clips, as somebody typed it. Raises InputError."""
    number = text.strip().removesuffix("%").strip()
    if not (number.isascii() and number.isdecimal() and len(number) <= 3 and int(number) <= 100):
        raise InputError(f"The share is {text!r}; it must be a whole number, 0 to 100 per cent.")
    return int(number)


def weigh(
    given: Sequence[Opinion],
    actor: str,
    action: str,
    *,
    clip_id: int,
    waits: bool,
    is_admin: bool,
    people: int,
) -> Weighed:
    """What an opinion leads to on a clip that two people decide on. `waits`: the clip is pending;
    `people`: how many there are who could decide. Raises Conflict where this person has no say."""
    opinions = [*given, Opinion(actor=actor, action=str(action))]
    has_spoken = any(each["actor"] == actor for each in given)
    if not waits:
        if is_admin:
            return Weighed(opinions, holds=True)
        raise Conflict(
            f"Clip {clip_id} was settled by several people: ask an admin to decide otherwise, or "
            "whoever decided last to take it back."
        )
    if len(given) < TWO:
        if has_spoken:
            raise Conflict(f"You have decided on clip {clip_id}: now somebody else has to.")
        return Weighed(opinions, holds=bool(given) and given[0]["action"] == action)
    if has_spoken and not (is_admin and people <= TWO):
        raise Conflict(f"You are one of the two who differ on clip {clip_id}: a third settles it.")
    return Weighed(opinions, holds=True)


def told(opinions: Sequence[Opinion]) -> Sequence[Opinion]:
    """What others may know: nothing before two people have spoken."""
    return opinions if len(opinions) >= TWO else []
