"""Which clips a page shows, and in what order, as its address says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
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
    """Approved, exported and embedded."""


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


Name = TypeVar("Name", bound=StrEnum)


@dataclass(frozen=True)
class Selection:
    """All that is not None must be true of a clip."""

    video: str | None = None
    """The key of its video."""
    state: Shown | None = None
    """None: the page's own choice; any state where `clip` names a clip."""
    label: str | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None
    min_score: float | None = None
    """0 to 1. A clip without a score has neither a high nor a low one."""
    max_score: float | None = None
    min_rating: int | None = None
    reviewer: str | None = None
    """The last person who decided on it."""
    clip: int | None = None
    """Its own id."""
    order: Order = Order.TIME

    @classmethod
    def parse(cls, arguments: Mapping[str, str]) -> Selection:
        """From an address's arguments. Empty ones, and those that are no part of a selection, are
        ignored. Raises InputError for a value that makes no sense."""
        given = {name: value.strip() for name, value in arguments.items() if value.strip()}
        if any("\0" in value for value in given.values()):
            raise InputError("A null character can't be part of a selection.")
        return cls(
            video=given.get("video"),
            state=_one_of(Shown, given, "state"),
            label=given.get("label"),
            min_seconds=_number(given, "min_seconds"),
            max_seconds=_number(given, "max_seconds"),
            min_score=_number(given, "min_score", most=1),
            max_score=_number(given, "max_score", most=1),
            min_rating=_integer(given, "min_rating", most=BEST_RATING),
            reviewer=given.get("reviewer"),
            clip=_integer(given, "clip", most=2**63 - 1),
            order=_one_of(Order, given, "order") or Order.TIME,
        )

    def arguments(self) -> dict[str, str]:
        """The arguments that `parse` turns into this selection; defaults are left out."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.order == Order.TIME:
            del named["order"]
        return {name: _text(value) for name, value in named.items() if value is not None}

    def states(self, by_itself: Shown = Shown.PENDING) -> frozenset[ClipState]:
        """The states of its clips; `by_itself` is the page's own choice."""
        if self.state is None and self.clip is not None:
            return frozenset(ClipState) - {ClipState.SUPERSEDED}
        return STATES[self.state or by_itself]

    @property
    def needs_score(self) -> bool:
        return (
            self.min_score is not None
            or self.max_score is not None
            or self.order in (Order.UNCERTAIN, Order.BEST, Order.WORST)
        )


def _one_of(names: type[Name], given: Mapping[str, str], name: str) -> Name | None:
    value = given.get(name)
    if value is None:
        return None
    if value not in set(names):
        raise InputError(f"The {name} is {value!r}; it must be one of {', '.join(names)}.")
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
        raise InputError(f"{name} is {value!r}; it must be a number, 0 {upper}.")
    return number


def _integer(given: Mapping[str, str], name: str, most: int) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if not re.fullmatch("[0-9]{1,19}", value) or not 1 <= int(value) <= most:
        raise InputError(f"{name} is {value!r}; it must be a whole number, 1 to {most}.")
    return int(value)


def _text(value: object) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)
