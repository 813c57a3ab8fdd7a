"""The pages of finished clips and of one clip, from rows alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from heaters_pipeline.db import clips, reviews
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.domain.review import Action
from heaters_pipeline.settings import Settings
from review_app import create_app
from tests.rows import ready_video


@pytest.fixture
def engine(database_url: str) -> Engine:
    return open_engine(database_url)


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def decide(engine: Engine, clip_id: int, action: Action, **fields: Any) -> Any:
    with transaction(engine) as session:
        version = clips.get(session, clip_id).version
        return reviews.decide(
            session, actor="ann", clip_id=clip_id, version=version, action=action, **fields
        )


def words(client: FlaskClient, url: str) -> str:
    """What a reader of the page reads."""
    answer = client.get(url)
    assert answer.status_code == 200
    text = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).replace("\N{EN DASH}", "to")
    return " ".join(text.split())


def test_the_history_tells_what_every_decision_changed(engine: Engine, client: FlaskClient) -> None:
    _, (first, second, third) = ready_video(engine)
    changes = {"labels": ["night"], "rating": 4, "note": "Blurred."}
    decide(engine, second.id, Action.ANNOTATE, changes=changes)
    decide(engine, second.id, Action.NUDGE, frame=12)
    merged = decide(engine, second.id, Action.MERGE).clips[-1]
    told = words(client, f"/clips/{second.id}")
    assert "Labels none \N{RIGHTWARDS ARROW} night" in told
    assert "Rating none \N{RIGHTWARDS ARROW} 4" in told
    assert "Frames 10 to 49 \N{RIGHTWARDS ARROW} 12 to 49" in told
    assert f"Became clip {merged.id}" in told
    told = words(client, f"/clips/{merged.id}")
    assert f"Made 0 to 49 of clip {first.id} , clip {second.id}" in told
    assert "Labels night" in told
    assert "Note Blurred." in told
    assert f"After it clip {third.id} pending review" in told
    assert "Before it" not in told


def test_a_clip_names_its_group_and_its_neighbours(engine: Engine, client: FlaskClient) -> None:
    _, (first, second, third) = ready_video(engine)
    decide(engine, first.id, Action.APPROVE)
    for clip in (second, third):
        decide(engine, clip.id, Action.GROUP)
    told = words(client, f"/clips/{second.id}")
    assert f"Group clip {first.id} , clip {third.id}" in told
    assert f"Before it clip {first.id} review approved" in told
    assert "Group" not in words(client, f"/clips/{ready_video(engine, 'alone')[1][0].id}")


def post(app: Flask, client: FlaskClient, url: str, **fields: Any) -> Any:
    found = re.search(
        r'name="csrf" content="([^"]+)"', client.get("/library").get_data(as_text=True)
    )
    assert found
    return client.post(url, data={"csrf_token": found[1], **fields}, follow_redirects=True)


def test_the_undo_of_a_batch_says_that_it_takes_all_of_it_back(
    engine: Engine, app: Flask, client: FlaskClient
) -> None:
    _, found = ready_video(engine)
    with transaction(engine) as session:
        reviews.decide_all(
            session,
            actor="ann",
            action=Action.SKIP,
            versions={clip.id: clip.version for clip in found},
        )
    page = client.get(f"/clips/{found[1].id}").get_data(as_text=True)
    assert "of 3 clips</button>" in page
    event = re.search(r'name="event_id" value="(\d+)"', page)
    assert event
    answer = post(app, client, f"/clips/{found[1].id}/undo", event_id=event[1])
    assert "Taken back, with 2 more of its batch." in answer.get_data(as_text=True)
    with transaction(engine) as session:
        assert {str(clips.get(session, clip.id).state) for clip in found} == {"pending_review"}
    told = words(client, f"/clips/{found[1].id}")
    assert "skipped (undone since)" in told
    assert "undone \N{LEFT DOUBLE QUOTATION MARK}skipped" in told


def test_what_people_write_is_shown_as_they_wrote_it(engine: Engine, client: FlaskClient) -> None:
    _, (clip, *_) = ready_video(engine)
    changes = {"labels": ["<b>&"], "note": '"<script>alert(1)</script>'}
    decide(engine, clip.id, Action.ANNOTATE, changes=changes)
    page = client.get(f"/clips/{clip.id}").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;b&gt;&amp;" in page
