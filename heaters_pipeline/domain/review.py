"""What a reviewer can decide, and what each decision leads to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.states import ClipState


class Action(StrEnum):
    APPROVE = "approve"
    SKIP = "skip"
    ARCHIVE = "archive"
    GROUP = "group"
    """Approve, and tie to the clip before it."""
    MERGE = "merge"
    """One clip out of this one and a neighbour."""
    SPLIT = "split"
    NUDGE = "nudge"
    """The cut between this clip and a neighbour moves: one gets what the other loses."""
    ANNOTATE = "annotate"
    """Labels, a rating, a note."""
    UNDO = "undo"
    REPLAN = "replan"
    """New cut points replaced clips that nobody had touched."""
    REMOVE = "remove"
    """The source video is gone, and its clips with it."""


class Side(StrEnum):
    """Where a neighbour lies."""

    PREVIOUS = "previous"
    NEXT = "next"


DECIDED_STATE = {
    Action.APPROVE: ClipState.REVIEW_APPROVED,
    Action.SKIP: ClipState.REVIEW_SKIPPED,
    Action.ARCHIVE: ClipState.REVIEW_ARCHIVED,
    Action.GROUP: ClipState.REVIEW_APPROVED,
}

DECISIONS = frozenset(Action) - {Action.UNDO, Action.REPLAN, Action.REMOVE}
"""What a reviewer decides on a clip, and can take back."""

BATCHED = frozenset({Action.APPROVE, Action.SKIP, Action.ARCHIVE, Action.ANNOTATE})
"""What can be decided on many clips at once."""

COUNTED = DECISIONS - {Action.NUDGE, Action.ANNOTATE}
"""What counts as a decision made: the others only prepare one."""

LONGEST_LABEL = 40
MOST_LABELS = 20
LONGEST_NOTE = 2000
BEST_RATING = 5


class Annotation(NamedTuple):
    """What a reviewer says of a clip without deciding on it."""

    labels: tuple[str, ...] = ()
    rating: int | None = None
    note: str | None = None

    def joined(self, other: Annotation) -> Annotation:
        """Of two clips that become one: the labels of both, the higher rating, both notes. Raises
        InputError where that is more than one clip can have."""
        ratings = [each.rating for each in (self, other) if each.rating is not None]
        notes = dict.fromkeys(each.note for each in (self, other) if each.note is not None)
        try:
            return Annotation(
                tuple(_labels([*self.labels, *other.labels])),
                max(ratings, default=None),
                _note("\n".join(notes)),
            )
        except InputError as error:
            raise InputError(f"Together the clips say too much. {error}") from error


def annotation_changes(fields: Mapping[str, object]) -> dict[str, Any]:
    """What `fields` says of `labels`, `rating` and `note`, fit to be kept; what it does not name
    is to stay as it is. Raises InputError where it names none, or a value makes no sense."""
    changes: dict[str, Any] = {}
    if "labels" in fields:
        changes["labels"] = _labels(fields["labels"])
    if "rating" in fields:
        changes["rating"] = _rating(fields["rating"])
    if "note" in fields:
        changes["note"] = _note(fields["note"])
    if not changes:
        raise InputError("An annotation needs labels, a rating or a note.")
    return changes


def label(text: str) -> str:
    """A label as it is kept. Raises InputError for one that can't be shown, or be one of a list
    with commas."""
    found = " ".join(text.split())
    if not 1 <= len(found) <= LONGEST_LABEL or not found.isprintable() or "," in found:
        raise InputError(f"A label has 1 to {LONGEST_LABEL} characters and no comma.")
    return found


def _labels(given: object) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise InputError(f"labels is {given!r}; it must be a list of texts.")
    found = list(dict.fromkeys(map(label, given)))
    if len(found) > MOST_LABELS:
        raise InputError(f"A clip has {MOST_LABELS} labels at most.")
    return found


def _rating(given: object) -> int | None:
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= BEST_RATING:
        raise InputError(f"The rating is {given!r}; it must be 1 to {BEST_RATING}, or null.")
    return given


def _note(given: object) -> str | None:
    if given is None:
        return None
    unfit = "[\0\ud800-\udfff]"  # what Postgres takes in no text
    if not isinstance(given, str) or len(given) > LONGEST_NOTE or re.search(unfit, given):
        raise InputError(f"A note is a text of {LONGEST_NOTE} characters at most, or null.")
    return given.strip() or None


@dataclass(frozen=True)
class Wish:
    """What a reviewer wants done with a clip."""

    action: Action
    side: Side = Side.PREVIOUS
    """Of a merge or a nudge: which neighbour."""
    frames: frozenset[int] = frozenset()
    """First frames: of a split's second and later parts; of what follows a nudged cut."""
    changes: Mapping[str, Any] | None = None
    """Of an annotation (`annotation_changes`)."""

    def met(self, clip_id: int, after: Iterable[Mapping[str, Any]]) -> bool:
        """Whether an event of the same action that left clips as they are in `after` did just
        that."""
        left = {entry["id"]: entry for entry in after}
        clip = left[clip_id]
        others = [entry for entry in left.values() if entry["id"] != clip_id]
        if self.action == Action.ANNOTATE:
            return all(clip[name] == value for name, value in (self.changes or {}).items())
        if self.action == Action.NUDGE:
            return self.frames == {clip[_EDGES[self.side]]}
        if self.action == Action.SPLIT:
            return self.frames <= {entry["start_frame"] for entry in others}
        if self.action == Action.MERGE:
            edge, far = _EDGES[self.side], _EDGES[_OTHER[self.side]]
            return any(entry[far] == clip[edge] for entry in others)
        return True


_EDGES = {Side.PREVIOUS: "start_frame", Side.NEXT: "end_frame"}
_OTHER = {Side.PREVIOUS: Side.NEXT, Side.NEXT: Side.PREVIOUS}

_ASPECTS = (
    ("state",),
    ("grouped_with_clip_id",),
    ("start_frame", "end_frame", "made_by"),
    ("labels",),
    ("rating",),
    ("note",),
)
"""What of a clip can be taken back by itself. A range is one thing: of two cuts that were moved
one after the other the last comes first."""


def touched(
    before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]
) -> dict[int, frozenset[str]]:
    """The fields that an event changed, by clip id. Of a clip that it made or put aside it
    touched all."""
    was = {entry["id"]: entry for entry in before}
    found: dict[int, frozenset[str]] = {}
    for entry in after:
        old = was.get(entry["id"])
        found[entry["id"]] = frozenset(
            field
            for aspect in _ASPECTS
            if old is None
            or ClipState.SUPERSEDED in (old["state"], entry["state"])
            or any(old.get(field) != entry.get(field) for field in aspect)
            for field in aspect
        )
    return found
