"""What a decision changed, told from its event."""

from __future__ import annotations

from typing import Any

from heaters_pipeline.domain.decisions import Action
from review_app.presenters.history import Change, changes
from review_app.presenters.texts import DEEDS


def clip(clip_id: int, state: str = "pending_review", **fields: Any) -> dict[str, Any]:
    """A clip as an event keeps it."""
    return {
        "id": clip_id,
        "state": state,
        "version": 1,
        "start_frame": 40,
        "end_frame": 100,
        "grouped_with_clip_id": None,
        "labels": [],
        "rating": None,
        "note": None,
        **fields,
    }


def told(clip_id: int, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[Change]:
    return list(changes(clip_id, before, after))


def test_every_event_has_words() -> None:
    assert DEEDS.keys() == {*Action}


def test_a_decision_changes_the_state() -> None:
    assert told(1, [clip(1)], [clip(1, "review_approved")]) == [
        ("State", "pending", "approved", ())
    ]


def test_a_merge_is_told_by_what_came_of_it_and_by_what_it_was_made_of() -> None:
    before = [clip(1, end_frame=60), clip(2, start_frame=60)]
    after = [
        clip(1, "superseded", end_frame=60),
        clip(2, "superseded", start_frame=60),
        clip(3),
    ]
    assert told(1, before, after) == told(2, before, after) == [("Became", None, "", [3])]
    assert told(3, before, after) == [("Made", None, "40 \N{EN DASH} 99", [1, 2])]


def test_the_undo_of_a_split_gives_the_clip_back() -> None:
    before = [clip(1, "superseded"), clip(2, end_frame=70), clip(3, start_frame=70)]
    after = [
        clip(1),
        clip(2, "superseded", end_frame=70),
        clip(3, "superseded", start_frame=70),
    ]
    assert told(1, before, after) == [("Made", None, "40 \N{EN DASH} 99", [2, 3])]
    assert told(2, before, after) == [("Became", None, "", [1])]


def test_new_cut_points_are_told_for_each_clip_by_itself() -> None:
    before = [clip(1), clip(2, start_frame=100, end_frame=150)]
    after = [
        *(clip(1, "superseded"), clip(2, "superseded", start_frame=100, end_frame=150)),
        *(clip(3, end_frame=90), clip(4, start_frame=90, end_frame=100)),
        clip(5, start_frame=100, end_frame=150),
    ]
    assert told(1, before, after) == [("Became", None, "", [3, 4])]
    assert told(5, before, after) == [("Made", None, "100 \N{EN DASH} 149", [2])]


def test_a_clip_goes_with_its_video() -> None:
    assert told(1, [], []) == [("Gone", None, "with its video", ())]


def test_a_cut_that_was_moved_shows_as_frames_of_both_clips() -> None:
    before = [clip(1), clip(2, start_frame=100, end_frame=150)]
    after = [clip(1, end_frame=98), clip(2, start_frame=98, end_frame=150)]
    assert told(1, before, after) == [("Frames", "40 \N{EN DASH} 99", "40 \N{EN DASH} 97", ())]
    assert told(2, before, after) == [("Frames", "100 \N{EN DASH} 149", "98 \N{EN DASH} 149", ())]


def test_descriptions_and_groups() -> None:
    after = clip(1, labels=["night", "rain"], rating=4, note="Blurred.", grouped_with_clip_id=7)
    assert told(1, [clip(1)], [after]) == [
        ("Group", None, "with", [7]),
        ("Labels", "none", "night, rain", ()),
        ("Rating", "none", "4", ()),
        ("Note", "none", "Blurred.", ()),
    ]
    assert told(1, [after], [clip(1)])[0] == ("Group", None, "left", [])


def test_events_from_before_there_were_descriptions_can_be_read() -> None:
    old = {name: value for name, value in clip(1).items() if name not in ("labels", "note")}
    assert told(1, [old], [old]) == []
