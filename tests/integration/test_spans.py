"""Traces as a collector gets them, and what lines of logs are about."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from contextvars import Context
from io import StringIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.files import spans
from heaters_pipeline.files.logs import JsonLines
from tests.collector import Collector
from tests.conftest import CHECKOUT
from tests.decisions import decide
from tests.footage import make_numbered_film

EXPORT = """
from heaters_pipeline.settings import get_settings
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.pipeline import open_pipeline
import sys
settings = get_settings()
pipeline = open_pipeline(open_engine(settings.database_url), settings)
for work in (export_clips, take_keyframes, embed_clips):
    work(pipeline, sys.argv[1])
"""


def run(*words: str, **environment: str) -> None:
    command = [sys.executable, *words]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_video_is_one_trace_from_adding_to_vector_in_three_processes(
    pipeline: Engine, collector: Collector, tmp_path: Path
) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 30, size=(64, 36))
    traced = {"HEATERS_TRACES_ENDPOINT": collector.endpoint}
    run("-m", "heaters_pipeline.cli", "add", str(film), **traced)
    run("-m", "heaters_pipeline.cli", "ingest", "--no-splice", str(film), **traced)
    with transaction(pipeline) as session:
        (key,) = source_videos.keys(session)
        (clip,) = clips.of_video(session, source_videos.get(session, key).id)
    decide(pipeline, clip, APPROVE)
    run("-c", EXPORT, key, **traced)

    trace_id, root_id = spans.ids_of(key)
    trace, root = f"{trace_id:032x}", f"{root_id:016x}"
    of_video = [each for each in collector.spans if each.trace == trace]
    assert of_video == collector.spans, "all of it is one trace"
    (top,) = [each for each in of_video if not each.parent]
    assert (top.name, top.id, top.facts["heaters.title"]) == ("video", root, "film")
    steps = [each.name for each in of_video if each.parent == root]
    order = ["downloading", "preprocessing", "detecting_scenes", "exporting", "keyframing"]
    assert [name for name in dict.fromkeys(steps) if name in order] == order
    assert "embedding" in steps
    by_id = {each.id: each for each in of_video}
    (exported,) = [
        each for each in of_video if each.name == "clip" and by_id[each.parent].name == "exporting"
    ]
    assert exported.facts["heaters.clip"] == clip.id
    encoder = [each for each in of_video if each.name == "ffmpeg"]
    parents = {by_id[each.parent].name for each in encoder}
    assert {"preprocessing", "clip"} <= parents, "each run of ffmpeg stands under its work"
    assert all(each.facts["heaters.video"] == key for each in of_video)


def test_a_request_is_a_span_and_has_a_name(
    app: Flask, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = """
import os, sys
from heaters_pipeline.settings import get_settings
from heaters_pipeline.files import spans
from review_app import create_app
client = create_app(get_settings()).test_client()
answer = client.get("/api/v1/me", headers={"X-Request-ID": "monday-1"})
print(answer.headers["X-Request-ID"], client.get("/healthz").headers["X-Request-ID"])
assert client.get("/", headers={"X-Request-ID": "a b"}).headers["X-Request-ID"] != "a b"
"""
    run("-c", command, HEATERS_TRACES_ENDPOINT=collector.endpoint)
    asked, *_ = collector.spans
    assert (asked.name, asked.service) == ("GET api_me.index", "heaters-review")
    assert asked.facts["heaters.request"] == "monday-1"
    assert asked.facts["heaters.status"] == 200
    assert len({each.trace for each in collector.spans}) == 3


def test_without_an_address_nothing_of_opentelemetry_is_loaded(settings: object) -> None:
    command = """
import sys
from heaters_pipeline.settings import get_settings
from heaters_pipeline.files import spans
from review_app import create_app
create_app(get_settings()).test_client().get("/healthz")
with spans.span("step", video="film"):
    spans.root("film")
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    run("-c", command)


def test_a_line_of_json_says_what_it_is_about() -> None:
    said = StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(JsonLines())
    logger = logging.Logger("heaters")
    logger.addHandler(handler)

    def work() -> None:
        with spans.span("exporting", video="film-1"), spans.about(clip=7):
            logger.warning("It is %s.", "full\nof lines")
        try:
            raise ValueError("no")
        except ValueError:
            logger.exception("Then.")

    Context().run(work)  # one in which no run is remembered
    first, second = (json.loads(line) for line in said.getvalue().splitlines())
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "warning",
        "logger": "heaters",
        "message": "It is full\nof lines.",
        "video": "film-1",
        "clip": 7,
    }
    assert "ValueError: no" in second["error"] and "video" not in second
