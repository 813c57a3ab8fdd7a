"""What no row names any more is deleted, whoever dies meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import deletions, outages, source_videos
from heaters_pipeline.db.models import ObjectToDelete
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage.s3 import S3Storage, s3_client
from heaters_pipeline.work.objects import AT_ONCE, delete_due, hashed, keep, sweep
from heaters_pipeline.work.outages import storage_outage
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.storage_check import look_after
from tests.faulty_s3 import FaultyS3, faulty_s3
from tests.rows import new_video, to_delete

DIES = """
import os, signal, sys
from heaters_pipeline.db import deletions
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.pipeline import open_pipeline

settings = get_settings()
pipeline = open_pipeline(open_engine(str(settings.database_url)), settings)
paths = sys.argv[2:]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def delete_some_and_die(storage, keys):
    storage.delete(keys[0])
    die()

with pipeline.transaction() as session:
    deletions.enter(session, paths, "gone")
if sys.argv[1] == "after the commit":
    die()
LocalStorage.delete_each, LocalStorage.delete = delete_some_and_die, lambda storage, key: (
    (storage.root / key).unlink()
)
delete_due(pipeline)
"""


STORES_AND_DIES = """
import os, signal, sys
from pathlib import Path
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.objects import hashed, keep
from heaters_pipeline.work.pipeline import open_pipeline

settings = get_settings()
pipeline = open_pipeline(open_engine(str(settings.database_url)), settings)
keep(pipeline, int(sys.argv[1]), {sys.argv[2]: hashed(Path(sys.argv[3]))})
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def work(engine: Engine, settings: Settings) -> Pipeline:
    return open_pipeline(engine, settings)


@pytest.fixture
def s3(s3_endpoint: str) -> Iterator[FaultyS3]:
    with faulty_s3(s3_endpoint) as proxy:
        yield proxy


@pytest.fixture
def on_s3(work: Pipeline, s3: FaultyS3) -> Pipeline:
    """The same on a storage that can be made to fail, and is not waited for."""
    client = s3_client(s3.url, patient=False)
    bucket = f"sweep-{os.urandom(4).hex()}"
    client.create_bucket(Bucket=bucket)
    return replace(work, storage=S3Storage(client, bucket, "library", home=work.settings.home))


def store(work: Pipeline, folder: Path, count: int) -> list[str]:
    (folder / "file").write_bytes(b"five!")
    paths = [f"clips/{number}/clip.mp4" for number in range(count)]
    for path in paths:
        work.storage.put(folder / "file", path)
    return paths


def doom(work: Pipeline, paths: list[str]) -> None:
    with work.transaction() as session:
        deletions.enter(session, paths, "gone")


@pytest.mark.parametrize("when", ["after the commit", "in the middle of the deletion"])
def test_a_process_that_is_killed_leaves_nothing_behind_for_ever(
    work: Pipeline, tmp_path: Path, when: str
) -> None:
    paths = store(work, tmp_path, 3)
    child = subprocess.run([sys.executable, "-c", DIES, when, *paths], check=False)
    assert child.returncode == -signal.SIGKILL
    assert to_delete(work.engine) == set(paths)
    assert len(work.storage.list("")) == (3 if when == "after the commit" else 2)
    assert sweep(work).number == 3
    assert (to_delete(work.engine), work.storage.list("")) == (set(), [])


def test_what_a_process_stored_and_never_named_is_deleted_after_a_day(
    work: Pipeline, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"five!")
    path, video = "clips/1/clip.mp4", new_video(work.engine)
    given = [str(video.id), path, str(tmp_path / "file")]
    child = subprocess.run([sys.executable, "-c", STORES_AND_DIES, *given], check=False)
    assert child.returncode == -signal.SIGKILL
    assert work.storage.list("") == [path]
    assert look_after(work).deleted == 0, "its row may be on its way"
    with work.engine.begin() as connection:
        connection.execute(sa.text("UPDATE stored_objects SET entered_at = now() - interval '2d'"))
    assert look_after(work).deleted == 1
    assert work.storage.list("") == []


def test_an_object_that_a_row_names_again_stays(work: Pipeline, tmp_path: Path) -> None:
    named, other, pending = store(work, tmp_path, 3)
    video = new_video(work.engine)
    doom(work, [named, other, pending])
    copy = {"path": pending, "sha256": "1f", "quality": None}
    with work.transaction() as session:
        facts = {"source_filepath": named, "pending_source": copy}
        source_videos.record(session, video.key, facts)
    assert sweep(work).number == 1
    assert (to_delete(work.engine), work.storage.list("")) == (set(), [named, pending])


def test_what_is_to_be_deleted_says_how_large_it_is_and_why(work: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"five!")
    keep(work, new_video(work.engine).id, {"clips/1/clip.mp4": hashed(tmp_path / "file")})
    doom(work, ["clips/1/clip.mp4", "clips/2/clip.mp4"])
    with work.transaction() as session:
        rows = session.execute(
            sa.select(ObjectToDelete.bytes, ObjectToDelete.reason).order_by(ObjectToDelete.path)
        ).all()
    assert [tuple(row) for row in rows] == [(5, "gone"), (None, "gone")]


def test_two_sweepers_share_the_work(on_s3: Pipeline, s3: FaultyS3, tmp_path: Path) -> None:
    """Each object is asked for once, in as few requests as can be."""
    there = store(on_s3, tmp_path, 4)
    absent = [f"clips/{number}/clip.mp4" for number in range(4, 2 * AT_ONCE)]
    doom(on_s3, [*there, *absent])
    together = Barrier(2)

    def sweep_together(_: int) -> int:
        together.wait()
        return sweep(on_s3).number

    s3.requests.clear()
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(sweep_together, range(2))) == 2 * AT_ONCE
    assert s3.requests["POST"] == 2
    assert s3.requests["DELETE"] == 0
    assert (to_delete(on_s3.engine), on_s3.storage.list("")) == (set(), [])


@pytest.mark.parametrize("fault", ["error 503", "refused"])
def test_an_outage_in_the_middle_of_a_sweep_costs_time_only(
    on_s3: Pipeline, s3: FaultyS3, tmp_path: Path, fault: str
) -> None:
    there = store(on_s3, tmp_path, 2)
    paths = [*there, *(f"clips/{number}/clip.mp4" for number in range(2, 2 * AT_ONCE))]
    doom(on_s3, paths)
    deletions_asked = 0

    def begin(method: str, _path: str) -> None:
        nonlocal deletions_asked
        deletions_asked += method == "POST"
        if deletions_asked == 2:
            s3.fault = fault  # type: ignore[assignment]

    s3.on_request = begin
    s3.requests.clear()
    assert sweep(on_s3).number == AT_ONCE
    assert s3.requests["DELETE"] == 0, "nothing is asked for one by one in an outage"
    left = to_delete(on_s3.engine)
    assert len(left) == AT_ONCE
    with on_s3.transaction() as session:
        tries = session.scalars(sa.select(sa.func.max(ObjectToDelete.tries))).one()
        assert (tries, len(outages.listed(session))) == (0, 1)
    s3.fault, s3.on_request = None, lambda *_: None
    with on_s3.transaction() as session:
        session.execute(sa.text("UPDATE outages SET probe_at = now()"))
    assert storage_outage(on_s3.engine, lambda: on_s3.storage) is None
    assert sweep(on_s3).number == AT_ONCE
    assert (to_delete(on_s3.engine), on_s3.storage.list("")) == (set(), [])


def test_a_sweep_ends_where_nothing_can_be_deleted(
    work: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = store(work, tmp_path, 2)
    doom(work, paths)

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.storage.local.LocalStorage._delete", refuse)
        assert sweep(work).failures.keys() == set(paths)
    assert delete_due(work).number == 0
    assert to_delete(work.engine) == set(paths)
