"""Thresholds that are tried on what reviewers decided of one video, or of all."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.agreement import Agreement
from heaters_pipeline.domain.decisions import APPROVE, ARCHIVE, SKIP, Decision, Merge, Split
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.tuning import Trial, try_thresholds
from tests.decisions import decide, live
from tests.films import Film, Join, Shot
from tests.rows import ready_video

CUTS = [40, 80]


@pytest.fixture
def tuned(engine: Engine, settings: Settings) -> Pipeline:
    return open_pipeline(engine, settings)


@pytest.fixture
def add(engine: Engine, storage: LocalStorage, tmp_path: Path):
    """Adds a video of three shots, whose clips are cut at the given frames."""
    frames = Film("three", tuple(Shot(n, 40) for n in (1, 2, 3)), (Join("cut"),) * 2).small()
    thumbnails = tmp_path / "thumbnails"

    def add(key: str, cuts: list[int]) -> SourceVideo:
        video, _ = ready_video(engine, key, frame_count=len(frames), cuts=cuts)
        thumbnails.write_bytes(frames.tobytes())
        storage.put(thumbnails, f"{key}/thumbnails")
        with transaction(engine) as session:
            facts = {"frame_scores_filepath": f"{key}/thumbnails"}
            source_videos.record(session, key, facts)
        return video

    return add


def decide_all(engine: Engine, video: SourceVideo, decision: Decision) -> None:
    for clip in live(engine, video):
        decide(engine, clip, decision)


def in_use(trials: list[Trial]) -> Agreement:
    [present] = [trial.agreement for trial in trials if trial.present]
    return present


def test_over_all_videos_the_agreements_add_up(engine: Engine, tuned: Pipeline, add) -> None:
    first, second = add("first", CUTS), add("second", CUTS)
    add("nobody-looked", CUTS)
    decide_all(engine, first, APPROVE)
    decide_all(engine, second, SKIP)
    told: list[float] = []
    trials = try_thresholds(tuned, on_progress=told.append)
    assert in_use(trials) == Agreement(4, 0, 0)
    assert in_use(try_thresholds(tuned, "first")) == Agreement(2, 0, 0)
    assert len(trials) == 15
    assert told == sorted(told)
    assert (len(told), told[-1]) == (30, 1)


@pytest.mark.parametrize("decision", [APPROVE, SKIP, ARCHIVE])
def test_who_decides_on_a_clip_without_a_split_refuses_the_cuts_within(
    engine: Engine, tuned: Pipeline, add, decision: Decision
) -> None:
    video = add("film", [80])
    decide_all(engine, video, decision)
    assert in_use(try_thresholds(tuned, "film")) == Agreement(1, 1, 0)


def test_who_splits_accepts_one_cut_and_has_not_refused_the_next(
    engine: Engine, tuned: Pipeline, add
) -> None:
    video = add("film", [])
    decide(engine, live(engine, video)[0], Split([40]))
    assert in_use(try_thresholds(tuned, "film")) == Agreement(1, 0, 0)
    decide_all(engine, video, APPROVE)
    assert in_use(try_thresholds(tuned, "film")) == Agreement(1, 1, 0)


def test_who_merges_refuses_the_cut_between(engine: Engine, tuned: Pipeline, add) -> None:
    video = add("film", CUTS)
    decide(engine, live(engine, video)[1], Merge())
    assert in_use(try_thresholds(tuned, "film")) == Agreement(1, 1, 0)


def test_the_command_without_a_key(engine: Engine, settings: Settings, add) -> None:
    video = add("film", CUTS)
    undecided = CliRunner().invoke(main, ["cuts", "tune"])
    assert undecided.exit_code == 1
    assert "Nobody has decided on a clip of any video yet: review some first." in undecided.output
    decide_all(engine, video, APPROVE)
    agreed = CliRunner().invoke(main, ["cuts", "tune"])
    assert agreed.exit_code == 0, agreed.output
    assert "      0.5       2      0       0  1.00 in use" in agreed.output
    assert "No other threshold would have agreed better" in agreed.output
