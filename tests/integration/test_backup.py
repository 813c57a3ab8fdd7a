"""Backups, restored into an empty place."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy import Engine
from sqlmodel import SQLModel

from heaters_pipeline.cli import main
from heaters_pipeline.db import ledger, migrate, source_videos
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.ledger import StoredFacts
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.db.urls import with_database
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.decisions import APPROVE, SKIP
from heaters_pipeline.domain.errors import Conflict, HeatersError, Unavailable
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.files.home import OF_OTHERS
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.platform.dagster_instance import open_instance
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.postgres import ensure_database
from heaters_pipeline.platform.postgres_programs import dump
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import LocalStorage, Storage, open_storage
from heaters_pipeline.storage.s3 import S3Storage, s3_client
from heaters_pipeline.work.backup import BackedUp, Dump, back_up
from heaters_pipeline.work.backup_folder import new_backup, open_backup
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.pipeline import open_pipeline
from tests.conftest import CHECKOUT, execute
from tests.decisions import decide, live, undo
from tests.faulty_s3 import faulty_s3
from tests.footage import make_numbered_film
from tests.handover import export
from tests.rows import ready_video
from tests.schemas.make import FOLDER as SCHEMAS

pytestmark = pytest.mark.long


def heaters(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def rows(engine: Engine) -> dict[str, list[str]]:
    """All rows of all tables, as Postgres writes them."""
    with engine.connect() as connection:
        return {
            table: list(connection.scalars(sa.text(f"SELECT t::text FROM {table} t ORDER BY 1")))
            for table in SQLModel.metadata.tables
        }


def objects(storage: Storage) -> dict[str, str]:
    """The checksum of each object."""
    found = {}
    for key in storage.list(""):
        with storage.fetch(key) as path:
            found[key] = file_digest(path)
    return found


def dump_of(engine: Engine) -> Dump:
    return partial(dump, engine.url.render_as_string(hide_password=False))


def of_settings() -> Storage:
    settings = get_settings()
    return open_storage(settings.storage_url, settings.home, endpoint_url=settings.s3_endpoint_url)


@pytest.fixture
def go_elsewhere(
    heaters_home: Path, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Engine]]:
    """Makes the settings name an empty place: a home that nobody has made yet, and databases that
    hold nothing."""
    made: list[str] = []
    engines: list[Engine] = []

    def go(storage_url: str | None = None) -> Engine:
        names = [f"{what}_{uuid.uuid4().hex[:12]}" for what in ("elsewhere", "dagster")]
        for name in names:
            execute(postgres_url, f"CREATE DATABASE {name}")
        made.extend(names)
        url, dagster = (with_database(postgres_url, name) for name in names)
        monkeypatch.setenv("HEATERS_HOME", str(tmp_path / names[0]))
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("HEATERS_DAGSTER_DATABASE_URL", dagster)
        if storage_url is None:
            monkeypatch.delenv("STORAGE_URL", raising=False)
        else:
            monkeypatch.setenv("STORAGE_URL", storage_url)
        get_settings.cache_clear()
        engines.append(open_engine(url))
        return engines[-1]

    yield go
    for engine in engines:
        engine.dispose()
    for name in made:
        execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def back_up_here(engine: Engine, tmp_path: Path) -> Callable[..., BackedUp]:
    """Backs the library of `engine` up into `tmp_path/backups`."""

    def backed_up(storage: Storage, **changes: object) -> BackedUp:
        options = {"dump": dump_of(engine), **changes}
        return back_up(engine, storage, tmp_path / "backups", **options)

    return backed_up


def library(engine: Engine, storage: Storage, folder: Path, count: int = 3) -> list[Clip]:
    """A video of `count` clips that have files; those of the video itself are there, too."""
    _, found = ready_video(engine, cuts=range(10, 10 * count, 10))
    for key in "sgp":
        (folder / key).write_bytes(key.encode() * 1000)
        storage.put(folder / key, key)
    for clip in found:
        export(engine, storage, folder, clip.id)
    return found


@contextmanager
def embedded_elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The settings name a home that has never been used, and nothing else."""
    home = Path(tempfile.mkdtemp(prefix="heaters-test-"))
    for name in ("DATABASE_URL", "STORAGE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HEATERS_HOME", str(home))
    get_settings.cache_clear()
    try:
        yield home
    finally:
        EmbeddedPostgres(home).stop()
        shutil.rmtree(home)


def test_a_library_restored_on_another_machine_is_the_same_and_goes_on(
    pipeline: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 60, (64, 36), scenes=(20, 40))
    here = open_pipeline(pipeline, get_settings())
    key = ingest(here, str(film)).key
    with here.transaction() as session:
        video = source_videos.get(session, key)
    first, second, third = live(pipeline, video)
    decide(pipeline, first, APPROVE)
    export_clips(here, key)
    take_keyframes(here, key)
    decide(pipeline, third, SKIP)

    made = heaters("backup", tmp_path / "backups")
    assert made.exit_code == 0, made.output
    rows_before, objects_before = rows(pipeline), objects(here.storage)
    assert f"the database and {len(objects_before)} objects" in made.stdout

    with embedded_elsewhere(monkeypatch) as home:
        done = heaters("restore", tmp_path / "backups")
        assert done.exit_code == 0, done.output
        engine = open_engine(ensure_database(get_settings()).heaters)
        there = open_pipeline(engine, get_settings())
        assert rows(engine) == rows_before
        assert objects(LocalStorage(home / "storage")) == objects_before
        with open_instance(get_settings()) as instance:
            assert instance.get_dynamic_partitions(str(heaters_videos.name)) == [key]

        undo(engine)
        for clip in (second, third):
            decide(engine, clip, APPROVE)
        export_clips(there, key)
        assert [clip.state for clip in live(engine, video)][1:] == [ClipState.EXPORTED] * 2
        assert heaters("backup", tmp_path / "from there").exit_code == 0
        refused = heaters("restore", tmp_path / "backups")
        assert refused.exit_code == 1
        assert "The database is not empty: it has" in refused.stderr
        engine.dispose()


def test_objects_are_copied_once_and_each_backup_stands_by_itself(
    engine: Engine, storage: LocalStorage, tmp_path: Path, back_up_here, go_elsewhere
) -> None:
    first_clip, *_ = library(engine, storage, tmp_path)
    first = back_up_here(storage)
    assert (first.objects, first.copied, first.troubles) == (6, 6, {})
    export(engine, storage, tmp_path, first_clip.id, made=b"made anew")
    second = back_up_here(storage)
    assert (second.objects, second.copied, second.copied_bytes) == (6, 1, 9)
    expected = rows(engine), objects(storage)
    shutil.rmtree(first.folder)
    there = go_elsewhere()
    done = heaters("restore", tmp_path / "backups")
    assert done.exit_code == 0, done.output
    assert (rows(there), objects(of_settings())) == expected
    home = get_settings().home
    assert [each for each in (home, *home.rglob("*")) if each.stat().st_mode & OF_OTHERS] == []


def test_from_a_bucket_to_a_folder_and_back(
    engine: Engine,
    s3_storage: S3Storage,
    s3_endpoint: str,
    tmp_path: Path,
    back_up_here,
    go_elsewhere,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library(engine, s3_storage, tmp_path)
    assert back_up_here(s3_storage).copied == 6
    assert back_up_here(s3_storage).copied == 0
    expected = rows(engine), objects(s3_storage)

    there = go_elsewhere()
    assert heaters("restore", tmp_path / "backups").exit_code == 0
    assert (rows(there), objects(of_settings())) == expected
    assert heaters("backup", tmp_path / "back").exit_code == 0

    bucket = f"back-{uuid.uuid4().hex[:8]}"
    s3_client(s3_endpoint).create_bucket(Bucket=bucket)
    monkeypatch.setenv("HEATERS_S3_ENDPOINT_URL", s3_endpoint)
    again = go_elsewhere(f"s3://{bucket}/library")
    done = heaters("restore", tmp_path / "back")
    assert done.exit_code == 0, done.output
    assert (rows(again), objects(of_settings())) == expected


def test_what_is_decided_while_a_backup_runs_is_in_the_next_one(
    pipeline: Engine, storage: LocalStorage, tmp_path: Path, back_up_here, go_elsewhere
) -> None:
    here = open_pipeline(pipeline, get_settings())
    _, second, third = library(pipeline, storage, tmp_path)
    with transaction(pipeline) as session:
        for clip in (second, third):
            session.get_one(Clip, clip.id).state = ClipState.PENDING_REVIEW
    decide(pipeline, second, APPROVE)
    before = rows(pipeline)
    url = pipeline.url.render_as_string(hide_password=False)

    def while_dumped(snapshot: str, file: Path) -> int:
        decide(pipeline, third, SKIP)
        version = dump(url, snapshot, file)
        undo(pipeline)
        delete_due(here)
        return version

    made = back_up_here(storage, dump=while_dumped)
    gone = f"clips/{third.id}/clip.mp4"
    assert (made.vanished, made.troubles) == ([gone], {})
    after = rows(pipeline)
    assert before["review_events"] != after["review_events"]

    there = go_elsewhere()
    done = heaters("restore", made.folder)
    assert done.exit_code == 1
    assert f"The storage has no object {gone!r}." in done.stderr
    assert rows(there) == before
    assert set(objects(of_settings())) == set(objects(storage))

    assert back_up_here(storage).troubles == {}
    there = go_elsewhere()
    assert heaters("restore", tmp_path / "backups").exit_code == 0
    assert rows(there) == after


def test_a_backup_that_is_killed_is_taken_for_none_and_the_next_one_goes_on(
    engine: Engine, storage: LocalStorage, tmp_path: Path, back_up_here
) -> None:
    library(engine, storage, tmp_path, count=9)
    root = tmp_path / "backups"
    url = engine.url.render_as_string(hide_password=False)
    code = f"""
import os, signal
from functools import partial
from pathlib import Path
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.platform.postgres_programs import dump
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.work.backup import back_up

def die(step, done):
    if done > 0.5:
        os.kill(os.getpid(), signal.SIGKILL)

storage = LocalStorage(Path({str(storage.root)!r}))
back_up(open_engine({url!r}), storage, Path({str(root)!r}), partial(dump, {url!r}), die)
"""
    killed = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = root.glob("*.partial")
    held = len((left / "objects.jsonl").read_text().splitlines())
    assert 0 < held <= 12
    for folder in (root, left):
        with pytest.raises(HeatersError, match=r"no finished backup|broken off"):
            open_backup(folder)
    with (left / "objects.jsonl").open("a") as lines:
        lines.write('["clips/9')  # a kill may cut a line short
    made = back_up_here(storage)
    assert (made.objects, made.copied) == (12, 12 - held)
    assert [path for path in root.iterdir() if path.name != ".lock"] == [made.folder]
    assert objects(open_backup(root).objects) == objects(storage)


def test_a_damaged_object_is_left_out_and_the_rest_restored(
    engine: Engine, storage: LocalStorage, tmp_path: Path, back_up_here, go_elsewhere
) -> None:
    clip, *_ = library(engine, storage, tmp_path)
    made = back_up_here(storage)
    damaged = made.folder / "objects" / "clips" / str(clip.id) / "clip.mp4"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1] + b"?")
    expected = objects(storage)
    key = f"clips/{clip.id}/clip.mp4"
    there = go_elsewhere()
    done = heaters("restore", tmp_path / "backups")
    assert done.exit_code == 1
    assert f"heaters: {key} is damaged in the backup.\n" in done.stderr
    del expected[key]
    assert objects(of_settings()) == expected
    assert rows(there) == rows(engine)


def test_an_object_that_is_damaged_in_the_storage_is_named(
    engine: Engine, storage: LocalStorage, tmp_path: Path, back_up_here
) -> None:
    """By the ledger, which has the digest of every object."""
    library(engine, storage, tmp_path)
    key = layout.gold_master("film", "ffv1", "0" * 16)
    with transaction(engine) as session, storage.fetch("g") as gold_master:
        video = session.scalars(sa.select(SourceVideo)).one()
        video.gold_master_filepath = key
        facts = StoredFacts(gold_master.stat().st_size, file_digest(gold_master))
        ledger.record(session, video.id, {key: facts})
        storage.put(gold_master, key)
    assert back_up_here(storage).troubles == {}
    storage.delete(key)
    (tmp_path / "damaged").write_bytes(b"?" * 1000)
    storage.put(tmp_path / "damaged", key)
    assert back_up_here(storage).troubles == {
        key: f"{key} is damaged in the storage: it is not what was put there."
    }


@pytest.mark.parametrize("name", ["database.dump", "objects.jsonl", "backup.json"])
def test_a_backup_whose_own_files_are_damaged_changes_nothing(
    name: str, engine: Engine, storage: LocalStorage, tmp_path: Path, back_up_here, go_elsewhere
) -> None:
    library(engine, storage, tmp_path)
    damaged = back_up_here(storage).folder / name
    damaged.write_bytes(damaged.read_bytes()[:-10])
    there = go_elsewhere()
    done = heaters("restore", tmp_path / "backups")
    assert done.exit_code == 1
    assert f"{damaged} is missing or damaged" in done.stderr.replace(
        "json is d", "json is missing or d"
    )
    assert objects(of_settings()) == {}
    with there.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []


def test_bytes_that_are_not_what_was_put_there_are_told_of(
    engine: Engine, storage: LocalStorage, tmp_path: Path, back_up_here
) -> None:
    clip, other, _ = library(engine, storage, tmp_path)
    keys = [f"clips/{each.id}/clip.mp4" for each in (clip, other)]
    with storage.fetch(keys[0]) as path:
        path.write_bytes(b"not this film")
    storage.delete(keys[1])
    made = back_up_here(storage)
    assert made.vanished == []
    assert made.troubles == {
        keys[0]: f"{keys[0]} is damaged in the storage: it is not what was put there.",
        keys[1]: f"The storage has no object {keys[1]!r}.",
    }


def test_only_an_empty_place_takes_a_backup(
    engine: Engine, storage: LocalStorage, tmp_path: Path, back_up_here, go_elsewhere
) -> None:
    library(engine, storage, tmp_path)
    made = back_up_here(storage)
    go_elsewhere()
    (tmp_path / "other").write_text("of somebody else")
    of_settings().put(tmp_path / "other", "clips/99/clip.mp4")
    refused = heaters("restore", tmp_path / "backups")
    assert refused.exit_code == 1
    assert "The storage is not empty: it has" in refused.stderr
    of_settings().delete("clips/99/clip.mp4")

    # What a restore left that was broken off is no obstacle; damaged bytes are put anew.
    backup = open_backup(made.folder)
    with backup.objects.fetch("s") as path:
        of_settings().put(shutil.copy(path, tmp_path / "copy"), "s")
    (tmp_path / "half").write_bytes(b"?" * 1000)
    of_settings().put(tmp_path / "half", "g")
    assert heaters("restore", tmp_path / "backups").exit_code == 0
    assert objects(of_settings()) == objects(storage)


def test_a_backup_of_a_newer_schema_is_refused(
    engine: Engine, storage: LocalStorage, tmp_path: Path, back_up_here, go_elsewhere
) -> None:
    description = back_up_here(storage).folder / "backup.json"
    described = json.loads(description.read_text())
    description.write_text(json.dumps({**described, "schema": "9999"}))
    there = go_elsewhere()
    refused = heaters("restore", tmp_path / "backups")
    assert refused.exit_code == 1
    assert "has the schema 9999, and this Heaters knows none after" in refused.stderr
    with there.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []


def test_a_backup_before_an_update_changes_nothing_and_is_brought_up_to_date_when_restored(
    tmp_path: Path, go_elsewhere
) -> None:
    old = go_elsewhere()
    execute(old.url.render_as_string(hide_password=False), (SCHEMAS / "0018.sql").read_text())
    (tmp_path / "clip").write_bytes(b"a clip")
    of_settings().put(tmp_path / "clip", "clips/2/clip.mp4")
    made = heaters("backup", tmp_path / "backups")
    assert made.exit_code == 1
    assert "The storage has no object 'videos/harbour-1/source-cccccccccc.mp4'." in made.stderr
    assert "1 object (0.0 MB)" in made.stdout
    with old.connect() as connection:
        assert migrate.revision(connection) == "0018"

    there = go_elsewhere()
    assert heaters("restore", tmp_path / "backups").exit_code == 1
    assert set(objects(of_settings())) == {"clips/2/clip.mp4"}
    with there.connect() as connection:
        assert migrate.differences(connection) == []
    with transaction(there) as session:
        assert source_videos.keys(session) == ["harbour-1", "lost-1", "waiting-1", "twin-1"]


def test_an_empty_database_is_no_library(tmp_path: Path, go_elsewhere) -> None:
    go_elsewhere()
    refused = heaters("backup", tmp_path / "backups")
    assert refused.exit_code == 1
    assert "The database has no tables of Heaters: there is nothing to back up." in refused.stderr
    with pytest.raises(HeatersError, match="no finished backup"):
        open_backup(tmp_path / "backups")


def test_a_storage_that_falters_is_asked_again_and_an_outage_costs_time_only(
    engine: Engine, s3_endpoint: str, tmp_path: Path, back_up_here
) -> None:
    with faulty_s3(s3_endpoint) as proxy:
        client = s3_client(proxy.url, patient=False)
        bucket = f"falters-{uuid.uuid4().hex[:8]}"
        client.create_bucket(Bucket=bucket)
        storage = S3Storage(client, bucket, "library", home=tmp_path / "s3-home")
        library(engine, storage, tmp_path, count=6)
        expected = objects(storage)

        def hits_first(method: str, path: str) -> bool:
            seen[path] += "/clips/" in path and method == "GET"
            return seen[path] == 1

        for fault in ("damaged", "cut"):
            seen: Counter[str] = Counter()
            proxy.fault, proxy.is_hit = fault, hits_first
            made = back_up(engine, storage, tmp_path / fault, dump_of(engine))
            assert proxy.hits[fault] == 6
            assert (made.troubles, made.copied) == ({}, 9)
            assert objects(open_backup(made.folder).objects) == expected

        proxy.fault, proxy.is_hit = "error 503", lambda _, path: path.endswith("/6/clip.mp4")
        with pytest.raises(Unavailable):
            back_up_here(storage)
        proxy.fault = None
        made = back_up_here(storage)
        assert made.objects == 9
        assert made.copied < 9
        assert objects(open_backup(made.folder).objects) == expected


def test_two_backups_never_write_at_once(tmp_path: Path) -> None:
    with (
        new_backup(tmp_path),
        pytest.raises(Conflict, match="Another process"),
        new_backup(tmp_path),
    ):
        pass
