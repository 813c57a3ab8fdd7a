"""Work that is given to people, and how far it is, over HTTP."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db import assignments, collections, people, saved_views
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.decisions import ARCHIVE, SKIP, Split
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.domain.selection import Selection, Shown
from tests.decisions import annotate, decide
from tests.people import Browser, add_people, signed_in
from tests.rows import ready_video


@pytest.fixture
def team(app: Flask, engine: Engine) -> tuple[Browser, Browser]:
    """An operator, and a reviewer called Ben."""
    add_people(engine, ann=Role.ADMIN, olga=Role.OPERATOR, Ben=Role.REVIEWER)
    return signed_in(app, "olga"), signed_in(app, "Ben")


def told(browser: Browser) -> list[tuple[str, str]]:
    """What the page says is assigned: clips, and how far they are."""
    page = browser.load("/team").text
    mine = re.search(r'(?s)<h2 id="mine">.*?</table>', page)
    text = re.sub(r"<[^>]+>", " ", mine[0]) if mine else ""
    return re.findall(r"(\S+)\s+(\d+ of \d+(?:, done)?)", text)


def test_work_is_assigned_by_film_collection_or_view_and_its_progress_is_seen(
    engine: Engine, team: tuple[Browser, Browser]
) -> None:
    operator, ben = team
    film, (one, two, _) = ready_video(engine)
    _, (elsewhere, *_) = ready_video(engine, "film-2")
    annotate(engine, elsewhere, labels=["night"])
    with transaction(engine) as session:
        kept = collections.create(session, "Best", "ann").id
        collections.put(session, kept, [one.id, elsewhere.id], "ann")
        wanted = Selection(label=("night",), state=(Shown.SKIPPED,))
        view = saved_views.save(session, "Nights", wanted, "ann").id
    for given in ({"video": film.key}, {"collection": str(kept)}, {"view": str(view)}):
        assert operator.send("POST", "/team/assignments", person="ben", **given).status_code == 303
    assert told(ben) == [("Film-1", "0 of 3"), ("Best", "0 of 2"), ("Nights", "0 of 1")]
    decide(engine, one, SKIP)
    decide(engine, elsewhere, ARCHIVE)
    decide(engine, two, Split([two.start_frame + 1]))
    assert told(ben) == [("Film-1", "1 of 4"), ("Best", "2 of 2, done"), ("Nights", "1 of 1, done")]
    assert told(operator) == []
    page = operator.load("/team").text
    assert "1 of 4" in page
    assert f'href="/review?video={film.key}&amp;state=pending"' in page
    left = ben.client.get(f"/api/v1/queue?collection={kept}&state=pending&limit=9").get_json()
    assert left["clips"] == []
    mine = ben.client.get("/api/v1/views").get_json()["mine"]
    assert mine[1] == {"name": "Best", "arguments": {"collection": str(kept), "state": "pending"}}
    assert mine[2]["arguments"] == {"label": "night", "state": "pending"}
    assert operator.client.get("/api/v1/views").get_json()["mine"] == []


def test_others_can_still_take_what_is_assigned(
    engine: Engine, team: tuple[Browser, Browser]
) -> None:
    operator, _ = team
    film, made = ready_video(engine)
    operator.send("POST", "/team/assignments", person="Ben", video=film.key)
    others = operator.post("/api/v1/queue?limit=9", {}).get_json()["clips"]
    assert [each["id"] for each in others] == [each.id for each in made]


def test_what_can_not_be_assigned_is_refused_and_work_can_be_taken_back(
    engine: Engine, team: tuple[Browser, Browser]
) -> None:
    operator, ben = team
    film, _ = ready_video(engine)
    path = "/team/assignments"
    assert ben.send("POST", path, person="Ben", video=film.key).status_code == 403
    for fields, status in (
        ({"person": "zoe", "video": film.key}, 404),
        ({"person": "Ben"}, 400),
        ({"person": "Ben", "video": film.key, "view": "1"}, 400),
        ({"person": "Ben", "video": "nothing"}, 404),
        ({"person": "Ben", "view": "1"}, 404),
        ({"person": "Ben", "collection": "x" * 30}, 404),
        ({"person": "Ben", "video": film.key}, 303),
        ({"person": "ben", "video": film.key}, 409),
    ):
        assert operator.send("POST", path, **fields).status_code == status, fields
    with transaction(engine) as session:
        (given,) = assignments.of_person(session, "Ben")
    back = f"{path}/{given.id}/take-back"
    assert ben.send("POST", back).status_code == 403
    assert operator.send("POST", back).status_code == 303
    assert operator.send("POST", back).status_code == 404
    assert told(ben) == []
    operator.send("POST", path, person="Ben", video=film.key)
    with transaction(engine) as session:
        people.remove(session, people.named(session, "Ben"))
        assert assignments.listed(session) == []
