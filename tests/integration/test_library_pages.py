"""The pages of finished clips and of one clip, from rows alone."""

from __future__ import annotations

import csv
import json
import re
from html import unescape
from io import StringIO
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from heaters_pipeline.db import clips, reviews
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain.decisions import (
    APPROVE,
    SKIP,
    Annotate,
    Group,
    Merge,
    Nudge,
    Side,
)
from tests.decisions import decide
from tests.rows import ready_video


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def words(client: FlaskClient, url: str) -> str:
    """What a reader of the page reads."""
    answer = client.get(url)
    assert answer.status_code == 200
    text = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).replace("\N{EN DASH}", "to")
    return " ".join(text.split())


def test_the_history_tells_what_every_decision_changed(engine: Engine, client: FlaskClient) -> None:
    _, (first, second, third) = ready_video(engine)
    changes = {"labels": ["night"], "rating": 4, "note": "Blurred."}
    decide(engine, second.id, Annotate(changes))
    decide(engine, second.id, Nudge(Side.PREVIOUS, 12))
    merged = decide(engine, second.id, Merge()).clips[-1]
    told = words(client, f"/clips/{second.id}")
    assert "Labels none \N{RIGHTWARDS ARROW} night" in told
    assert "Rating none \N{RIGHTWARDS ARROW} 4" in told
    assert "Frames 10 to 49 \N{RIGHTWARDS ARROW} 12 to 49" in told
    assert f"Became clip {merged.id}" in told
    told = words(client, f"/clips/{merged.id}")
    assert f"Made 0 to 49 of clip {first.id} , clip {second.id}" in told
    page = client.get(f"/clips/{merged.id}").get_data(as_text=True)
    said = json.loads(unescape(re.findall('data-described="([^"]+)"', page)[0]))
    assert (said["labels"], said["rating"], said["note"]) == (["night"], 4, "Blurred.")
    assert f"After it clip {third.id} pending" in told
    assert "Before it" not in told


def test_a_clip_names_its_group_and_its_neighbours(engine: Engine, client: FlaskClient) -> None:
    _, (first, second, third) = ready_video(engine)
    decide(engine, first.id, APPROVE)
    for clip in (second, third):
        decide(engine, clip.id, Group())
    told = words(client, f"/clips/{second.id}")
    assert f"Group See the group : with clip {first.id} , clip {third.id}" in told
    assert f"Before it clip {first.id} approved" in told
    assert "Group" not in words(client, f"/clips/{ready_video(engine, 'alone')[1][0].id}")


def test_the_pages_of_a_clip_belong_to_the_library(engine: Engine, client: FlaskClient) -> None:
    _, (clip, *_) = ready_video(engine)
    for url in ("/library", f"/clips/{clip.id}", f"/library?like={clip.id}"):
        page = client.get(url).get_data(as_text=True)
        (current,) = re.findall(r'href="([^"]+)"\s+aria-current="page"', page)
        assert current == "/library"


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
            decision=SKIP,
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
    decide(engine, clip.id, Annotate(changes))
    page = client.get(f"/clips/{clip.id}").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;b&gt;&amp;" in page


@pytest.fixture
def finished(engine: Engine) -> list[Clip]:
    """Clips of two films in the library: of 2, 1 and 0.4 s of the first, of 4 s of the second. One
    more waits for review."""
    _, first = ready_video(engine, "film-1", cuts=(50, 75, 85))
    _, second = ready_video(engine, "film-2", cuts=())
    with transaction(engine) as session:
        for clip, columns in (
            (first[0], {"labels": ["night", "rain"], "rating": 5}),
            (first[1], {"labels": ["night"], "rating": 2}),
            (first[2], {"note": "=1+1"}),
            (second[0], {}),
        ):
            files = {"is_virtual": False, "clip_filepath": f"clips/{clip.id}/clip.mp4"}
            held = {"exported_frames": clip.frames.as_json()}
            values = {"state": "embedded", **files, **held, **columns}
            session.execute(sa.update(Clip).where(Clip.id == clip.id).values(**values))
    return [*first[:3], *second]


def shown(client: FlaskClient, query: str) -> list[int]:
    """Ids of the clips in the grid, in its order."""
    page = client.get(f"/library?{query}").get_data(as_text=True)
    return [int(each) for each in re.findall(r'card-link clip-text" href="/clips/(\d+)"', page)]


def test_the_library_shows_finished_clips_and_filters_them(
    client: FlaskClient, finished: list[Clip]
) -> None:
    one, two, three, four = (clip.id for clip in finished)
    assert shown(client, "") == [four, three, two, one]
    assert shown(client, "order=oldest") == [one, two, three, four]
    assert shown(client, "order=longest") == [four, one, two, three]
    assert shown(client, "order=time&video=film-1") == [one, two, three]
    assert shown(client, "label=night&order=shortest") == [two, one]
    assert shown(client, "min_rating=3") == [one]
    assert shown(client, "min_seconds=0.5&max_seconds=2") == [two, one]
    (pending,) = shown(client, "state=pending")
    both = shown(client, "state=pending&state=library&order=time")
    assert both == [one, two, three, pending, four]
    assert shown(client, "label=night,rain") == shown(client, "label=night&label=rain") == [one]
    assert shown(client, "find=film-1+NIGHT") == [two, one]
    assert shown(client, "video=film-2&label=night") == []
    text = words(client, "/library?video=film-2&label=night")
    assert "Nothing here" in text
    assert "0 clips" in text
    assert "4 clips" in words(client, "/library")
    assert client.get("/library?order=loudest").status_code == 400
    told = client.get("/library?min_seconds=abc")
    assert "Seconds at least is &#39;abc&#39;; it must be a number, 0 or more." in told.text


def test_the_list_for_spreadsheets_has_the_clips_that_are_shown(
    client: FlaskClient, finished: list[Clip]
) -> None:
    page = client.get("/library?label=night&min_seconds=0.5&order=longest").get_data(as_text=True)
    assert 'href="/library.csv?label=night&amp;min_seconds=0.5&amp;order=longest"' in page


def test_pages_of_the_library_keep_its_filters(
    client: FlaskClient, finished: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.views.library.PAGE", 2)
    one, two, three, _ = (clip.id for clip in finished)
    page = client.get("/library?max_seconds=3").get_data(as_text=True)
    assert 'href="/library?page=2&amp;max_seconds=3"' in page
    assert shown(client, "max_seconds=3") == [three, two]
    assert shown(client, "max_seconds=3&page=2") == [one]
    assert shown(client, "page=2") == [two, one]


def test_a_selection_is_listed_as_csv(
    client: FlaskClient, engine: Engine, finished: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.presenters.clip_csv.AT_ONCE", 2)
    with transaction(engine) as session:
        title = '@cmd, "quoted"\nand broken'
        session.execute(sa.update(SourceVideo).values(title=title))
    answer = client.get("/library.csv?video=film-1&order=time")
    assert answer.mimetype == "text/csv"
    assert "library.csv" in answer.headers["Content-Disposition"]
    first, second, third = csv.DictReader(StringIO(answer.get_data(as_text=True), newline=""))
    assert first == {
        "clip": str(finished[0].id),
        "video": "film-1",
        "title": f"'{title}",
        "state": "embedded",
        "start_frame": "0",
        "end_frame": "50",
        "start_seconds": "0.000000",
        "end_seconds": "2.000000",
        "labels": "night,rain",
        "rating": "5",
        "note": "",
        "file": f"http://localhost/clips/clip-{finished[0].id}.mp4",
    }
    assert (second["rating"], third["rating"]) == ("2", "")
    assert third["note"] == "'=1+1"
    (waiting,) = csv.DictReader(
        StringIO(client.get("/library.csv?state=pending").get_data(as_text=True), newline="")
    )
    assert waiting["file"] == ""
