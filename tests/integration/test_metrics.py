"""What Prometheus reads, and what the dashboard makes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from heaters_pipeline.db import ledger, outages
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.ledger import StoredFacts
from heaters_pipeline.domain.decisions import APPROVE
from tests.decisions import decide
from tests.rows import ready_video

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
