"""How far a reviewer is, as the review page asks for it."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db import clip_work
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.states import EXPORT
from tests.reviewer import Reviewer
from tests.rows import ready_video


def progress(reviewer: Reviewer, video: str = "") -> dict[str, Any]:
    answer = reviewer.client.get("/api/v1/progress", query_string={"video": video})
    return dict(answer.get_json())


def test_film_and_library(app: Flask, engine: Engine) -> None:
    video, _ = ready_video(engine, "film-1")
    reviewer = Reviewer(app)
    assert progress(reviewer, "film-1") == {
        "film": {"title": "Film-1", "decided": 0, "total": 3},
        "pace": None,
        "on_the_way": 0,
        "export_in": None,
        "next_film": None,
    }
    first, second, third = reviewer.queue()
    reviewer.decide(first, "approve")
    reviewer.decide(second, "skip")
    reviewer.decide(third, "split", frame=70)
    told = progress(reviewer, "film-1")
    assert told["film"] == {"title": "Film-1", "decided": 2, "total": 4}
    assert told["on_the_way"] == 1
    assert 0 < told["export_in"] <= 60
    assert progress(Reviewer(app))["export_in"] is None, "another reviewer's approval"
    with transaction(engine) as session:
        clip_work.claim(session, video.id, EXPORT, undo_window_seconds=0)
    told = progress(reviewer)
    assert (told["film"], told["on_the_way"], told["export_in"]) == (None, 1, None)


def test_the_next_film_is_one_that_can_be_had(app: Flask, engine: Engine) -> None:
    for key in ("film-1", "film-2", "film-3"):
        ready_video(engine, key)
    reviewer, other = Reviewer(app), Reviewer(app)
    assert progress(reviewer)["next_film"] == {"key": "film-1", "title": "Film-1", "pending": 3}
    assert progress(reviewer, "film-1")["next_film"]["key"] == "film-2"
    other.queue(video="film-2")
    assert progress(reviewer, "film-1")["next_film"]["key"] == "film-3"
