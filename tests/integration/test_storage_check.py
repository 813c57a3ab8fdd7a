"""The storage against the rows: nothing orphaned, nothing missing."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import (
    clip_exports,
    clips,
    deletions,
    ledger,
    lost_objects,
    profiles,
    source_list,
    source_videos,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import storage_check_lock
from heaters_pipeline.db.models import ClipExport, PendingSource, SourceFacts, StoredObject
from heaters_pipeline.db.source_list import Choice
from heaters_pipeline.db.source_videos import PATH_OF_LOST
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.archive import Archived
from heaters_pipeline.domain.decisions import APPROVE, Group
from heaters_pipeline.domain.errors import Conflict, HeatersError, Unavailable
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.profiles import BUILT_IN, Groups
from heaters_pipeline.domain.retries import MOST_TRIES
from heaters_pipeline.domain.states import PREPROCESS, ClipState
from heaters_pipeline.domain.storage_check import (
    NOT_OURS,
    OBJECTS,
    Finding,
    Outcome,
    Trouble,
)
from heaters_pipeline.media.products.transcode import Product
from heaters_pipeline.orchestration.sensors import approved_clips, new_source_videos
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import Entry, LocalStorage, Storage
from heaters_pipeline.storage.s3 import S3Storage
from heaters_pipeline.work import storage_walk
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.objects import hashed, keep
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.storage_check import Checked, check_storage
from tests.decisions import decide
from tests.faulty_s3 import FaultyS3
from tests.footage import NumberedFilm
from tests.jobs import run_job, tick
from tests.made_once import Worlds
from tests.rows import add_keyframe, new_video, ready_video, to_delete

NO_GRACE = timedelta(0)
KINDS_MADE = set(Kind)


@pytest.fixture
def on_disk(pipeline: Engine) -> Pipeline:
    return open_pipeline(pipeline, get_settings())


@pytest.fixture(params=["on_disk", "on_s3"])
def work(request: pytest.FixtureRequest) -> Pipeline:
    return request.getfixturevalue(request.param)


def found(work: Pipeline, **options: Any) -> list[Finding]:
    findings: list[Finding] = []
    check_storage(work, findings.append, **{"grace": NO_GRACE, **options})
    return findings


def told(findings: list[Finding]) -> dict[str, tuple[Trouble, Outcome]]:
    assert len({each.key for each in findings}) == len(findings), "each is told once"
    return {each.key: (each.trouble, each.outcome) for each in findings}


@dataclass(frozen=True)
class World:
    """A film of three clips, two of them a group with a file of its own; all are in the library."""

    work: Pipeline
    key: str

    def objects(self) -> dict[Kind, list[str]]:
        by_kind: dict[Kind, list[str]] = {}
        for key in self.work.storage.list(""):
            kind = layout.kind(key)
            assert kind is not None
            by_kind.setdefault(kind, []).append(key)
        return by_kind

    def library_steps(self) -> None:
        assert export_clips(self.work, self.key).batch.failed == []
        assert take_keyframes(self.work, self.key).failed == []
        assert embed_clips(self.work, self.key).batch.failed == []

    def row(self) -> Any:
        with self.work.transaction() as session:
            return source_videos.get(session, self.key)


FILM = NumberedFilm(36, (12, 24), size=(64, 36))


def make_world(work: Pipeline, film: Path) -> str:
    """The film's key."""
    report = ingest(work, str(film))
    assert report.error is None
    with work.transaction() as session:
        ids = [clip.id for clip in clips.of_video(session, 1)]
        profiles.save(session, "delivery", replace(BUILT_IN["delivery"], groups=Groups.BOTH))
    decide(work.engine, ids[1], Group())
    decide(work.engine, ids[2], APPROVE)
    World(work, report.key).library_steps()
    return report.key


@pytest.fixture
def world(work: Pipeline, film_file: Path, worlds: Worlds) -> World:
    return World(work, worlds.fill(work, make_world, film_file))


def overwrite(storage: Storage, key: str, content: bytes, folder: Path) -> None:
    """Behind the ledger's back."""
    (folder / "other").write_bytes(content)
    storage.put(folder / "other", key)


def content(storage: Storage, key: str) -> bytes:
    return b"".join(storage.stream(key))


def test_what_the_pipeline_made_is_whole_and_what_is_lost_is_made_again(
    world: World, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    work, storage = world.work, world.work.storage
    objects = world.objects()
    assert objects.keys() == KINDS_MADE
    everything = sorted(key for keys in objects.values() for key in keys)
    for options in ({}, {"deep": True}, {"fix": True}):
        assert found(work, **options) == []
    with work.transaction() as session:
        rows = session.scalars(sa.select(StoredObject)).all()
    assert sorted(row.path for row in rows) == everything
    assert all(row.sha256 for row in rows)
    assert {row.etag is None for row in rows} == {isinstance(storage, LocalStorage)}

    # Gone, of another size, or of other bytes: what has no original is one kind of trouble after
    # the other's.
    (file, group), (still, *_) = sorted(objects[Kind.CLIP])[::3], objects[Kind.KEYFRAME]
    (proxy,), (sound,), (sheets,) = (
        objects[kind] for kind in (Kind.REVIEW_PROXY, Kind.PROXY_AUDIO, Kind.SPRITES)
    )
    (scores,), (evidence,) = objects[Kind.FRAME_SCORES], objects[Kind.CUT_EVIDENCE]
    storage.delete(file, group, still, evidence, sheets)
    overwrite(storage, proxy, b"too short", tmp_path)
    overwrite(storage, scores, content(storage, scores)[::-1], tmp_path)
    gone = dict.fromkeys((file, group, still, evidence, sheets), Trouble.MISSING)
    lost = gone | {proxy: Trouble.OTHER_SIZE, scores: Trouble.OTHER_BYTES}
    assert told(found(work, deep=True)) == {
        key: (trouble, Outcome.TO_FIX) for key, trouble in lost.items()
    }
    if not isinstance(storage, LocalStorage):
        assert told(found(work)).keys() == lost.keys(), "its ETag is another"
    assert told(found(work, deep=True, fix=True)) == {
        key: (trouble, Outcome.REMADE) for key, trouble in lost.items()
    }
    assert storage.exists(sound)

    (run_key,) = tick(new_source_videos, instance)
    assert world.row().lost_products == [Product.FRAME_SCORES, Product.REVIEW_PROXY]
    made = [Product.FRAME_SCORES.value, Product.REVIEW_PROXY.value]
    assert run_job(instance, "ingest", world.key, made, {"dagster/run_key": run_key}).success
    assert (world.row().lost_products, world.row().state) == (None, "ready")
    assert tick(new_source_videos, instance) == []
    tick(approved_clips, instance)
    world.library_steps()
    assert world.row().cut_evidence_filepath is None, "whoever looks for cuts gathers it"
    assert found(work, deep=True) == []
    kinds = {kind: len(keys) for kind, keys in objects.items() if kind is not Kind.CUT_EVIDENCE}
    assert {kind: len(keys) for kind, keys in world.objects().items()} == kinds


def test_what_nothing_makes_again_is_an_alarm(world: World, tmp_path: Path) -> None:
    work, storage = world.work, world.work.storage
    objects = world.objects()
    (source,), (gold,), (sums,) = (
        objects[kind] for kind in (Kind.SOURCE, Kind.GOLD_MASTER, Kind.FRAME_CHECKSUMS)
    )
    storage.delete(source, sums)
    overwrite(storage, gold, b"no film", tmp_path)
    alarms = {
        source: (Trouble.MISSING, Outcome.ALARM),
        sums: (Trouble.MISSING, Outcome.ALARM),
        gold: (Trouble.OTHER_SIZE, Outcome.ALARM),
    }
    assert told(found(work)) == alarms
    assert told(found(work, fix=True)) == alarms
    assert to_delete(work.engine) == set()


def test_a_person_is_told_in_sentences_and_by_the_exit_status(world: World, tmp_path: Path) -> None:
    if isinstance(world.work.storage, S3Storage):
        pytest.skip("one storage is enough for words")
    with world.work.engine.begin() as connection:
        connection.execute(sa.text("UPDATE stored_objects SET entered_at = now() - interval '2d'"))
    objects = world.objects()
    count = sum(map(len, objects.values()))
    still, source = objects[Kind.KEYFRAME][0], objects[Kind.SOURCE][0]

    def run(*options: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["storage", "check", *options])
        return result.exit_code, result.stdout

    assert run() == (0, f"{count} objects looked at: nothing is wrong.\n")
    world.work.storage.delete(still)
    status, output = run()
    assert status == 0
    assert output == (
        f"{still} is gone from the storage: --fix has it made again.\n"
        f"{count - 1} objects looked at: 1 gone; 1 can be mended with --fix.\n"
    )
    world.work.storage.delete(source)
    status, output = run("--fix", "--json")
    assert status == 1
    result = json.loads(output)
    assert result["tally"] == {"objects": count - 2, "missing": 2, "remade": 1, "alarm": 1}
    assert [each["key"] for each in result["findings"]] == [still, source]
    assert result["findings"][1]["sentence"] == (
        f"{source} is gone from the storage: fetch the video again, or put the file back from a "
        "backup."
    )


def test_what_no_row_names_is_deleted_and_what_is_not_ours_stays(
    work: Pipeline, tmp_path: Path
) -> None:
    video = new_video(work.engine)
    (tmp_path / "file").write_bytes(b"five!")
    named = layout.source(video.key, "upload", ".mp4")
    left = layout.gold_master(video.key, "1f", "2e")
    keep(work, video.id, {key: hashed(tmp_path / "file") for key in (named, left)})
    with work.transaction() as session:
        source_videos.record(session, video.key, {"source_filepath": named})
    orphans = [layout.source("gone", "3d", ".mp4"), "clips/77/clip.mp4"]
    foreign = ["notes/clip.mp4", "videos/readme.txt", "~"]
    for key in (*orphans, *foreign):
        work.storage.put(tmp_path / "file", key)
    doomed = layout.keyframe(77, 1, "0123456789")
    work.storage.put(tmp_path / "file", doomed)
    with work.transaction() as session:
        deletions.enter(session, [doomed], "gone")

    assert found(work, grace=timedelta(days=1)) == [], "they may be on their way"
    wrong = dict.fromkeys(orphans, Trouble.ORPHAN) | {left: Trouble.LEFT_OVER}
    assert told(found(work)) == {key: (each, Outcome.TO_FIX) for key, each in wrong.items()}
    findings: list[Finding] = []
    checked = check_storage(work, findings.append, fix=True, grace=NO_GRACE)
    assert told(findings) == {key: (each, Outcome.REMOVED) for key, each in wrong.items()}
    assert checked == Checked(
        {
            OBJECTS: 8,
            NOT_OURS: 3,
            Trouble.ORPHAN: 2,
            Trouble.LEFT_OVER: 1,
            Outcome.REMOVED: 3,
        },
        deleted=4,
    )
    assert work.storage.list("") == sorted([named, *foreign])
    assert found(work) == []


def begin_upload(storage: Storage, key: str) -> None:
    if isinstance(storage, S3Storage):
        place = {"Bucket": storage._bucket, "Key": f"library/{key}"}
        storage._client.create_multipart_upload(**place)
    else:
        partial = Path(f"{storage.address(key)}.0123abcd.partial")
        partial.parent.mkdir(parents=True)
        partial.touch()


def test_uploads_that_were_broken_off_are_ended(work: Pipeline, tmp_path: Path) -> None:
    key, other = layout.gold_master("a", "1f", "2e"), "elsewhere/film.mkv"
    for each in (key, other):
        begin_upload(work.storage, each)
    if isinstance(work.storage, LocalStorage):  # the S3 of tests dates all uploads to 2010
        assert found(work, grace=timedelta(days=1)) == [], "it may be under way"
    assert told(found(work)) == {key: (Trouble.UNFINISHED, Outcome.TO_FIX)}
    assert told(found(work, fix=True)) == {key: (Trouble.UNFINISHED, Outcome.REMOVED)}
    assert [each.key for each in work.storage.unfinished()] == [other]


def test_what_rows_name_is_entered_in_the_ledger(work: Pipeline, tmp_path: Path) -> None:
    video, lost = new_video(work.engine), new_video(work.engine, "film-2")
    path, gone = layout.source(video.key, "1f", ".mp4"), layout.source(lost.key, "2e", ".mp4")
    (tmp_path / "file").write_bytes(b"five!")
    work.storage.put(tmp_path / "file", path)
    with work.transaction() as session:
        source_videos.record(session, video.key, {"source_filepath": path})
        source_videos.record(session, lost.key, {"source_filepath": gone})
    assert told(found(work)) == {gone: (Trouble.MISSING, Outcome.ALARM)}
    with work.transaction() as session:
        assert ledger.by_kind(session, [video.id, lost.id]) == {video.id: {Kind.SOURCE: 5}}


def test_a_disk_that_can_not_read_an_object_has_lost_it(
    on_disk: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = store(on_disk, tmp_path, 2)
    stream = LocalStorage.stream

    def fail(storage: LocalStorage, key: str) -> Iterator[bytes]:
        if key == first:
            raise OSError(errno.EIO, "Input/output error")
        return stream(storage, key)

    monkeypatch.setattr(LocalStorage, "stream", fail)
    assert told(found(on_disk, deep=True)) == {first: (Trouble.OTHER_BYTES, Outcome.ALARM)}
    assert on_disk.storage.exists(second)


def test_an_older_object_gets_its_digest_when_it_is_read(on_disk: Pipeline, tmp_path: Path) -> None:
    (path,) = store(on_disk, tmp_path, 1)
    with on_disk.engine.begin() as connection:
        connection.execute(sa.text("UPDATE stored_objects SET sha256 = NULL"))
    assert found(on_disk, deep=True) == []
    overwrite(on_disk.storage, path, b"FIVE!", tmp_path)
    assert found(on_disk) == [], "a folder has no ETags"
    assert told(found(on_disk, deep=True)) == {path: (Trouble.OTHER_BYTES, Outcome.ALARM)}


def store(work: Pipeline, folder: Path, count: int) -> list[str]:
    """Objects that rows name, in order."""
    (folder / "file").write_bytes(b"five!")
    paths = []
    for number in range(count):
        video = new_video(work.engine, f"film-{number:03}")
        path = layout.source(video.key, "1f", ".mp4")
        keep(work, video.id, {path: hashed(folder / "file")})
        with work.transaction() as session:
            source_videos.record(session, video.key, {"source_filepath": path})
        paths.append(path)
    return paths


def test_a_check_that_breaks_off_goes_on_where_it_was(
    on_s3: Pipeline, s3: FaultyS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = store(on_s3, tmp_path, 9)
    on_s3.storage.delete(paths[1], paths[7])
    monkeypatch.setattr(storage_walk, "PIECE", 2)
    first: list[Finding] = []

    def fall_silent(finding: Finding) -> None:
        first.append(finding)
        s3.fault = "error 503"

    with pytest.raises(Unavailable):
        check_storage(on_s3, fall_silent, grace=NO_GRACE)
    assert [each.key for each in first] == [paths[1]]
    s3.fault = None
    listed: list[str] = []
    s3.on_request = lambda _method, path: listed.append(path) if "list-type" in path else None
    rest: list[Finding] = []
    checked = check_storage(on_s3, rest.append, grace=NO_GRACE)
    assert [each.key for each in rest] == [paths[7]], "what was looked at is not looked at again"
    assert f"start-after=library%2F{paths[5].replace('/', '%2F')}" in listed[0]
    assert (checked.tally[OBJECTS], checked.tally[Trouble.MISSING]) == (7, 2), "all its parts"
    again: list[Finding] = []
    check_storage(on_s3, again.append, grace=NO_GRACE)
    assert [each.key for each in again] == [paths[1], paths[7]], "a whole one begins anew"


def test_work_that_goes_on_meanwhile_is_no_trouble(
    on_disk: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing and the ledger are never read at one moment."""
    first, gone, unlisted = store(on_disk, tmp_path, 3)
    video = new_video(on_disk.engine, "film-late")
    late, later = (layout.source(video.key, name, ".mp4") for name in ("1f", "upload"))
    entries = LocalStorage.entries

    def entries_before(storage: LocalStorage, after: str = "") -> Iterator[Entry]:
        listed = [each for each in entries(storage, after) if each.key != unlisted]
        with on_disk.transaction() as session:
            source_videos.record(session, "film-001", {"source_filepath": None})
        storage.delete(gone)
        yield from [*listed, *(listed[0]._replace(key=key) for key in (late, later))]
        keep(on_disk, video.id, {late: hashed(tmp_path / "file")})
        storage.put(tmp_path / "file", later)
        copy: PendingSource = {"path": later, "sha256": "2e", "quality": None}
        with on_disk.transaction() as session:
            facts: SourceFacts = {"source_filepath": late, "pending_source": copy}
            source_videos.record(session, video.key, facts)

    monkeypatch.setattr(LocalStorage, "entries", entries_before)
    assert found(on_disk, fix=True) == []
    assert on_disk.storage.list("") == [first, unlisted, late, later]


def test_only_one_process_checks_at_a_time(on_disk: Pipeline) -> None:
    entered, over = threading.Event(), threading.Event()

    def hold() -> None:
        with storage_check_lock(on_disk.engine):
            entered.set()
            over.wait()

    other = threading.Thread(target=hold)
    other.start()
    entered.wait()
    try:
        with pytest.raises(Conflict, match="Another process is checking"):
            found(on_disk)
    finally:
        over.set()
        other.join()
    assert found(on_disk) == []


def test_another_storage_or_another_database_is_refused(on_disk: Pipeline, tmp_path: Path) -> None:
    paths = store(on_disk, tmp_path, 2)
    elsewhere = replace(on_disk, storage=LocalStorage(tmp_path / "not mounted"))
    with pytest.raises(HeatersError, match=r"none of 2 objects .*: check STORAGE_URL"):
        found(elsewhere, fix=True)
    orphans = [layout.clip_file(number) for number in range(3)]
    for key in orphans:
        on_disk.storage.put(tmp_path / "file", key)
    with pytest.raises(HeatersError, match="no row in this database: check DATABASE_URL"):
        found(on_disk, fix=True)
    assert to_delete(on_disk.engine) == set()
    assert on_disk.storage.list("") == sorted([*orphans, *paths])


def test_a_listing_is_in_the_order_of_keys_and_begins_anywhere(
    work: Pipeline, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    keys = ["a", "a-b", "a.b", "a/b", "a/c/d", "a/c-d", "a0", "b/é/x", "b/z", "b/\U0001f3ac", "B/a"]
    keys = [f"{key}/object" if key == "a" else key for key in keys]
    for key in keys:
        work.storage.put(tmp_path / "file", key)
    inorder = sorted(keys)
    assert [each.key for each in work.storage.entries()] == inorder
    for number, key in enumerate(inorder):
        rest = [each.key for each in work.storage.entries(key)]
        assert rest == inorder[number + 1 :], key
    assert [each.key for each in work.storage.entries("a/c")] == inorder[inorder.index("a/c-d") :]


def test_dagster_shows_what_is_lost_and_what_is_waste(
    on_s3: Pipeline, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """It deletes by itself what its own rows say that nobody needs, and nothing else."""

    def check() -> dict[str, tuple[bool, str, Any]]:
        done = run_job(instance, "storage", None)
        assert done.success
        return {
            each.check_name: (each.passed, each.severity.value, each.metadata["first"].value)
            for each in done.get_asset_check_evaluations()
        }

    lost, named = store(on_s3, tmp_path, 2)
    assert check() == {
        "nothing_is_missing": (True, "WARN", []),
        "nothing_is_orphaned": (True, "WARN", []),
    }
    left, doomed, broken_off = (layout.clip_file(number) for number in (9, 10, 11))
    keep(on_s3, 1, {left: hashed(tmp_path / "file")})
    on_s3.storage.put(tmp_path / "file", doomed)
    on_s3.storage.delete(lost)
    begin_upload(on_s3.storage, broken_off)
    with on_s3.transaction() as session:
        deletions.enter(session, [doomed], "gone")
        session.execute(sa.text("UPDATE stored_objects SET entered_at = now() - interval '2d'"))
    missing, orphaned = check().values()
    assert missing[:2] == (False, "ERROR")
    assert orphaned[:2] == (False, "WARN")
    assert [each.split()[0] for each in (*missing[2], *orphaned[2])] == [lost, broken_off]
    assert on_s3.storage.list("") == [named]
    assert [each.key for each in on_s3.storage.unfinished()] == [broken_off]


def test_a_lost_product_is_tried_again_and_not_for_ever(
    engine: Engine,
) -> None:
    video, _ = ready_video(engine)
    unready = new_video(engine, "film-2")

    def lost() -> list[tuple[str, int, list[str]]]:
        with transaction(engine) as session:
            session.execute(sa.text("UPDATE source_videos SET retry_at = now()"))
            return lost_objects.due(session, 9)

    with transaction(engine) as session:
        assert lost_objects.remake(session, video.id, Kind.REVIEW_PROXY)
        assert lost_objects.remake(session, video.id, Kind.REVIEW_PROXY)
    assert lost() == [(video.key, 1, ["review_proxy"])]
    with transaction(engine) as session:
        source_videos.put_back(session, video.key, "The storage does not answer.", pause=None)
    assert lost() == [(video.key, 2, ["review_proxy"])]
    with transaction(engine) as session:
        source_videos.put_back_left(session, video.key, 2, "The run died.")
        assert source_videos.get(session, video.key).tries == 1
    for attempt in range(3, MOST_TRIES + 2):
        assert lost() == [(video.key, attempt, ["review_proxy"])]
        with transaction(engine) as session:
            source_videos.begin(session, video.key, PREPROCESS)
            source_videos.try_later(session, video.key, PREPROCESS, "Cut off.")
    assert lost() == []
    with transaction(engine) as session:
        now = source_videos.get(session, video.key)
        assert (now.state, now.error, now.lost_products) == ("ready", "Cut off.", None)
        assert lost_objects.remake(session, video.id, Kind.FRAME_SCORES), "the next check asks"
        waiting = source_list.newest_first(session, Choice.WAITING, "", 9, 0)
        assert [each.key for each in waiting] == [unready.key, video.key]
        source_videos.cancel(session, video.key)
        assert source_videos.get(session, video.key).lost_products is None
        assert not lost_objects.remake(session, unready.id, Kind.FRAME_SCORES)


def test_what_nothing_would_make_is_left_as_it_is(engine: Engine) -> None:
    """As where the gold master is in the cold: what is lost is an alarm, and no row waits."""
    video, (clip, *_) = ready_video(engine)
    file, still = layout.clip_file(clip.id), layout.keyframe(clip.id, 3, "0123456789")

    def is_made(kind: Kind, path: str) -> bool:
        lost = StoredObject(path=path, source_video_id=video.id, kind=kind, bytes=1)
        with transaction(engine) as session:
            return lost_objects.make_again(session, lost)

    with transaction(engine) as session:
        now = clips.get(session, clip.id)
        now.state, now.is_virtual = ClipState.EMBEDDED, False
        now.clip_filepath, now.exported_frames = file, clip.frames.as_json()
        now.keyframes_basis = "as it was"
        add_keyframe(session, clip.id, 3, still)
        session.add(
            ClipExport(
                clip_id=clip.id,
                profile="delivery",
                profile_hash="as it was",
                filepath=file,
                exported_frames=clip.frames.as_json(),
            )
        )
        film = source_videos.get(session, video.key)
        film.archived, film.archived_at = Archived.COLD, film.created_at
    made = {Kind.CLIP: file, Kind.KEYFRAME: still, Kind.REVIEW_PROXY: "p", Kind.FRAME_SCORES: "f"}
    assert {kind for kind, path in made.items() if is_made(kind, path)} == set()
    with transaction(engine) as session:
        export = clip_exports.get(session, clip.id, "delivery")
        now = clips.get(session, clip.id)
        assert (export.profile_hash, now.keyframes_basis) == ("as it was", "as it was")
        assert now.attempt == clip.attempt
        film = source_videos.get(session, video.key)
        assert film.lost_products is None
        film.archived = film.archived_at = None
    assert {kind for kind, path in made.items() if is_made(kind, path)} == set(made)


def test_lost_products_are_those_of_the_transcode() -> None:
    assert set(PATH_OF_LOST) == set(Product) - {Product.GOLD_MASTER}
