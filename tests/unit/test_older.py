"""What was decided in an older system, and the mapping of its words."""

from __future__ import annotations

import importlib.resources
import json
from datetime import UTC, datetime, timedelta

import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.older import (
    NOBODY,
    Fate,
    OlderClip,
    OlderEvent,
    OlderStill,
    OlderVector,
    decisions,
)
from heaters_pipeline.domain.older_mapping import parse

AT = datetime(2024, 3, 1, tzinfo=UTC)
USUAL = (importlib.resources.files("heaters_pipeline.db") / "older_schema.toml").read_text()


def clip(fate: Fate, *actions: str, reviewer: str | None = None) -> OlderClip:
    events = [
        OlderEvent(action, "ann", AT + timedelta(minutes=n)) for n, action in enumerate(actions)
    ]
    return OlderClip("1", "1", "clip", "a.mp4", None, fate, events, reviewer, AT)


def told(older: OlderClip) -> list[tuple[str, str, str, int | None]]:
    return [(each.action, each.actor, each.fate, each.undoes) for each in decisions(older)]


def test_events_lead_to_what_the_clip_is() -> None:
    assert told(clip(Fate.APPROVED, "skip", "undo", "approve")) == [
        ("skip", "ann", "skipped", None),
        ("undo", "ann", "pending", 0),
        ("approve", "ann", "approved", None),
    ]


def test_an_undo_takes_back_the_last_decision_that_stands() -> None:
    assert told(clip(Fate.PENDING, "skip", "archive", "undo", "undo", "undo")) == [
        ("skip", "ann", "skipped", None),
        ("archive", "ann", "archived", None),
        ("undo", "ann", "skipped", 1),
        ("undo", "ann", "pending", 0),
    ]


def test_a_group_begins_with_an_approval() -> None:
    assert told(clip(Fate.APPROVED, "group")) == [("approve", "ann", "approved", None)]


@pytest.mark.parametrize("reviewer", ["ben", None])
def test_the_word_of_the_older_system_counts(reviewer: str | None) -> None:
    who = reviewer or NOBODY
    assert told(clip(Fate.ARCHIVED, reviewer=reviewer)) == [("archive", who, "archived", None)]
    assert told(clip(Fate.APPROVED, "skip", reviewer=reviewer)) == [
        ("skip", "ann", "skipped", None),
        ("approve", who, "approved", None),
    ]
    assert told(clip(Fate.PENDING, "skip", "approve", reviewer=reviewer)) == [
        ("skip", "ann", "skipped", None),
        ("approve", "ann", "approved", None),
        ("undo", who, "skipped", 1),
        ("undo", who, "pending", 0),
    ]


def test_a_clip_is_the_same_after_a_way_through_json() -> None:
    known = OlderClip(
        old_id="7",
        film_id="2",
        name="seven",
        path="clips/7.mp4",
        frames=FrameRange(10, 20),
        fate=Fate.APPROVED,
        events=[OlderEvent("approve", "ann", AT), OlderEvent("skip", "ben", None)],
        reviewer="ann",
        decided_at=AT,
        grouped_with="6",
        labels=["calm"],
        rating=4,
        note="good",
        stills=[OlderStill(3, "k.jpg")],
        vectors=[OlderVector("m", "single", None, [0.5, 1.0])],
    )
    assert OlderClip.from_json(json.loads(json.dumps(known.as_json()))) == known


def test_the_usual_mapping_is_one() -> None:
    usual = parse(USUAL, "usual")
    assert usual.columns["clips"]["path"] == "clip_filepath"
    assert {usual.states[state] for state in ("merged", "split")} == {Fate.MERGED, Fate.SPLIT}
    assert set(usual.actions.values()) >= {Action.APPROVE, Action.UNDO}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "id"', "", "source_videos.id"),
        ("[clips]", "[other]", "table clips"),
        ('approve = "approve"', 'approve = "like"', "like is no action"),
        ('new = "pending"', 'new = "lost"', "'lost' is not a valid Fate"),
        ('url = "original_url"', 'address = "original_url"', "nothing called address"),
        ("[frames]", "[frames", "is no TOML"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(USUAL.replace(old, new, 1), "mine.toml")
