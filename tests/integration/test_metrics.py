"""What Prometheus reads, and what the dashboard makes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import dagster as dg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from heaters_pipeline.db import gauges, ledger, outages, source_videos
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.ledger import StoredFacts
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.states import DOWNLOAD
from heaters_pipeline.settings import get_settings
from tests.decisions import decide
from tests.rows import new_video, ready_video

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "heaters.json"
NAME = re.compile(r"heaters_\w+")


def samples(client: FlaskClient) -> dict[tuple[str, str], float]:
    """The values by their names and the values of their labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_prometheus_reads_how_everything_stands(app: Flask, engine: Engine) -> None:
    video, (first, *_) = ready_video(engine)
    decide(engine, first, APPROVE)
    with transaction(engine) as session:
        ledger.record(session, video.id, {"videos/film-1/source-1.mp4": StoredFacts(2_500_000)})
        outages.begin(session, "storage", "503")
    found = samples(app.test_client())
    assert found["heaters_clips", "pending_review"] == 2
    assert found["heaters_clips", "review_approved"] == 1
    assert found["heaters_source_videos", "ready"] == 1
    assert found["heaters_decisions_last_hour", "approve"] == 1
    assert found["heaters_storage_bytes", "source"] == 2_500_000
    assert found["heaters_outage_seconds", "storage"] > 0
    assert found["heaters_oldest_pending_seconds", ""] > 0
    assert found["heaters_oldest_new_video_seconds", ""] == 0


def test_what_waits_for_another_try_is_told_apart_from_what_failed(
    app: Flask, engine: Engine
) -> None:
    new_video(engine, "new")
    new_video(engine, "again")
    with transaction(engine) as session:
        source_videos.begin(session, "again", DOWNLOAD)
        source_videos.try_later(session, "again", DOWNLOAD, "The connection broke off.")
    found = samples(app.test_client())
    assert found["heaters_tried_again", "videos"] == 1
    assert found["heaters_tried_again", "clips"] == 0
    assert found["heaters_oldest_new_video_seconds", ""] > 0


def test_runs_and_steps_are_told_by_how_they_ended(
    engine: Engine, history: dg.DagsterInstance
) -> None:
    @dg.op
    def done() -> None: ...

    @dg.op
    def broken() -> None:
        raise ValueError

    @dg.job
    def trial() -> None:
        done()
        broken()

    trial.execute_in_process(instance=history, raise_on_error=False)
    dagster = open_engine(str(get_settings().dagster_database_url))
    with transaction(engine) as session:
        read = gauges.read(session, dagster, undo_window_seconds=0)
    dagster.dispose()
    assert [each[:3] for each in read.runs] == [("trial", "failure", 1)]
    assert [each[:3] for each in read.steps] == [("broken", "failure", 1), ("done", "success", 1)]
    assert all(0 < each.mean_seconds < 60 for each in (*read.runs, *read.steps))


def test_requests_and_the_waits_that_pages_tell_are_counted(app: Flask) -> None:
    client = app.test_client()
    before = samples(client)

    def more(name: str, labels: str = "") -> float:
        return samples(client)[name, labels] - before.get((name, labels), 0)

    client.get("/healthz", headers={"X-Heaters-Waited": "40,3000"})
    for wrong in ("", "-1", "1,", "1.5", "1e9", ",".join(["1"] * 21)):
        client.get("/healthz", headers={"X-Heaters-Waited": wrong})
    assert more("heaters_http_requests_total", "health.healthz 200") == 7
    assert more("heaters_http_request_seconds_count", "health.healthz") == 7
    assert more("heaters_reviewer_wait_seconds_count") == 2
    assert more("heaters_reviewer_wait_seconds_sum") == pytest.approx(3.04)
    assert more("heaters_reviewer_wait_seconds_bucket", "0.05") == 1


def test_the_dashboard_shows_metrics_that_exist(app: Flask) -> None:
    text = app.test_client().get("/metrics").text
    names = {family.name for family in text_string_to_metric_families(text)}
    families = {name for name in names if not name.endswith("_created")}
    shown = {
        name
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel["targets"]
        for name in NAME.findall(target["expr"])
    }
    of_family = {re.sub(r"_(total|bucket)$", "", name) for name in shown}
    assert of_family == families
