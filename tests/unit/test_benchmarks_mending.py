"""How the key presses of a mending are counted."""

from __future__ import annotations

import pytest

from benchmarks.mending import Desk, mending
from benchmarks.scoring import Truth
from heaters_pipeline.domain.cut_points import FrameRange, divide

FILM = FrameRange(0, 400)


def cut(frame: int) -> Truth:
    return Truth("cut", frame - 1, frame)


def keys(
    cuts: list[int], truths: list[Truth], suggested: tuple[int, ...] = (), late: int | None = None
) -> list[str]:
    return list(mending(divide(FILM, cuts), suggested, truths, late))


def test_right_cuts_need_an_approval_for_each_clip() -> None:
    assert keys([100, 199], [cut(100), cut(200)]) == ["a", "a", "a"]


def test_a_missed_cut_is_stepped_to_and_split() -> None:
    assert keys([], [cut(124)]) == [
        *(["Shift+ArrowRight"] * 12 + ["ArrowRight"] * 3),
        *("Enter", "a", "a"),
    ]
    assert keys([], [cut(380)]) == [*["End", "Shift+ArrowLeft", "Shift+ArrowLeft"], "Enter", *"aa"]


def test_a_suggestion_is_two_keys_whichever_way_is_shorter() -> None:
    assert keys([], [cut(124)], (124, 300)) == ["Tab", "Enter", "a", "a"]
    assert keys([], [cut(299)], (124, 200, 300)) == ["Shift+Tab", "Enter", "a", "a"]
    assert keys([], [cut(126)], (124,)) == ["Tab", "ArrowRight", "Enter", "a", "a"]
    assert keys([], [], (124, 300)) == ["a"], "a wrong one costs nothing"
    both = keys([], [cut(124), cut(300)], (124, 200, 300))
    assert both == ["Tab", "Enter", "a", "Shift+Tab", "Enter", "a", "a"]


def test_suggestions_beside_the_ends_are_not_there() -> None:
    assert Desk([FrameRange(0, 50)], [2, 30, 48]).moves(30)["Tab"] == 30
    assert "Tab" not in Desk([FrameRange(0, 50)], [2, 48]).moves(0)


def test_who_watches_stops_after_the_cut_and_steps_back() -> None:
    back = ["Space", "Shift+ArrowLeft", "ArrowRight"]
    assert keys([100], [cut(100), cut(224)], late=8) == ["a", *back, "Enter", "a", "a"]


def test_a_false_cut_is_merged() -> None:
    assert keys([100, 200], [cut(200)]) == ["Shift+m", "a", "a"]


@pytest.mark.parametrize(
    ("found", "nudged"),
    [(203, [",", ","]), (198, ["."]), (190, ["Shift+."]), (188, ["Shift+.", "."])],
)
def test_a_cut_that_is_a_little_off_is_moved(found: int, nudged: list[str]) -> None:
    assert keys([found], [cut(200)]) == [*nudged, "a", "a"]


def test_a_cut_that_is_far_off_is_merged_away() -> None:
    assert keys([100], [cut(300)], (300,)) == ["Shift+m", "Tab", "Enter", "a", "a"]


def test_two_cuts_in_one_dissolve_are_one_too_many() -> None:
    assert keys([100, 120], [Truth("dissolve", 98, 125)]) == ["a", "Shift+m", "a"]
