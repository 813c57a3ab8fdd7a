"""Which clips a page shows, and in what order, as its address says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from typing import TypeVar

from heaters_pipeline.domain.annotations import BEST_RATING
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.states import APPROVED, ClipState


class Shown(StrEnum):
    """Clips by what reviewers have decided on them."""

    PENDING = "pending"
    SKIPPED = "skipped"
    ARCHIVED = "archived"
    APPROVED = "approved"
    LIBRARY = "library"
    """Approved and exported."""


STATES = {
    Shown.PENDING: frozenset({ClipState.PENDING_REVIEW}),
    Shown.SKIPPED: frozenset({ClipState.REVIEW_SKIPPED}),
    Shown.ARCHIVED: frozenset({ClipState.REVIEW_ARCHIVED, ClipState.ARCHIVED}),
    Shown.APPROVED: APPROVED,
    Shown.LIBRARY: frozenset({ClipState.EMBEDDED}),
}


class Order(StrEnum):
    TIME = "time"
    """As in the films, one film after the other."""
    SHORTEST = "shortest"
    LONGEST = "longest"
    UNCERTAIN = "uncertain"
    """First the clips that look as much like approved ones as like skipped and archived ones."""
    DOUBTFUL = "doubtful"
    """First the clips with the least sure cuts (`domain.doubt`)."""
    BEST = "best"
    """By score; so is `worst`."""
    WORST = "worst"
    NEWEST = "newest"
    """By the last decision, then by when the clip was made; `oldest` is the other way around."""
    OLDEST = "oldest"
    NOVEL = "novel"
    """First the clips of the library that are like nothing else (`domain.clustering.novelties`)."""
    GIVEN = "given"
    """As people put them into the collection, or as the ids are listed."""


ON_PAGES = {
    "state": "State",
    "min_seconds": "Seconds at least",
    "max_seconds": "Seconds at most",
    "min_score": "Score at least",
    "max_score": "Score at most",
    "min_rating": "Rating",
    "since": "Decided from",
    "until": "Decided until",
    "clip": "Clip",
    "ids": "Clips",
    "collection": "Collection",
    "theme": "Theme",
    "taken": "Handed over",
    "differ": "Opinions differ",
    "order": "Order",
}
"""What the pages call the arguments whose values can be wrong."""

LONGEST_FIND = 200
LARGEST_ID = 2**63 - 1

Name = TypeVar("Name", bound=StrEnum)


@dataclass(frozen=True)
class Selection:
    """All that is named must be true of a clip."""

    video: str | None = None
    """The key of its video."""
    state: tuple[Shown, ...] = ()
    """One of these. Empty: the page's own choice; any state where `clip` names a clip."""
    label: tuple[str, ...] = ()
    """All of these."""
    find: str | None = None
    """Words, each in the title of its video, in one of its labels or in its note."""
    min_seconds: float | None = None
    max_seconds: float | None = None
    min_score: float | None = None
    """0 to 1. A clip without a score has neither a high nor a low one."""
    max_score: float | None = None
    min_rating: int | None = None
    reviewer: str | None = None
    """The last person who decided on it."""
    since: date | None = None
    """The last decision on it was on this day (UTC) or later."""
    until: date | None = None
    """... or on this day or earlier."""
    clip: int | None = None
    """Its own id."""
    ids: tuple[int, ...] = ()
    """One of these clips."""
    collection: int | None = None
    """The id of a collection that it is in."""
    theme: int | None = None
    """The id of a theme that it belongs to, by itself or by a part."""
    taken: bool | None = None
    """Whether somebody has taken a file of it."""
    differ: bool | None = None
    """Whether two people have decided on it, and not the same, so that a third has to."""
    order: Order = Order.TIME

    @classmethod
    def parse(cls, arguments: Mapping[str, str]) -> Selection:
        """From an address's arguments. Empty ones, and those that are no part of a selection, are
        ignored. Raises InputError for a value that makes no sense."""
        given = {name: value.strip() for name, value in arguments.items() if value.strip()}
        if any("\0" in value for value in given.values()):
            raise InputError("A null character can't be part of a selection.")
        if len(given.get("find", "")) > LONGEST_FIND:
            raise InputError(f"The words to find are longer than {LONGEST_FIND} characters.")
        return cls(
            video=given.get("video"),
            state=tuple(_one_of(Shown, each, "state") for each in _parts(given, "state")),
            label=tuple(_parts(given, "label")),
            find=given.get("find"),
            min_seconds=_number(given, "min_seconds"),
            max_seconds=_number(given, "max_seconds"),
            min_score=_number(given, "min_score", most=1),
            max_score=_number(given, "max_score", most=1),
            min_rating=_integer(given, "min_rating", most=BEST_RATING),
            reviewer=given.get("reviewer"),
            since=_day(given, "since"),
            until=_day(given, "until"),
            clip=_integer(given, "clip", most=LARGEST_ID),
            ids=tuple(_whole(each, "ids", LARGEST_ID) for each in _parts(given, "ids")),
            collection=_integer(given, "collection", most=LARGEST_ID),
            theme=_integer(given, "theme", most=LARGEST_ID),
            taken=_yes_or_no(given, "taken"),
            differ=_yes_or_no(given, "differ"),
            order=_one_of(Order, given.get("order", Order.TIME), "order"),
        )

    def arguments(self) -> dict[str, str]:
        """The arguments that `parse` turns into this selection; defaults are left out."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.order == Order.TIME:
            del named["order"]
        return {name: _text(value) for name, value in named.items() if value not in (None, ())}

    def states(self, by_itself: Shown = Shown.PENDING) -> frozenset[ClipState]:
        """The states of its clips; `by_itself` is the page's own choice. Who names clips wants to
        hear of those that were replaced, too."""
        if not self.state and self.names_clips:
            return frozenset(ClipState)
        if not self.state and self.clip is not None:
            return frozenset(ClipState) - {ClipState.SUPERSEDED}
        return frozenset().union(*(STATES[shown] for shown in self.state or [by_itself]))

    @property
    def names_states_alone(self) -> bool:
        """Whether it has all clips of its states."""
        return replace(self, state=(), order=Order.TIME) == Selection()

    @property
    def names_clips(self) -> bool:
        return bool(self.ids) or self.collection is not None

    @property
    def needs_score(self) -> bool:
        return (
            self.min_score is not None
            or self.max_score is not None
            or self.order in (Order.UNCERTAIN, Order.BEST, Order.WORST)
        )


def _parts(given: Mapping[str, str], name: str) -> list[str]:
    """The values of an argument that takes several, separated by commas; each once."""
    parts = (part.strip() for part in given.get(name, "").split(","))
    return list(dict.fromkeys(part for part in parts if part))


def _one_of(names: type[Name], value: str, name: str) -> Name:
    if value not in set(names):
        raise InputError(f"{ON_PAGES[name]} is {value!r}; it must be one of {', '.join(names)}.")
    return names(value)


def _number(given: Mapping[str, str], name: str, most: float = math.inf) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not (0 <= number <= most and math.isfinite(number)):
        upper = "or more" if most == math.inf else f"to {most:g}"
        raise InputError(f"{ON_PAGES[name]} is {value!r}; it must be a number, 0 {upper}.")
    return number


def _integer(given: Mapping[str, str], name: str, most: int) -> int | None:
    value = given.get(name)
    return None if value is None else _whole(value, name, most)


def _whole(value: str, name: str, most: int) -> int:
    if not re.fullmatch("[0-9]{1,19}", value) or not 1 <= int(value) <= most:
        raise InputError(f"{ON_PAGES[name]} is {value!r}; it must be a whole number, 1 to {most}.")
    return int(value)


def _day(given: Mapping[str, str], name: str) -> date | None:
    value = given.get(name)
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise InputError(
            f"{ON_PAGES[name]} is {value!r}; it must be a day, as in 2026-11-29."
        ) from None


def _yes_or_no(given: Mapping[str, str], name: str) -> bool | None:
    value = given.get(name)
    if value not in (None, "yes", "no"):
        raise InputError(f"{ON_PAGES[name]} is {value!r}; it must be yes or no.")
    return None if value is None else value == "yes"


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)
