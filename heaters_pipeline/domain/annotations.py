"""What reviewers say of a clip without deciding on it: labels, a rating, a note, and which of its
frames are to be keyframes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, TypedDict

from heaters_pipeline.domain.errors import InputError

LONGEST_LABEL = 40
MOST_LABELS = 20
LONGEST_NOTE = 2000
MOST_CHOSEN = 50
BEST_RATING = 5


class Annotation(NamedTuple):
    labels: tuple[str, ...] = ()
    rating: int | None = None
    """1 to 5, the best."""
    note: str | None = None
    chosen_frames: tuple[int, ...] = ()
    """Of the source video, ascending: those that a reviewer chose as keyframes."""

    def joined(self, other: Annotation) -> Annotation:
        """The annotation of two clips that become one: the labels and chosen frames of both, the
        higher rating, both notes. Raises InputError where that is more than one clip can have."""
        ratings = [each.rating for each in (self, other) if each.rating is not None]
        notes = dict.fromkeys(each.note for each in (self, other) if each.note is not None)
        try:
            return Annotation(
                tuple(_labels([*self.labels, *other.labels])),
                max(ratings, default=None),
                _note("\n".join(notes)),
                tuple(_frames([*self.chosen_frames, *other.chosen_frames])),
            )
        except InputError as error:
            raise InputError(
                f"The two clips have too much in labels and notes for one. {error}"
            ) from error

    def changed(self, changes: AnnotationChanges) -> Annotation:
        """Raises InputError where that is more labels than a clip can have."""
        removed = changes.get("remove_labels", ())
        kept = [each for each in changes.get("labels", self.labels) if each not in removed]
        return Annotation(
            tuple(_labels([*kept, *changes.get("add_labels", ())])),
            changes.get("rating", self.rating),
            changes.get("note", self.note),
            tuple(_frames([*changes.get("chosen_frames", self.chosen_frames)])),
        )


class AnnotationChanges(TypedDict, total=False):
    """New values; a field that is missing stays as it is."""

    labels: list[str]
    add_labels: list[str]
    """To those that a clip has, as `remove_labels` go from them."""
    remove_labels: list[str]
    rating: int | None
    note: str | None
    chosen_frames: list[int]


def annotation_changes(fields: Mapping[str, object]) -> AnnotationChanges:
    """The changes that `fields` asks for; other keys are ignored. Raises InputError where there is
    no change, or where a value makes no sense."""
    changes: AnnotationChanges = {}
    if "labels" in fields:
        changes["labels"] = _labels(fields["labels"])
    if "add_labels" in fields:
        changes["add_labels"] = _labels(fields["add_labels"])
    if "remove_labels" in fields:
        changes["remove_labels"] = _labels(fields["remove_labels"])
    if "rating" in fields:
        changes["rating"] = _rating(fields["rating"])
    if "note" in fields:
        changes["note"] = _note(fields["note"])
    if "chosen_frames" in fields:
        changes["chosen_frames"] = _frames(fields["chosen_frames"])
    if not changes:
        raise InputError("An annotation needs labels, a rating, a note or chosen frames.")
    return changes


def label(text: str) -> str:
    """The label without superfluous spaces. Raises InputError where it is too long or not
    printable, or has a comma, which separates labels in a list."""
    found = " ".join(text.split())
    if not 1 <= len(found) <= LONGEST_LABEL or not found.isprintable() or "," in found:
        raise InputError(f"A label has 1 to {LONGEST_LABEL} characters and no comma.")
    return found


def _labels(given: object) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise InputError(f"The labels are {given!r}; they must be a list of texts.")
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
    refused_by_postgres = "[\0\ud800-\udfff]"
    if (
        not isinstance(given, str)
        or len(given) > LONGEST_NOTE
        or re.search(refused_by_postgres, given)
    ):
        raise InputError(f"A note is a text of {LONGEST_NOTE} characters at most, or null.")
    return given.strip() or None


def _frames(given: object) -> list[int]:
    if not isinstance(given, list) or not all(type(each) is int and each >= 0 for each in given):
        raise InputError(f"The chosen frames are {given!r}; they must be a list of numbers.")
    found = sorted(set(given))
    if len(found) > MOST_CHOSEN:
        raise InputError(f"A clip has {MOST_CHOSEN} chosen frames at most.")
    return found
