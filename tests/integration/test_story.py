"""The story of a source video, from the tables that know parts of it."""

from __future__ import annotations

import json
import os

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._core.storage.tags import PARTITION_NAME_TAG
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import clips, ledger, reviews
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.ledger import StoredFacts
from heaters_pipeline.domain.decisions import APPROVE, SKIP
from heaters_pipeline.platform.dagster_instance import DagsterFiles
from heaters_pipeline.settings import Settings, get_settings
from tests.decisions import decide, undo
from tests.rows import ready_video


def told(key: str) -> list[str]:
    result = CliRunner().invoke(main, ["story", key, "--json"])
    assert result.exit_code == 0, result.output
    moments = [json.loads(line) for line in result.stdout.splitlines()]
    assert [moment["at"] for moment in moments] == sorted(moment["at"] for moment in moments)
    return [moment["what"] for moment in moments]


def test_a_video_tells_what_happened_to_it(
    dagster_home: DagsterFiles,
    settings: Settings,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEATERS_DAGSTER_DATABASE_URL", os.environ["DAGSTER_PG_URL"])
    get_settings.cache_clear()
    video, (first, *rest) = ready_video(engine)
    other, laid = ready_video(engine, "film-2")
    begin = [
        f"added from {other.url}",
        f"clips {', '.join(str(clip.id) for clip in laid)} laid",
        "the video is ready",
    ]
    assert told(other.key) == begin, "Dagster has no tables yet"

    with transaction(engine) as session:
        ledger.record(session, video.id, {"videos/film-1/source-1.mp4": StoredFacts(2_500_000)})
    decide(engine, first, APPROVE)
    undo(engine)
    with transaction(engine) as session:
        versions = {clip.id: clips.get(session, clip.id).version for clip in rest}
        reviews.decide_all(session, actor="ben", versions=versions, decision=SKIP)
    with dg.DagsterInstance.get() as instance:
        run = dg.DagsterRun("ingest", run_id="11112222-0000", tags={PARTITION_NAME_TAG: video.key})
        instance.add_run(run)
        instance.report_run_failed(run)

    sentences = told(video.key)
    assert {
        "source stored, 2.5 MB",
        f"ann has approved clip {first.id}",
        f"ann has taken back a decision on clip {first.id}",
        f"ben has skipped clips {', '.join(str(clip.id) for clip in rest)}",
    } < {*sentences}
    assert "run 11112222 of the job ingest ended: failure" in sentences
    assert told(other.key) == begin


def test_a_video_that_is_not_there_has_no_story(settings: Settings) -> None:
    result = CliRunner().invoke(main, ["story", "nobody"])
    assert result.exit_code == 1
    assert "nobody" in result.stderr
