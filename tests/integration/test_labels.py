"""The list of labels, its page, and what becomes of clips, decisions and filters when one is
renamed."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db import clips, labels, migrate, review_queue
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, Label
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.labels import Colour
from heaters_pipeline.domain.selection import Selection
from tests.decisions import annotate, undo
from tests.reviewer import Reviewer
from tests.rows import ready_video


@pytest.fixture
def two(engine: Engine) -> list[int]:
    """The ids of the labels day and night, with the keys 1 and 2."""
    with transaction(engine) as session:
        made = [labels.add(session, name, key=key) for key, name in enumerate(["day", "night"], 1)]
        return [each.id for each in made]


def listed(engine: Engine) -> list[tuple[str, int | None, bool]]:
    with transaction(engine) as session:
        return [(each.name, each.key, each.retired) for each in labels.listed(session)]


def rename(engine: Engine, label_id: int, name: str) -> Label:
    with transaction(engine) as session:
        return labels.change(session, label_id, name, Colour.RED, None)


def labels_of(engine: Engine, clip: Clip) -> list[str]:
    with transaction(engine) as session:
        return clips.get(session, clip.id).labels


def test_a_key_belongs_to_one_label(engine: Engine, two: list[int]) -> None:
    with transaction(engine) as session:
        labels.add(session, " dusk  light ", key=1)
        labels.change(session, two[0], "day", Colour.GREEN, 2)
    assert listed(engine) == [("day", 2, False), ("night", None, False), ("dusk light", 1, False)]


def test_each_new_label_has_another_colour(engine: Engine) -> None:
    with transaction(engine) as session:
        found = [labels.add(session, str(n)).colour for n in range(len(Colour) + 1)]
    assert found == [*Colour, next(iter(Colour))]


def test_order_retirement_and_return(engine: Engine, two: list[int]) -> None:
    with transaction(engine) as session:
        dusk = labels.add(session, "dusk")
        labels.move(session, dusk.id, -1)
        labels.move(session, two[0], -1)
        labels.retire(session, two[1])
    assert listed(engine) == [("day", 1, False), ("dusk", None, False), ("night", None, True)]
    with transaction(engine) as session:
        with pytest.raises(Conflict, match=r"The label dusk is on the list already\."):
            labels.add(session, "dusk")
        labels.add(session, "night", key=1)
    assert listed(engine) == [("day", None, False), ("dusk", None, False), ("night", 1, False)]


def test_a_new_name_is_on_all_clips_in_filters_and_in_what_was_decided(
    engine: Engine, two: list[int]
) -> None:
    _, (first, second, third) = ready_video(engine)
    annotate(engine, first, labels=["night", "dark"])
    annotate(engine, second, labels=["night"])
    annotate(engine, second, labels=[])
    rename(engine, two[1], "evening")
    rename(engine, two[1], "dark")  # a label that clips have and the list has not
    assert labels_of(engine, first) == ["dark"]
    undo(engine)
    assert labels_of(engine, second) == ["dark"]
    # A page that was open all the time sends the old name.
    annotate(engine, third, labels=["night", "evening", "day"])
    assert labels_of(engine, third) == ["dark", "day"]
    with transaction(engine) as session:
        for name in ("night", "evening", "dark"):
            selection = Selection(label=(name,))
            assert len(review_queue.selected(session, selection, 9)) == 3
        with pytest.raises(Conflict, match="There is a label day already"):
            labels.change(session, two[1], "day", Colour.RED, None)


def test_an_old_name_may_be_given_to_another_label(engine: Engine, two: list[int]) -> None:
    _, (first, *_) = ready_video(engine)
    rename(engine, two[1], "evening")
    with transaction(engine) as session:
        labels.add(session, "night")
    annotate(engine, first, labels=["night"])
    assert labels_of(engine, first) == ["night"]
    rename(engine, two[0], "morning")
    rename(engine, two[0], "day")
    annotate(engine, first, labels=["morning"])
    assert labels_of(engine, first) == ["day"]


def test_the_labels_of_the_former_setting_begin_the_list(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEATERS_LABELS", "interview, B-Roll,,  night   train, B-Roll")
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    migrate.upgrade(database_url)
    assert listed(engine) == [
        ("interview", 1, False),
        ("B-Roll", 2, False),
        ("night train", 3, False),
    ]
    monkeypatch.setenv("HEATERS_LABELS", "another")
    migrate.upgrade(database_url)
    assert len(listed(engine)) == 3


# --- The page -------------------------------------------------------------------------------------


@pytest.fixture
def reviewer(app: Flask, engine: Engine) -> Reviewer:
    return Reviewer(app)


def send(reviewer: Reviewer, path: str, **form: Any) -> int:
    data = {"csrf_token": reviewer.token, **form}
    return reviewer.client.post(f"/labels{path}", data=data).status_code


def test_the_page_adds_changes_moves_and_retires(reviewer: Reviewer, engine: Engine) -> None:
    _, (first, *_) = ready_video(engine)
    annotate(engine, first, labels=["typed", "day"])
    assert send(reviewer, "", name="day", key="3") == 303
    assert send(reviewer, "", name="night", colour="purple") == 303
    found = reviewer.client.get("/api/v1/labels").get_json()
    assert found == {
        "labels": [
            {"id": 1, "name": "day", "colour": "blue", "key": 3, "retired": False},
            {"id": 2, "name": "night", "colour": "purple", "key": None, "retired": False},
        ],
        "others": ["typed"],
    }
    with transaction(engine) as session:
        day, night = (each.id for each in labels.listed(session))
    assert send(reviewer, f"/{night}", name="dusk", colour="teal", key="3") == 303
    assert send(reviewer, f"/{night}/move", to="up") == 303
    assert send(reviewer, f"/{day}/retire") == 303
    assert listed(engine) == [("dusk", 3, False), ("day", None, True)]
    page = reviewer.client.get("/labels").get_data(as_text=True)
    assert re.search(r'value="dusk"', page)
    assert "typed" in page


def test_what_can_not_be_is_refused_in_a_sentence(reviewer: Reviewer, engine: Engine) -> None:
    assert send(reviewer, "", name="a,b") == 400
    assert send(reviewer, "", name="day", colour="mauve") == 400
    assert send(reviewer, "", name="day", key="0") == 400
    assert send(reviewer, "/99", name="day", colour="red") == 404
    assert listed(engine) == []
    assert send(reviewer, "", name="day") == 303
    assert send(reviewer, "", name="day") == 409
