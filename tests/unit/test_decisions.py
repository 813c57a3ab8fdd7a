"""What reviewers say of clips, and which decisions stand in each other's way."""

from __future__ import annotations

from typing import Any

import pytest

from heaters_pipeline.domain.annotations import Annotation, annotation_changes
from heaters_pipeline.domain.decisions import (
    APPROVE,
    Annotate,
    Decision,
    Group,
    Merge,
    Nudge,
    Side,
    Split,
    touched,
    was_made,
)
from heaters_pipeline.domain.errors import InputError


def test_only_what_is_named_changes() -> None:
    assert annotation_changes({"rating": 3, "version": 1}) == {"rating": 3}
    assert annotation_changes({"rating": None, "note": " "}) == {"rating": None, "note": None}
    assert annotation_changes({"labels": []}) == {"labels": []}
    with pytest.raises(InputError, match="needs labels, a rating, a note or chosen"):
        annotation_changes({"version": 1})


def test_labels_are_added_to_those_that_a_clip_has_and_taken_from_them() -> None:
    changes = annotation_changes({"add_labels": [" b ", "a"], "remove_labels": ["c"]})
    assert changes == {"add_labels": ["b", "a"], "remove_labels": ["c"]}
    assert Annotation(("c", "a"), 3, "n").changed(changes) == (("a", "b"), 3, "n", ())
    assert Annotation().changed({"labels": ["x"], "add_labels": ["y"]}).labels == ("x", "y")
    with pytest.raises(InputError, match="20 labels at most"):
        Annotation(tuple(map(str, range(20)))).changed({"add_labels": ["one more"]})


def test_labels_are_tidied() -> None:
    given = {"labels": ["  two   words ", "b", "two words", "b"]}
    assert annotation_changes(given) == {"labels": ["two words", "b"]}


@pytest.mark.parametrize(
    "fields",
    [
        {"labels": "indoor"},
        {"labels": [1]},
        {"labels": [" "]},
        {"labels": ["a,b"]},
        {"labels": ["bell\a"]},
        {"labels": ["x" * 41]},
        {"labels": [str(n) for n in range(21)]},
        {"rating": 0},
        {"rating": 6},
        {"rating": True},
        {"rating": "5"},
        {"rating": 2.5},
        {"note": 5},
        {"note": "x" * 2001},
        {"note": "null\0"},
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InputError):
        annotation_changes(fields)


def test_two_clips_that_become_one_keep_what_was_said_of_both() -> None:
    first = Annotation(("a", "b"), 2, "dark", (3, 9))
    other = Annotation(("b", "c"), 4, "loud", (12,))
    assert other.joined(first).chosen_frames == (3, 9, 12)
    assert first.joined(other) == (("a", "b", "c"), 4, "dark\nloud", (3, 9, 12))
    assert first.joined(Annotation()) == first
    assert Annotation().joined(first) == first
    assert first.joined(first) == first


def test_clips_of_which_too_much_is_said_stay_two() -> None:
    many = Annotation(tuple(str(n) for n in range(15)), note="x" * 1500)
    assert many.joined(many) == many
    with pytest.raises(InputError, match="A clip has 20 labels at most"):
        many.joined(Annotation(tuple("abcdef")))
    with pytest.raises(InputError, match="A note is a text of 2000 characters"):
        many.joined(Annotation(note="y" * 1500))


def clip(clip_id: int = 1, **fields: Any) -> dict[str, Any]:
    usual = {"state": "pending_review", "start_frame": 10, "end_frame": 20, "made_by": "replan"}
    return {"id": clip_id, **usual, "labels": [], "rating": None, "note": None, **fields}


def test_an_event_touches_what_it_changed() -> None:
    assert touched([clip()], [clip(state="review_approved")]) == {1: {"state"}}
    assert touched([clip()], [clip(rating=3, labels=["a"])]) == {1: {"rating", "labels"}}
    assert touched([clip()], [clip()]) == {1: frozenset()}


def test_a_range_is_touched_as_a_whole() -> None:
    whole = {"start_frame", "end_frame", "made_by"}
    assert touched([clip()], [clip(end_frame=21)]) == {1: whole}


def test_all_of_a_clip_that_comes_or_goes_is_touched() -> None:
    found = touched([clip()], [clip(state="superseded"), clip(2)])
    assert found[1] == found[2] >= {"state", "labels", "end_frame"}


def test_events_from_before_annotations_touch_only_what_they_knew() -> None:
    old = {"id": 1, "state": "pending_review", "start_frame": 0, "end_frame": 9}
    assert touched([old], [{**old, "state": "review_skipped"}]) == {1: {"state"}}


@pytest.mark.parametrize(
    ("decision", "made"),
    [
        (Split([15]), True),
        (Split([14]), False),
        (Split([]), False),
        (Nudge(Side.NEXT, 20), True),
        (Nudge(Side.NEXT, 21), False),
        (Nudge(Side.PREVIOUS, 10), False),
        (Annotate({"rating": None}), True),
        (Annotate({"rating": 3}), False),
        (Merge(Side.NEXT), True),
        (Merge(Side.PREVIOUS), False),
        (APPROVE, True),
        (Group(), True),
    ],
)
def test_a_decision_is_known_again_by_what_it_did(decision: Decision, made: bool) -> None:
    after = [
        clip(state="superseded"),
        clip(2, start_frame=20, end_frame=30, state="superseded"),
        clip(3, start_frame=15, end_frame=20),
    ]
    assert was_made(decision, 1, after) is made


def test_of_a_group_the_clip_that_was_grouped_is_known_again() -> None:
    after = [clip(state="review_approved"), clip(2, state="review_approved")]
    assert was_made(Group(), 1, after)
    assert not was_made(Group(), 2, after)
