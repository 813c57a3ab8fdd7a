"""A worker is killed and stopped, connections are cut, the storage falters, and a reviewer decides
all the while: everything ends as if nothing had happened. The long form, with all of `heaters up`,
is `python -m benchmarks.chaos`."""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine

from benchmarks.chaos import Chaos
from benchmarks.healing import answers, healed, troubles, undisturbed
from benchmarks.installation import FFMPEG, WORKER, opened, plain_environment, until
from benchmarks.patient_reviewer import Reviewer
from heaters_pipeline.db import clip_work, source_videos
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.urls import with_database
from heaters_pipeline.domain import retries
from heaters_pipeline.storage.s3 import s3_client
from heaters_pipeline.work.clips import lay_clips
from heaters_pipeline.work.cuts import find_cuts
from heaters_pipeline.work.download import download_source
from heaters_pipeline.work.give_up import end_stuck, take_over
from heaters_pipeline.work.ingest import STEPS
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.outages import storage_outage
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.products import index_proxy
from review_app import create_app
from tests.browser.review_world import served
from tests.children import begin
from tests.conftest import TEMPLATE, execute
from tests.faulty_s3 import FaultyS3, faulty_s3
from tests.footage import make_numbered_film

pytestmark = pytest.mark.long

FAULTS = 8
HEAL_SECONDS = 240.0
SILENCE = timedelta(seconds=4)


def work_for_ever(environment: dict[str, str]) -> None:
    """The body of a worker: what sensors and runs do, in one process, and with short pauses."""
    retries.FIRST_PAUSE_SECONDS = 0.2
    source_videos.BETWEEN_STEPS = timedelta(seconds=1)
    work = opened(environment)
    while True:
        with suppress(Exception):
            go_on(work)
        time.sleep(0.2)


def go_on(work: Pipeline) -> None:
    end_stuck(work.engine, SILENCE)
    take_over(work.engine, 10)
    if storage_outage(work.engine, lambda: work.storage):
        return
    with work.transaction() as session:
        waiting = source_videos.waiting(session, 10)
        due = clip_work.due(session, 0, 10)
    for key, _ in waiting:
        with suppress(Exception):
            download_source(work, key)
            for step in (STEPS["transcode"], index_proxy, find_cuts, lay_clips):
                step(work, key)
    for each in due:
        with suppress(Exception):
            for library_step in (export_clips, take_keyframes, embed_clips):
                library_step(work, each.video_key)
    delete_due(work)


@dataclass
class SmallWorld:
    """One worker, and another one as soon as it is dead or stopped."""

    s3: FaultyS3
    database_url: str
    environment: dict[str, str]
    home: Path
    clocks: None = None
    workers: list[BaseProcess] = field(default_factory=list)

    def engine(self) -> Engine:
        return open_engine(self.database_url)

    def processes(self, kind: str) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for worker in self.workers:
            with suppress(psutil.Error):
                process = psutil.Process(worker.pid)
                if process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
                    continue
                if kind == WORKER:
                    found.append(process)
                if kind == FFMPEG:
                    found += [each for each in process.children() if FFMPEG in each.name()]
        return found

    @contextmanager
    def up(self) -> Iterator[None]:
        over = threading.Event()

        def keep() -> None:
            while not over.wait(0.1):
                if not self.processes(WORKER):
                    self.workers.append(begin(work_for_ever, self.environment))

        keeper = threading.Thread(target=keep)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()
            for worker in self.workers:
                worker.kill()
                worker.join()


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.whole) for seed in range(2, 8))]
)
def test_what_breaks_meanwhile_leaves_no_trace(
    postgres_url: str,
    database_url: str,
    heaters_home: Path,
    s3_endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 72, (64, 36), scenes=(24, 36, 60))
    for name, value in plain_environment(heaters_home).items():
        monkeypatch.setenv(name, value)
    other = f"undisturbed_{uuid.uuid4().hex[:12]}"
    execute(postgres_url, f"CREATE DATABASE {other} TEMPLATE {TEMPLATE}")
    bucket = f"chaos-{os.urandom(4).hex()}"
    s3_client(s3_endpoint).create_bucket(Bucket=bucket)
    with faulty_s3(s3_endpoint) as s3:
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
        monkeypatch.setenv("STORAGE_URL", f"s3://{bucket}/undisturbed")
        monkeypatch.setenv("DATABASE_URL", with_database(postgres_url, other))
        calm = opened({})
        wanted = undisturbed([film], calm)
        calm.engine.dispose()
        monkeypatch.setenv("STORAGE_URL", f"s3://{bucket}/library")
        monkeypatch.setenv("DATABASE_URL", database_url)
        work = opened({})
        world = SmallWorld(s3, database_url, dict(os.environ), heaters_home)
        chaos = Chaos(world, random.Random(seed), outage_seconds=1)
        with served(create_app(work.settings)) as address, world.up():
            reviewer = Reviewer(address)
            reviewing = threading.Thread(target=reviewer.review)
            reviewing.start()
            try:
                uploading = threading.Thread(target=reviewer.upload, args=(film,))
                uploading.start()
                for _ in range(FAULTS):
                    time.sleep(chaos.chance.uniform(0.5, 2))
                    chaos.one()
                uploading.join()
                until(lambda: answers(healed, work.engine, 1), HEAL_SECONDS)
                chaos.continue_some(float("inf"))
                time.sleep(1)
            finally:
                reviewer.over.set()
                reviewing.join()
        assert chaos.done.total() == FAULTS
        assert troubles(work, wanted, [reviewer]) == [], chaos.done
        work.engine.dispose()
