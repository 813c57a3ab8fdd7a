"""Selections of clips, as they stand in an address."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.selection import Order, Selection, Shown
from heaters_pipeline.domain.states import APPROVED, ClipState

FULL = {
    "video": "film-1",
    "state": "skipped,approved",
    "label": "indoor,night train",
    "find": "old bridge",
    "min_seconds": "1.5",
    "max_seconds": "60",
    "min_score": "0.25",
    "max_score": "1",
    "min_rating": "3",
    "reviewer": "ann",
    "clip": "12",
    "ids": "12,7",
    "collection": "3",
    "theme": "5",
    "taken": "no",
    "order": "uncertain",
}


def test_an_address_and_back() -> None:
    selection = Selection.parse(FULL)
    assert selection.state == (Shown.SKIPPED, Shown.APPROVED)
    assert selection.label == ("indoor", "night train")
    assert (selection.min_seconds, selection.max_seconds) == (1.5, 60)
    assert selection.order is Order.UNCERTAIN
    assert selection.arguments() == FULL
    assert Selection.parse(selection.arguments()) == selection


def test_what_is_empty_or_something_else_counts_for_nothing() -> None:
    assert Selection.parse({"video": " ", "state": "", "limit": "6", "page": "x"}) == Selection()
    assert Selection.parse({"order": "time", "label": " ,, "}).arguments() == {}
    assert Selection.parse({"label": "a, b,a "}).label == ("a", "b")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "exported"),
        ("state", "pending,exported"),
        ("order", "random"),
        ("find", "x" * 201),
        ("min_seconds", "-1"),
        ("max_seconds", "nan"),
        ("max_seconds", "inf"),
        ("max_seconds", "long"),
        ("min_score", "1.1"),
        ("min_rating", "0"),
        ("min_rating", "6"),
        ("min_rating", "2.5"),
        ("clip", "-1"),
        ("clip", "9" * 19),
        ("clip", "9" * 5000),
        ("label", "a\0b"),
        ("ids", "3,x"),
        ("collection", "0"),
        ("taken", "maybe"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(name: str, value: str) -> None:
    with pytest.raises(InputError, match=r"\.$"):
        Selection.parse({name: value})


def test_an_error_names_the_field_as_the_pages_do() -> None:
    for name, told in (("min_seconds", "Seconds at least"), ("max_score", "Score at most")):
        with pytest.raises(InputError, match=rf"^{told} is 'abc'; it must be a number, 0 "):
            Selection.parse({name: "abc"})
    with pytest.raises(InputError, match=r"^State is 'x'; it must be one of pending, "):
        Selection.parse({"state": "pending,x"})


def test_the_page_says_what_is_shown_unless_the_address_does() -> None:
    assert Selection().states() == {ClipState.PENDING_REVIEW}
    assert Selection().states(Shown.APPROVED) == APPROVED
    assert Selection(ids=(3,)).states(Shown.LIBRARY) == set(ClipState)
    archived = {ClipState.REVIEW_ARCHIVED, ClipState.ARCHIVED}
    assert Selection(state=(Shown.ARCHIVED,)).states(Shown.APPROVED) == archived
    both = Selection(state=(Shown.ARCHIVED, Shown.PENDING))
    assert both.states() == archived | {ClipState.PENDING_REVIEW}
    assert Selection(clip=3).states() == frozenset(ClipState) - {ClipState.SUPERSEDED}
    assert Selection(clip=3, state=(Shown.PENDING,)).states() == {ClipState.PENDING_REVIEW}
