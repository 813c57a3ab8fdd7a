"""Selections of clips under names that all share."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.reviewer import Reviewer

NIGHT = {"label": "night", "state": "skipped,approved", "order": "longest"}


@pytest.fixture
def reviewer(app: Flask, engine: Engine) -> Reviewer:
    return Reviewer(app)


def listed(reviewer: Reviewer) -> list[tuple[str, dict[str, str]]]:
    views = reviewer.client.get("/api/v1/views").get_json()["views"]
    return [(view["name"], view["arguments"]) for view in views]


def test_a_view_is_saved_renamed_and_deleted_for_all(app: Flask, reviewer: Reviewer) -> None:
    given = {"name": " Night   shots", "arguments": {**NIGHT, "page": "3", "video": ""}}
    made = reviewer.post("/api/v1/views", given).get_json()
    assert (made["name"], made["arguments"]) == ("Night shots", NIGHT)
    reviewer.post("/api/v1/views", {"name": "a day", "arguments": {}})
    other = Reviewer(app)
    assert listed(other) == [("a day", {"order": "time"}), ("Night shots", NIGHT)]
    assert other.post(f"/api/v1/views/{made['id']}", {"name": "Dusk"}).status_code == 200
    assert [name for name, _ in listed(reviewer)] == ["a day", "Dusk"]
    assert other.post(f"/api/v1/views/{made['id']}/delete", {}).status_code == 200
    assert [name for name, _ in listed(reviewer)] == ["a day"]
    gone = reviewer.post(f"/api/v1/views/{made['id']}", {"name": "Dawn"})
    assert (gone.status_code, gone.get_json()["detail"]) == (404, "Somebody has deleted this view.")


def test_what_makes_no_view_is_refused_in_a_sentence(reviewer: Reviewer) -> None:
    reviewer.post("/api/v1/views", {"name": "Night", "arguments": NIGHT})
    for given, status in (
        ({"name": "Night", "arguments": {}}, 409),
        ({"name": " ", "arguments": {}}, 400),
        ({"name": "x" * 61, "arguments": {}}, 400),
        ({"name": "Dusk", "arguments": {"state": "nowhere"}}, 400),
        ({"name": "Dusk", "arguments": [1]}, 400),
        ({"arguments": {}}, 400),
    ):
        refused = reviewer.post("/api/v1/views", given)
        assert refused.status_code == status
        assert refused.get_json()["detail"].endswith(".")
    assert [name for name, _ in listed(reviewer)] == ["Night"]
