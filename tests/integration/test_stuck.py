"""A process that is stopped, or hangs, in the middle of a step: its work is taken over, and what it
still does afterwards is void."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.locks import is_at_work
from heaters_pipeline.db.models import Clip, ClipArtifact, ClipExport, SourceVideo
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.states import ClipState, SourceState
from heaters_pipeline.media.products.transcode import transcode
from heaters_pipeline.orchestration.sensors import approved_clips
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work import exports, products
from heaters_pipeline.work.give_up import end_stuck
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests.children import begin
from tests.decisions import decide, live
from tests.footage import make_numbered_film
from tests.jobs import tick
from tests.waiting import until

WAITS = 60.0
SILENCE = timedelta(seconds=3)
"""Several times what a healthy process is silent for."""

_ONE_AT_A_TIME = threading.Lock()


def get_stuck(how: str, released: Path) -> None:
    with _ONE_AT_A_TIME:  # the next one is released by then
        if how == "stopped" and not released.exists():
            released.with_suffix(".stuck").touch()
            os.kill(os.getpid(), signal.SIGSTOP)
        released.with_suffix(".stuck").touch()
        while not released.exists():
            time.sleep(0.05)


def stuck_before(work: Callable[..., Any], how: str, released: Path) -> Callable[..., Any]:
    def stuck(*arguments: Any, **options: Any) -> Any:
        get_stuck(how, released)
        return work(*arguments, **options)

    return stuck


def ingest_stuck(how: str, released: Path, film: str) -> None:
    """The body of a process that gets stuck before its ffmpeg."""
    pytest.MonkeyPatch().setattr(products, "transcode", stuck_before(transcode, how, released))
    report = ingest(opened(), film)
    released.with_suffix(".said").write_text(str(report.error))


def export_stuck(how: str, released: Path, key: str) -> None:
    """The same before the files of its clips."""
    exports._make = stuck_before(exports._make, how, released)
    said = "nothing"
    try:
        batch = export_clips(opened(), key).batch
        said = f"{len(batch.done)} done"
    finally:
        released.with_suffix(".said").write_text(said)


def opened() -> Pipeline:
    settings = get_settings()
    return open_pipeline(open_engine(str(settings.database_url)), settings)


def start(body: Callable[..., None], how: str, released: Path, what: str) -> BaseProcess:
    """A process that is stuck by now."""
    child = begin(body, how, released, what)
    until(lambda: released.with_suffix(".stuck").exists() or not child.is_alive())
    assert child.is_alive()
    return child


def go_on(child: BaseProcess, released: Path) -> str:
    """Lets a stuck process end; what it said."""
    released.touch()
    os.kill(child.pid or 0, signal.SIGCONT)
    child.join(WAITS)
    assert child.exitcode is not None
    return released.with_suffix(".said").read_text()


def at_work(engine: Engine, key: str) -> bool:
    with transaction(engine) as session:
        return is_at_work(session, key)


def taken_over(engine: Engine, key: str, ticks: Callable[[], None]) -> None:
    """Waits for the tick that ends the stuck process' sessions; the next one puts its work back."""

    def is_free() -> bool:
        ticks()
        return not at_work(engine, key)

    until(is_free)
    ticks()


def everything(engine: Engine) -> list[Any]:
    """All rows that a step writes. (What it stores is entered before, and swept.)"""
    with engine.connect() as connection:
        return [
            connection.execute(sa.select(table.__table__)).all()
            for table in (SourceVideo, Clip, ClipExport, ClipArtifact)
        ]


def skip_pauses(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in ("clips", "source_videos"):
            connection.execute(sa.text(f"UPDATE {table} SET retry_at = now()"))


@pytest.fixture
def ticks(
    pipeline: Engine, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """A tick of the sensor, under settings that are soon out of patience."""
    monkeypatch.setattr(source_videos, "BETWEEN_STEPS", timedelta(0))

    def one() -> None:
        with monkeypatch.context() as patch:
            patch.setenv("HEATERS_STUCK_SECONDS", str(SILENCE.total_seconds()))
            patch.setenv("HEATERS_STALL_SECONDS", str(SILENCE.total_seconds() / 3))
            get_settings.cache_clear()
            tick(approved_clips, instance)
        get_settings.cache_clear()

    return one


@pytest.mark.parametrize("how", ["stopped", pytest.param("hangs", marks=pytest.mark.whole)])
def test_a_video_whose_step_is_stuck_is_taken_over(
    pipeline: Engine, tmp_path: Path, ticks: Callable[[], None], how: str
) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 24, (64, 36), scenes=(12,))
    released = tmp_path / "released"
    child = start(ingest_stuck, how, released, str(film))
    try:
        with transaction(pipeline) as session:
            (video,) = source_videos.newest_first(session)
        assert (video.state, at_work(pipeline, video.key)) == (SourceState.PREPROCESSING, True)
        assert end_stuck(pipeline, timedelta(hours=1)) == []
        taken_over(pipeline, video.key, ticks)
        with transaction(pipeline) as session:
            now = source_videos.get(session, video.key)
        assert (now.state, now.tries) == (SourceState.NEW, 1)
        skip_pauses(pipeline)
        report = ingest(open_pipeline(pipeline, get_settings()), str(film))
        assert (report.state, report.error) == (SourceState.READY, None)
        before = everything(pipeline)
        assert "Another run has taken" in go_on(child, released)
        assert everything(pipeline) == before
    finally:
        child.kill()
        child.join()


@pytest.mark.parametrize("how", ["hangs", pytest.param("stopped", marks=pytest.mark.whole)])
def test_clips_whose_step_is_stuck_are_taken_over(
    pipeline: Engine, tmp_path: Path, ticks: Callable[[], None], how: str
) -> None:
    work = open_pipeline(pipeline, get_settings())
    film = make_numbered_film(tmp_path / "film.mp4", 24, (64, 36), scenes=(12,))
    key = ingest(work, str(film)).key
    with transaction(pipeline) as session:
        video = source_videos.get(session, key)
    for clip in live(pipeline, video):
        decide(pipeline, clip, APPROVE)
    released = tmp_path / "released"
    child = start(export_stuck, how, released, key)
    try:
        taken_over(pipeline, key, ticks)
        assert {clip.tries for clip in live(pipeline, video)} == {1}
        skip_pauses(pipeline)
        assert len(export_clips(work, key).batch.done) == 2
        before = everything(pipeline)
        assert go_on(child, released) == "0 done"
        assert everything(pipeline) == before
        assert {clip.state for clip in live(pipeline, video)} == {ClipState.EXPORTED}
    finally:
        child.kill()
        child.join()


def test_work_that_moves_on_is_left_alone(
    pipeline: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes."""
    work = open_pipeline(pipeline, get_settings())
    film = make_numbered_film(tmp_path / "film.mp4", 24, (64, 36))
    ended: list[Any] = []

    def slow(*arguments: Any, **options: Any) -> Any:
        end = time.monotonic() + 2 * SILENCE.total_seconds()
        while time.monotonic() < end:
            with work.transaction() as session:
                session.execute(sa.text("SELECT"))
            ended.extend(end_stuck(pipeline, SILENCE))
            time.sleep(0.2)
        return transcode(*arguments, **options)

    monkeypatch.setattr(products, "transcode", slow)
    report = ingest(work, str(film))
    assert (report.state, report.error, ended) == (SourceState.READY, None, [])
