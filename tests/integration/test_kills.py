"""kill -9 in the middle of a download and of a transcode: the next run ends as if nothing had
happened."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.locks import is_at_work
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.orchestration.foreground import ingest_in_foreground
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import open_storage
from tests.children import begin
from tests.footage import make_numbered_film, remake
from tests.site import test_site as web_site

pytestmark = pytest.mark.long

KILLS = pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.whole)])


def ingest(reference: str) -> None:
    """The body of a process that will be killed."""
    engine = open_engine(str(get_settings().database_url))
    with dg.DagsterInstance.ephemeral() as instance:
        ingest_in_foreground(engine, instance, reference)


def start(reference: str) -> BaseProcess:
    return begin(ingest, reference)


def is_in(engine: Engine, state: str) -> bool:
    """Whether a process works on the video in a state: one that was killed in it left it there."""
    with transaction(engine) as session:
        videos = source_videos.newest_first(session)
        return bool(videos) and videos[0].state == state and is_at_work(session, videos[0].key)


def kill_in(engine: Engine, process: BaseProcess, during: str, within: float) -> bool:
    """Kills the process at a random moment of up to `within` seconds after it has begun to work in
    a state of the video; whether it was still in it then."""
    end = time.monotonic() + 60
    while not is_in(engine, during) and process.is_alive():
        assert time.monotonic() < end, f"{during} was never reached"
        time.sleep(0.01)
    time.sleep(random.uniform(0, within))
    there = is_in(engine, during)
    process.kill()
    process.join()
    return there


def objects() -> dict[str, str]:
    """Checksums of everything in the storage."""
    settings = get_settings()
    storage = open_storage(settings.storage_url, settings.home)
    found = {}
    for key in storage.list(""):
        with storage.fetch(key) as path:
            found[key] = file_digest(path)
    return found


def assert_as_undisturbed(engine: Engine, instance: dg.DagsterInstance, reference: str) -> None:
    """Ends the ingest, and compares with one that nobody disturbed."""
    report = ingest_in_foreground(engine, instance, reference)
    assert (report.state, report.error) == ("ready", None)
    after_kills = objects()
    storage = open_storage(None, get_settings().home)
    for key in after_kills:
        storage.delete(key)
    again = ingest_in_foreground(engine, instance, reference)
    assert (again.error, again.changed) == (None, True)
    assert objects() == after_kills
    # Not sooner: where the last kill came after the video was ready, the first had nothing to do.
    assert again.checks and all(again.checks.values())
    scratch = get_settings().home / "scratch"
    assert [path for path in scratch.iterdir() if path.name != ".lock"] == []


@pytest.fixture
def long_film(tmp_path: Path) -> Path:
    """So long that none of its transcodes ends before it is killed: it would not begin again."""
    short = make_numbered_film(tmp_path / "short.mp4", 100, scenes=(50,))
    return remake(short, tmp_path / "film.mp4", times=6, c="copy")


@KILLS
def test_a_download_that_is_killed_again_and_again_ends_as_if_it_had_not_been(
    kills: int,
    pipeline: Engine,
    instance: dg.DagsterInstance,
    copy_site: Callable[[Path], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Picture and sound in fragments, which are then merged."""
    monkeypatch.setenv("HEATERS_ALLOWED_NETWORKS", "127.0.0.0/8")
    get_settings.cache_clear()
    with web_site(copy_site(tmp_path / "site")) as site:
        reference = site.url("slow/dash/manifest.mpd")
        site.bytes_per_second = 400_000
        hits = 0
        for _ in range(kills):
            hits += kill_in(pipeline, start(reference), "downloading", 1.5)
        assert hits >= kills // 2
        site.bytes_per_second = 10**8
        assert_as_undisturbed(pipeline, instance, reference)


@KILLS
def test_a_transcode_that_is_killed_again_and_again_ends_as_if_it_had_not_been(
    kills: int,
    pipeline: Engine,
    instance: dg.DagsterInstance,
    long_film: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEATERS_ALLOWED_NETWORKS", "")
    hits = 0
    for _ in range(kills):
        hits += kill_in(pipeline, start(str(long_film)), "preprocessing", 0.5)
    assert hits >= kills // 2
    assert_as_undisturbed(pipeline, instance, str(long_film))
