"""Copies of a bucket's objects on this machine."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import source_videos
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import ObjectMissing
from heaters_pipeline.storage.cache import CacheLimits, ObjectCache
from heaters_pipeline.storage.cached_s3 import CachedS3Storage
from heaters_pipeline.storage.s3 import s3_client
from heaters_pipeline.work.checks import gold_master_equals_source
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests.decisions import decide, live
from tests.faulty_s3 import FaultyS3
from tests.footage import make_numbered_film

SIZE = 1000
MANY = CacheLimits(10**9)

Machine = Callable[..., CachedS3Storage]


@pytest.fixture
def machine(s3: FaultyS3, tmp_path: Path) -> Machine:
    """The bucket as the machine of a name sees it."""
    bucket = str(get_settings().storage_url).split("/")[2]

    def see(name: str = "this", limits: CacheLimits = MANY) -> CachedS3Storage:
        client = s3_client(s3.url, patient=False)
        return CachedS3Storage(client, bucket, "library", home=tmp_path / name, cache=limits)

    return see


def made(folder: Path, number: int) -> tuple[Path, str]:
    """A file, and a key with its digest."""
    path = folder / f"made-{number}"
    path.write_bytes(hashlib.sha256(bytes([number])).digest() * (SIZE // 32) + bytes(SIZE % 32))
    name = layout.name_of(hashlib.sha256(path.read_bytes()).hexdigest())
    return path, layout.source("v1", name, ".mp4")


def content(storage: CachedS3Storage, key: str) -> bytes:
    with storage.fetch(key) as path:
        return path.read_bytes()


def test_an_object_travels_to_each_machine_once(
    machine: Machine, s3: FaultyS3, tmp_path: Path
) -> None:
    here, there = machine("here"), machine("there")
    path, key = made(tmp_path, 1)
    here.put(path, key)
    assert content(here, key) == path.read_bytes()
    assert s3.bytes_down == 0
    assert (here.is_near(key), there.is_near(key)) == (True, False)
    for _ in range(3):
        assert content(there, key) == path.read_bytes()
    assert s3.bytes_down == SIZE
    assert there.is_near(key)
    with there.fetch(key) as copy:
        assert copy.suffix == ".mp4"
    here.delete(key)
    assert not here.is_near(key)
    with pytest.raises(ObjectMissing):
        content(here, key)


def test_what_is_no_object_of_the_pipeline_is_not_kept(
    machine: Machine, s3: FaultyS3, tmp_path: Path
) -> None:
    path, _ = made(tmp_path, 1)
    machine().put(path, "doctor/round-trip")
    assert content(machine(), "doctor/round-trip") == path.read_bytes()
    assert s3.bytes_down == SIZE
    assert not machine().is_near("doctor/round-trip")


def test_what_arrives_damaged_is_an_error_and_not_kept(
    machine: Machine, s3: FaultyS3, tmp_path: Path
) -> None:
    path, key = made(tmp_path, 1)
    machine("elsewhere").put(path, key)
    here = machine()
    (tmp_path / "other").write_bytes(bytes(SIZE))
    machine("elsewhere")._client.upload_file(str(tmp_path / "other"), **here._name(key))
    with pytest.raises(HeatersError, match="not what was put there"):
        content(here, key)
    assert not here.is_near(key)


def test_the_least_recently_used_go_first_and_none_that_somebody_reads(
    machine: Machine, tmp_path: Path
) -> None:
    storage = machine(limits=CacheLimits(5 * SIZE))
    files = [made(tmp_path, number) for number in range(7)]
    for path, key in files[:4]:
        storage.put(path, key)
    with storage.fetch(files[0][1]) as read:
        for _, key in files[1:3]:
            content(storage, key)
        for path, key in files[4:6]:
            storage.put(path, key)
        near = [storage.is_near(key) for _, key in files]
        assert near == [True, False, True, False, True, True, False]
        assert storage.cache.size() <= 5 * SIZE
        assert read.read_bytes() == files[0][0].read_bytes()
    large = tmp_path / "large"
    large.write_bytes(bytes(6 * SIZE))
    storage.put(large, layout.source("v1", "upload", ".mp4"))
    assert sum(storage.is_near(key) for _, key in files) == sum(near), "it would take all others'"


def test_what_was_deleted_takes_no_room(machine: Machine, tmp_path: Path) -> None:
    storage = machine(limits=CacheLimits(5 * SIZE))
    stays, goes = made(tmp_path, 1), made(tmp_path, 2)
    storage.put(*stays)
    for _ in range(10):
        storage.put(*goes)
        storage.delete(goes[1])
    assert storage.is_near(stays[1])


def test_the_cache_gives_way_where_the_disk_is_full(machine: Machine, tmp_path: Path) -> None:
    path, key = made(tmp_path, 1)
    storage = machine()
    storage.put(path, key)
    storage.make_room(0)
    assert storage.is_near(key)
    storage.make_room(10**18)
    assert not storage.is_near(key)
    machine(limits=CacheLimits(10**9, keep_free=10**18)).put(path, key)
    assert not storage.is_near(key)


def test_a_file_stays_while_another_process_reads_it(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path, MANY)
    path, name = made(tmp_path, 1)[0], "one"
    cache.add(name, path)
    fork = multiprocessing.get_context("fork")
    reads = fork.Event()
    reader = fork.Process(target=read_for_ever, args=(tmp_path, name, reads))
    reader.start()
    try:
        assert reads.wait(60)
        cache.make_room(10**18)
        cache.drop(name)
        assert cache.has(name)
    finally:
        reader.kill()
        reader.join()
    cache.make_room(10**18)
    assert not cache.has(name)


def read_for_ever(home: Path, name: str, reads: Event) -> None:
    file = ObjectCache(home, MANY).open(name)
    assert file is not None
    reads.set()
    time.sleep(600)


def test_killed_processes_leave_whole_files_and_no_others(tmp_path: Path) -> None:
    """Several put the same files there at once, into less room than they take."""
    files = tmp_path / "files"
    files.mkdir()
    whole = [made(files, number)[0] for number in range(20)]
    limits = CacheLimits(8 * SIZE)
    cache = ObjectCache(tmp_path, limits)
    workers = []
    for _ in range(3):
        if (worker := os.fork()) == 0:
            while True:
                for path in whole:
                    with suppress(AssertionError):
                        cache.add(path.name, path)
                        held = cache.open(path.name)
                        if held:
                            held.close()
        workers.append(worker)
    for worker in workers:
        time.sleep(0.1)
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
    cache.add("last", whole[0])
    found = {path.name: path.read_bytes() for path in cache.root.glob("[!.]*")}
    assert found.pop("last") == whole[0].read_bytes()
    assert found
    for name, there in found.items():
        assert there == (files / name).read_bytes()
    assert cache.size() <= limits.most_bytes
    assert not list((tmp_path / "scratch").glob("[!.]*"))


@pytest.fixture
def work(pipeline: Engine, machine: Machine) -> Pipeline:
    return replace(open_pipeline(pipeline, get_settings()), storage=machine())


def test_a_whole_path_fetches_nothing_that_was_made_here(
    work: Pipeline, machine: Machine, s3: FaultyS3, tmp_path: Path
) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 60, (64, 36), scenes=(20, 40))
    key = ingest(work, str(film)).key
    with work.transaction() as session:
        video = source_videos.get(session, key)
    first, *_ = clips = live(work.engine, video)
    decide(work.engine, first, APPROVE)
    assert export_clips(work, key).batch.done == [first.id]
    assert take_keyframes(work, key).done == [first.id]
    assert gold_master_equals_source(work, key).passed
    assert s3.bytes_down == 0

    with work.storage.fetch(str(video.gold_master_filepath)) as copy:
        spoilt = bytearray(copy.read_bytes())
    spoilt[len(spoilt) // 2 :] = bytes(len(spoilt) - len(spoilt) // 2)
    copy.write_bytes(spoilt)
    for clip in clips[1:]:
        decide(work.engine, clip, APPROVE)
    assert export_clips(work, key).batch.failed == []
    assert s3.bytes_down == len(spoilt), "the damaged copy was replaced"

    elsewhere = replace(work, storage=machine("elsewhere"))
    assert take_keyframes(elsewhere, key).failed == []
