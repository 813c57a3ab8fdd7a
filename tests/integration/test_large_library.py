"""In a large library no page reads all of a large table: the statements that each page really sends
are explained by Postgres. A page that is added is covered by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from werkzeug.routing import Rule

from benchmarks.large_library import fill
from heaters_pipeline.db.urls import for_psycopg, with_database
from heaters_pipeline.settings import Settings
from review_app import create_app
from tests.conftest import TEMPLATE, execute
from tests.plans import Sent, listening, scans, with_rows
from tests.reviewer import Reviewer

CLIPS_OF_FILM = 20
"""Few, so that there are many films: a page that shows fifty shows few of the clips."""

FILM = "film-1"
CLIP = 1
ARGUMENTS: dict[str, Any] = {
    "filename": "base.css",
    "proxy_id": f"id-{FILM}",
    "profile": "delivery",
    "any": "jpg",
    "_asked": "jpg",
    "file": "clips.csv",
}
"""Of addresses. Others are a film's key where they are text, and 1 where they are a number."""

LEFT_OUT = frozenset({"library.listed", "people.log", "handover.zipped", "handover.written"})
"""Lists of all that there is."""

READ_ALL = {
    "<=> clip_embeddings_2.embedding) <=": "looks at every preview, for what is alike",
}
"""Parts of statements that read all of a table because their question is about all of it. Whatever
else their pages ask is looked at."""

ALSO = (
    "/library?page=3",
    "/library?label=label+3",
    f"/library?video={FILM}",
    "/library?order=oldest",
    f"/api/v1/queue?video={FILM}",
    "/api/v1/queue?state=approved&order=newest",
    f"/api/v1/progress?video={FILM}",
    f"/handover?video={FILM}",
    "/handover?label=label+3",
    "/sources?page=2",
    "/sources?show=failed",
    "/statistics?page=2",
    "/statistics?reviewer=reviewer-1",
)


@pytest.fixture(
    scope="module",
    params=[60_000, pytest.param(1_000_000, marks=pytest.mark.whole)],
)
def library(
    request: pytest.FixtureRequest,
    postgres_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Flask, psycopg.Connection, int]]:
    """An app on so many clips, a connection to its database, and their number."""
    name = f"large_{request.param}"
    execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    url = with_database(postgres_url, name)
    fill(url, request.param, CLIPS_OF_FILM, have_files=True)
    home: Path = tmp_path_factory.mktemp("large")
    app = create_app(Settings(home=home, database_url=url, storage_url=str(home / "storage")))
    with psycopg.connect(for_psycopg(url), autocommit=True) as connection:
        # As on the disks of today, so that plans flip at tables of this size already.
        connection.execute("SET random_page_cost = 1.1")
        yield app, connection, request.param
    app.extensions["heaters"].engine.dispose()
    execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def _address(app: Flask, rule: Rule) -> str:
    with app.test_request_context():
        return app.url_for(rule.endpoint, **{each: _value(rule, each) for each in rule.arguments})


def _value(rule: Rule, argument: str) -> Any:
    is_number = f"<int:{argument}>" in rule.rule
    return ARGUMENTS.get(argument, CLIP if is_number else FILM)


def _whole(sent: list[Sent], database: psycopg.Connection, clips: int) -> list[str]:
    """The statements that read all of a large table, with what they read."""
    large = with_rows(database, clips // 10)
    assert {"clips", "clip_exports", "review_events", "ix_clips_pending"} <= large
    return [
        f"{scan.kind} of {scan.read}: {each.statement}"
        for each in sent
        if not any(part in each.statement for part in READ_ALL)
        for scan in scans(database, each)
        if scan.read in large
    ]


def test_no_page_reads_all_of_a_large_table(library: tuple[Flask, psycopg.Connection, int]) -> None:
    app, database, clips = library
    reviewer = Reviewer(app)
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint not in LEFT_OUT
    ]
    wrong: dict[str, list[str]] = {}
    asked = 0
    for address in [*(_address(app, rule) for rule in rules), *ALSO]:
        with listening(database) as sent:
            answer = reviewer.client.get(address)
            assert answer.status_code < 500, address
        asked += bool(sent)
        if found := _whole(sent, database, clips):
            wrong[address] = found
    assert asked > len(rules) / 2
    assert not wrong, "\n\n".join(f"{page}\n" + "\n".join(each) for page, each in wrong.items())


def test_no_decision_reads_all_of_a_large_table(
    library: tuple[Flask, psycopg.Connection, int],
) -> None:
    app, database, clips = library
    reviewer = Reviewer(app)
    with listening(database) as sent:
        first, second, third, *_ = reviewer.queue(limit=6)
        for clip, action in ((first, "approve"), (third, "skip")):
            assert reviewer.decide(clip, action).status_code == 200
        assert reviewer.decide(second, "group").status_code == 200
        assert reviewer.post("/api/v1/undo", {}).status_code == 200
        assert reviewer.queue(video=f"film-{clips // CLIPS_OF_FILM}")
    assert len(sent) > 10
    assert _whole(sent, database, clips) == []
