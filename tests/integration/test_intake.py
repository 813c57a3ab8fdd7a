"""What operators name, and what becomes of it: files, folders, addresses, duplicates, better
copies, cancelling."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import (
    clip_counts,
    clips,
    ledger,
    review_queue,
    reviews,
    source_videos,
    undoing,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.db.models import PendingSource, SourceVideo
from heaters_pipeline.db.source_videos import CANCELLED
from heaters_pipeline.domain import film_limits
from heaters_pipeline.domain.decisions import APPROVE, SKIP
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.quality import shortfall
from heaters_pipeline.domain.states import DETECT_SCENES, DOWNLOAD, PREPROCESS, SourceState
from heaters_pipeline.orchestration.foreground import ingest_in_foreground
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.orchestration.sensors import new_source_videos
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import Storage
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.pipeline import open_pipeline
from heaters_pipeline.work.register import add_source, add_upload, upload_key
from heaters_pipeline.work.watched_folder import SETTLED_SECONDS, add_settled
from tests.footage import NumberedFilm, make_numbered_film, remake
from tests.jobs import STORE, run_job
from tests.rows import new_video, ready_video
from tests.site import Site
from tests.site import test_site as web_site
from tests.waiting import until

pytestmark = pytest.mark.long

FRAMES = 60
FILM = NumberedFilm(FRAMES, scenes=(30,), name="walk.mp4")


@pytest.fixture(scope="module")
def long_film(film_file: Path) -> Path:
    """One that takes half a minute to transcode."""
    return remake(film_file, film_file.with_name("long.mp4"), times=301, c="copy")


def row(engine: Engine, key: str) -> SourceVideo:
    with transaction(engine) as session:
        return source_videos.get(session, key)


def rows(engine: Engine) -> list[SourceVideo]:
    with transaction(engine) as session:
        return list(source_videos.newest_first(session))


def recorded(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return dict(connection.execute(sa.text("SELECT path, bytes FROM stored_objects")).all())


def scratch_files() -> list[Path]:
    scratch = get_settings().home / "scratch"
    return [path for path in scratch.rglob("*") if path.is_file() and path.name != ".lock"]


def test_a_folder_adds_the_videos_in_it_and_nothing_else(
    pipeline: Engine, film_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "holiday"
    (folder / "day 2").mkdir(parents=True)
    for name in ("b.mp4", "A.MKV", "day 2/c.mov", "notes.txt", ".hidden.mp4", "half.mp4.part"):
        (folder / name).write_bytes(name.encode())
    result = CliRunner().invoke(main, ["add", str(folder)])
    assert result.exit_code == 0, result.output
    assert sorted(video.title for video in rows(pipeline)) == ["A", "b", "c"]
    again = CliRunner().invoke(main, ["add", str(folder)])
    assert again.output.count("known already") == 3
    empty = CliRunner().invoke(main, ["add", str(folder / "day 2" / "..")])
    assert empty.exit_code == 0
    (folder / "day 2" / "c.mov").unlink()
    none = CliRunner().invoke(main, ["add", str(folder / "day 2")])
    assert none.exit_code == 1
    assert "has no videos" in none.output


def test_a_list_is_added_line_by_line_and_what_is_wrong_is_said(pipeline: Engine) -> None:
    lines = "https://example.org/a\n\nHTTPS://Example.org:443/a\nhttps://example.org/b\nbad\0path\n"
    result = CliRunner().invoke(main, ["add", "-"], input=lines)
    assert result.exit_code == 1
    assert "1 of 4 could not be added" in result.output
    assert {video.url for video in rows(pipeline)} == {
        "https://example.org/a",
        "https://example.org/b",
    }


def test_a_watched_folder_adds_what_has_settled_once(
    pipeline: Engine, film_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    shutil.copy2(film_file, folder / "one.mp4")  # with its old time of change
    now = time.time()
    assert add_settled(pipeline, folder, now) == ([], [])
    settled = now + SETTLED_SECONDS + 1
    assert add_settled(pipeline, folder, settled) == (["one"], [])
    assert add_settled(pipeline, folder, settled) == ([], [])
    (folder / "one.mp4").write_bytes(b"another film of the same name")
    assert add_settled(pipeline, folder, settled + SETTLED_SECONDS) == (["one"], [])
    assert len(rows(pipeline)) == 2


def test_a_name_that_nobody_can_write_keeps_no_other_file_out(
    pipeline: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "good.mp4").write_bytes(b"good")
    Path(os.fsdecode(bytes(folder) + b"/bad\xff.mp4")).write_bytes(b"bad")
    added, unreadable = add_settled(pipeline, folder, time.time() + SETTLED_SECONDS + 1)
    assert added == ["good"]
    assert len(unreadable) == 1
    assert "not UTF-8" in unreadable[0]


def test_the_same_bytes_under_another_name_are_reported_and_not_ingested_twice(
    pipeline: Engine,
    storage: Storage,
    instance: dg.DagsterInstance,
    film_file: Path,
    tmp_path: Path,
) -> None:
    first = ingest_in_foreground(pipeline, instance, str(film_file))
    assert first.error is None
    objects = storage.list("")
    renamed = tmp_path / "another name.mp4"
    renamed.write_bytes(film_file.read_bytes())
    for changed in (True, False):
        again = ingest_in_foreground(pipeline, instance, str(renamed))
        assert (again.state, again.same_as, again.error) == ("duplicate", first.key, None)
        assert (again.changed, again.clip_count) == (changed, 0)
    assert storage.list("") == objects
    assert scratch_files() == []
    result = run_job(instance, "ingest", again.key)
    assert result.success
    assert not result.get_asset_materialization_events()


def test_a_failed_original_keeps_nobody_from_trying(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path, tmp_path: Path
) -> None:
    """Two rows of the same bytes, of which none was fetched: the first to come is the original."""
    twins = [tmp_path / name for name in ("one.mp4", "two.mp4")]
    for twin in twins:
        twin.write_bytes(film_file.read_bytes())
        with transaction(pipeline) as session:
            add_source(session, str(twin))
    second, first = (ingest_in_foreground(pipeline, instance, str(twin)) for twin in twins[::-1])
    assert (second.state, first.state) == ("ready", "duplicate")


def test_the_same_bytes_at_two_addresses_are_one_video(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path, web_folder: tuple[str, Path]
) -> None:
    address, folder = web_folder
    for name in ("one.mp4", "two.mp4"):
        (folder / name).write_bytes(film_file.read_bytes())
    one = ingest_in_foreground(pipeline, instance, f"{address}/one.mp4")
    two = ingest_in_foreground(pipeline, instance, f"{address}/two.mp4")
    assert (one.state, two.state, two.same_as) == ("ready", "duplicate", one.key)


def test_an_upload_is_probed_and_ingested_from_the_storage(
    pipeline: Engine,
    storage: Storage,
    instance: dg.DagsterInstance,
    film_file: Path,
    tmp_path: Path,
) -> None:
    def upload(name: str, file: Path) -> str:
        key = upload_key(name, file.name)
        path = f"videos/{key}/source-upload.mp4"
        storage.put(file, path)
        with transaction(pipeline) as session:
            add_upload(session, upload_id=name, name=file.name, source_filepath=path, size=9)
        return key

    good = upload("1", film_file)
    assert run_job(instance, "ingest", good).success
    assert row(pipeline, good).state == SourceState.READY
    text = tmp_path / "text.mp4"
    text.write_text("no film")
    bad = upload("2", text)
    assert not run_job(instance, "ingest", bad).success
    assert "not a video" in str(row(pipeline, bad).error)
    twin = upload("3", film_file)
    assert run_job(instance, "ingest", twin).success
    assert row(pipeline, twin).state == SourceState.DUPLICATE
    assert storage.list(f"videos/{twin}/") == []


def test_limits_refuse_in_one_sentence(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("MAX_SOURCE_GB", "0.00001"),
        ("MAX_SOURCE_HOURS", "0.0001"),
        ("MAX_SOURCE_FRAMES", str(FRAMES - 1)),
        ("MAX_FRAME_MEGAPIXELS", "0.001"),
    ):
        with monkeypatch.context() as limited:
            limited.setenv(f"HEATERS_{name}", value)
            get_settings.cache_clear()
            report = ingest_in_foreground(pipeline, instance, str(film_file))
            assert report.state == "download_failed"
            assert f"raise HEATERS_{name}" in str(report.error)
    with monkeypatch.context() as limited:
        limited.setattr(film_limits, "SMALL", 0)
        limited.setenv("HEATERS_MAX_GROWTH", "0.5")
        get_settings.cache_clear()
        report = ingest_in_foreground(pipeline, instance, str(film_file))
        assert report.state == "preprocess_failed"
        assert "raise HEATERS_MAX_GROWTH" in str(report.error)
    get_settings.cache_clear()
    assert ingest_in_foreground(pipeline, instance, str(film_file)).state == "ready"


def test_the_ledger_knows_every_object_and_what_it_weighs(
    pipeline: Engine, storage: Storage, instance: dg.DagsterInstance, film_file: Path
) -> None:
    report = ingest_in_foreground(pipeline, instance, str(film_file))
    with transaction(pipeline) as session:
        first, *_ = review_queue.lease_queue(session, "ann", 10, 60)
        decided = {"actor": "ann", "clip_id": first.clip.id, "version": first.clip.version}
        reviews.decide(session, **decided, decision=APPROVE)
    assert run_job(instance, "library", report.key).success
    assert recorded(pipeline) == {key: storage.size(key) for key in storage.list("")}
    video = row(pipeline, report.key)
    with transaction(pipeline) as session:
        kinds = ledger.by_kind(session, [video.id])[video.id]
        minutes = ledger.approved_minutes(session, [video.id])[video.id]
    assert set(kinds) == {
        *("source", "gold_master", "frame_checksums", "frame_scores", "cut_evidence"),
        *("review_proxy", "proxy_audio", "sprites", "clip", "keyframe"),
    }
    assert sum(kinds.values()) == sum(recorded(pipeline).values())
    assert minutes == pytest.approx(30 / 25 / 60)
    with transaction(pipeline) as session:
        undoing.undo(session, actor="ann")
    delete_due(open_pipeline(pipeline, get_settings()))
    assert recorded(pipeline) == {key: storage.size(key) for key in storage.list("")}


def test_a_gold_master_can_be_the_source_itself(
    pipeline: Engine,
    storage: Storage,
    instance: dg.DagsterInstance,
    film_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def chosen(kind: str) -> None:
        monkeypatch.setenv("HEATERS_GOLD_MASTER", kind)
        get_settings.cache_clear()

    chosen("copy")
    report = ingest_in_foreground(pipeline, instance, str(film_file))
    assert report.error is None
    assert report.paths["gold_master"] == report.paths["source"]
    assert report.checks["gold_master_equals_source"]
    with transaction(pipeline) as session:
        for queued in review_queue.lease_queue(session, "ann", 10, 60):
            decided = {"actor": "ann", "clip_id": queued.clip.id, "version": queued.clip.version}
            reviews.decide(session, **decided, decision=APPROVE)
    assert run_job(instance, "library", report.key).success
    with transaction(pipeline) as session:
        assert clip_counts.by_state(session) == {"embedded": 2}
    chosen("ffv1")
    assert run_job(instance, "ingest", report.key, ["gold_master"]).success
    video = row(pipeline, report.key)
    assert "/gold_master-" in str(video.gold_master_filepath)
    assert storage.exists(str(video.source_filepath))
    chosen("copy")
    assert run_job(instance, "ingest", report.key, ["gold_master"]).success
    assert not storage.exists(str(video.gold_master_filepath))
    assert recorded(pipeline) == {key: storage.size(key) for key in storage.list("")}


def test_a_better_copy_takes_the_place_of_a_poor_one_and_decisions_stay(
    pipeline: Engine, instance: dg.DagsterInstance, web_folder: tuple[str, Path], storage: Storage
) -> None:
    address, folder = web_folder
    make_numbered_film(folder / "walk.mp4", FRAMES, size=(160, 90), scenes=(30,))
    report = ingest_in_foreground(pipeline, instance, f"{address}/walk.mp4")
    with transaction(pipeline) as session:
        first, *_ = review_queue.lease_queue(session, "ann", 10, 60)
        decided = {"actor": "ann", "clip_id": first.clip.id, "version": first.clip.version}
        reviews.decide(session, **decided, decision=SKIP)

    def fetch_again() -> None:
        with transaction(pipeline) as session:
            for _ in range(2):  # the second asks for nothing new
                waiting = source_videos.refetch(session, report.key)
        with transaction(pipeline) as session:
            assert source_videos.waiting(session, 10) == [(report.key, waiting.attempt)]
        run_job(instance, "ingest", report.key)
        with transaction(pipeline) as session:
            assert source_videos.waiting(session, 10) == []

    fetch_again()  # the same bytes: nothing is to be done
    assert row(pipeline, report.key).height == 90
    make_numbered_film(folder / "walk.mp4", FRAMES, size=(320, 180), scenes=(30,))
    fetch_again()
    video = row(pipeline, report.key)
    assert (video.height, video.frame_count, video.error) == (180, FRAMES, None)
    with transaction(pipeline) as session:
        kept = clips.get(session, first.clip.id)
    assert kept.state == "review_skipped"
    assert recorded(pipeline) == {key: storage.size(key) for key in storage.list("")}
    before = storage.list("")
    others = {"61 frames": (FRAMES + 1, (30,)), "other pictures": (FRAMES, (15, 45))}
    for words, (frames, scenes) in others.items():
        make_numbered_film(folder / "walk.mp4", frames, size=(640, 360), scenes=scenes)
        fetch_again()
        video = row(pipeline, report.key)
        assert (video.state, video.height) == ("ready", 180)
        assert words in str(video.error)
        assert storage.list("") == before
        assert scratch_files() == []


def refuse(*_: object, **__: object) -> None:
    raise HeatersError("The disk is full: make room.")


def test_a_better_copy_whose_transcode_failed_is_taken_up_again(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    web_folder: tuple[str, Path],
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In between, the old products go on serving."""
    address, folder = web_folder
    make_numbered_film(folder / "walk.mp4", FRAMES, size=(160, 90), scenes=(30,))
    report = ingest_in_foreground(pipeline, instance, f"{address}/walk.mp4")
    make_numbered_film(folder / "walk.mp4", FRAMES, size=(320, 180), scenes=(30,))

    def fetch_again() -> None:
        with transaction(pipeline) as session:
            source_videos.refetch(session, report.key)
        run_job(instance, "ingest", report.key)

    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.work.products.transcode", refuse)
        fetch_again()
    video = row(pipeline, report.key)
    assert (video.state, video.height, video.error) == ("ready", 90, "The disk is full: make room.")
    with transaction(pipeline) as session:
        first, *_ = review_queue.lease_queue(session, "ann", 10, 60)
        decided = {"actor": "ann", "clip_id": first.clip.id, "version": first.clip.version}
        reviews.decide(session, **decided, decision=APPROVE)
    assert run_job(instance, "library", report.key).success
    with transaction(pipeline) as session:
        assert clips.get(session, first.clip.id).state == "embedded"
    fetch_again()
    video = row(pipeline, report.key)
    assert (video.height, video.error) == (180, None)
    assert recorded(pipeline) == {key: storage.size(key) for key in storage.list("")}


def test_what_was_fetched_before_is_not_fetched_again_by_a_retry(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    web_folder: tuple[str, Path],
    film_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, folder = web_folder
    (folder / "walk.mp4").write_bytes(film_file.read_bytes())
    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.work.products.transcode", refuse)
        report = ingest_in_foreground(pipeline, instance, f"{address}/walk.mp4")
    assert (report.state, report.error) == ("new", "The disk is full: make room.")
    (folder / "walk.mp4").unlink()
    assert run_job(instance, "ingest", report.key).success
    assert row(pipeline, report.key).state == SourceState.READY


def test_a_run_that_was_queued_for_a_cancelled_attempt_does_nothing(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path
) -> None:
    with transaction(pipeline) as session:
        video, _ = add_source(session, str(film_file))
    asked = {"dagster/run_key": f"ingest:{video.key}:{video.attempt}"}
    with transaction(pipeline) as session:
        source_videos.cancel(session, video.key)
    result = run_job(instance, "ingest", video.key, tags=asked)
    assert result.success
    assert row(pipeline, video.key).state == SourceState.DOWNLOAD_FAILED
    with transaction(pipeline) as session:
        again = source_videos.retry(session, video.key)
    asked = {"dagster/run_key": f"ingest:{video.key}:{again.attempt}"}
    assert run_job(instance, "ingest", video.key, tags=asked).success
    assert row(pipeline, video.key).state == SourceState.READY


def test_a_run_that_ends_between_two_steps_leaves_a_video_that_can_be_tried_again(
    engine: Engine,
) -> None:
    """As one does that is cancelled while it waits for its turn to transcode."""
    video = new_video(engine)
    steps = (DOWNLOAD, PREPROCESS, DETECT_SCENES)
    for step in steps[:-1]:
        with transaction(engine) as session:
            for each in steps[: steps.index(step) + 1]:
                source_videos.begin(session, video.key, each)
                source_videos.finish(session, video.key, each)
            source_videos.cancel(session, video.key)
        with transaction(engine) as session, video_lock(engine, video.key):
            source_videos.give_up(session, video.key, None, "Heard of while another is at work.")
        assert row(engine, video.key).state == step.done
        with transaction(engine) as session:
            source_videos.give_up(session, video.key, None, "stopped")
        left = row(engine, video.key)
        assert (left.error, left.cancel_requested) == ("stopped", False)
        assert left.state == steps[steps.index(step) + 1].failed
        with transaction(engine) as session:
            source_videos.retry(session, video.key)


def test_a_refetched_copy_whose_run_ended_before_its_transcode_says_so(engine: Engine) -> None:
    video, _ = ready_video(engine)
    copy = PendingSource(path="copy.mp4", sha256="ab", quality=None)
    with transaction(engine) as session:
        source_videos.record(session, video.key, {"pending_source": copy})
        source_videos.give_up(session, video.key, None, "stopped")
        source_videos.give_up(session, video.key, None, "The run died.")
    left = row(engine, video.key)
    assert (left.state, left.error) == (SourceState.READY, "stopped")


def test_two_rows_of_one_page_never_become_duplicates_of_each_other(pipeline: Engine) -> None:
    keys = []
    for name in ("one", "two"):
        with transaction(pipeline) as session:
            video, _ = add_source(session, f"https://example.org/{name}")
            keys.append(video.key)
        facts = {"site_id": "site:1", "source_filepath": f"videos/{video.key}/source-1.mp4"}
        with transaction(pipeline) as session:
            source_videos.begin(session, video.key, DOWNLOAD)
            source_videos.record(session, video.key, facts)
    for key in keys:
        with transaction(pipeline) as session:
            same = source_videos.same_page(session, key, "site:1")
            if same is not None:
                facts = {"duplicate_of_id": same.id, "source_filepath": None}
                source_videos.settle(session, key, SourceState.DUPLICATE, facts)
    assert sorted(row(pipeline, key).state for key in keys) == ["downloading", "duplicate"]


def ffmpeg_children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "ffmpeg" in child.name()
    ]


@pytest.fixture
def ingesting(pipeline: Engine, long_film: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ingests the long film and is in the middle of transcoding it."""
    environment = {**os.environ, "DATABASE_URL": str(get_settings().database_url)}
    command = [sys.executable, "-m", "heaters_pipeline.cli", "ingest", str(long_film)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    until(lambda: ffmpeg_children(process))
    yield process
    process.kill()
    process.communicate()


def test_cancelling_ends_the_work_and_leaves_no_file(
    pipeline: Engine, storage: Storage, ingesting: subprocess.Popen[bytes]
) -> None:
    children = ffmpeg_children(ingesting)
    (video,) = rows(pipeline)
    with transaction(pipeline) as session:
        source_videos.cancel(session, video.key)
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert (len(gone), alive) == (len(children), [])
    _, said = ingesting.communicate(timeout=60)
    assert CANCELLED in said.decode()
    assert scratch_files() == []
    assert [key for key in storage.list("") if "source-" not in key] == []
    video = row(pipeline, video.key)
    assert (video.state, video.error) == ("preprocess_failed", CANCELLED)
    assert not video.cancel_requested
    with transaction(pipeline) as session:
        assert source_videos.retry(session, video.key).state == SourceState.NEW


def test_an_interrupt_ends_the_work_too(
    pipeline: Engine, ingesting: subprocess.Popen[bytes]
) -> None:
    """As Dagster's does, which interrupts the process of a run that is to end."""
    children = ffmpeg_children(ingesting)
    ingesting.send_signal(signal.SIGINT)
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert (len(gone), alive) == (len(children), [])
    ingesting.communicate(timeout=60)
    assert ingesting.returncode != 0
    assert scratch_files() == []


def test_what_waits_is_cancelled_at_once_and_what_rests_can_not_be(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path
) -> None:
    with transaction(pipeline) as session:
        video, _ = add_source(session, str(film_file))
    with transaction(pipeline) as session:
        source_videos.cancel(session, video.key)
    assert row(pipeline, video.key).error == CANCELLED
    with transaction(pipeline) as session, pytest.raises(InputError, match="nothing to cancel"):
        source_videos.cancel(session, video.key)
    assert tick_is_empty(instance)
    assert ingest_in_foreground(pipeline, instance, str(film_file)).state == "ready"
    with transaction(pipeline) as session, pytest.raises(InputError, match="nothing to cancel"):
        source_videos.cancel(session, video.key)


def test_a_cancel_between_two_steps_stops_the_next_one(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path
) -> None:
    with transaction(pipeline) as session:
        video, _ = add_source(session, str(film_file))
    assert run_job(instance, "ingest", video.key, ["source_download"]).success
    with transaction(pipeline) as session:
        source_videos.cancel(session, video.key)
    assert not run_job(instance, "ingest", video.key, ["gold_master"]).success
    assert row(pipeline, video.key).error == CANCELLED
    assert run_job(instance, "ingest", video.key, ["gold_master"]).success


def tick_is_empty(instance: dg.DagsterInstance) -> bool:
    resources = {"database": Database(), "store": STORE}
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        result = new_source_videos(context)
    assert isinstance(result, dg.SensorResult)
    return not result.run_requests


@pytest.fixture(scope="module")
def web(
    tmp_path_factory: pytest.TempPathFactory, copy_site: Callable[[Path], Path]
) -> Iterator[Site]:
    with web_site(copy_site(tmp_path_factory.mktemp("web") / "media")) as site:
        yield site


@pytest.fixture
def open_web(web: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A web site with videos of many kinds, which downloads may reach."""
    monkeypatch.setenv("HEATERS_ALLOWED_NETWORKS", "127.0.0.0/8")
    get_settings.cache_clear()
    return web


def test_a_playlist_becomes_a_source_video_for_each_of_its_entries(
    pipeline: Engine, instance: dg.DagsterInstance, open_web: Site
) -> None:
    report = ingest_in_foreground(pipeline, instance, open_web.url("feed.rss"))
    assert (report.state, report.error, len(report.playlist)) == ("expanded", None, 3)
    playlist = row(pipeline, report.key)
    entries = [row(pipeline, key) for key in report.playlist]
    assert {entry.playlist_id for entry in entries} == {playlist.id}
    assert [entry.state for entry in entries] == ["new"] * 3
    with transaction(pipeline) as session:
        again, told = add_source(session, playlist.url)
        assert (told, again.state) == ("looked at again", "new")
        assert source_videos.waiting(session, 9)[0] == (playlist.key, playlist.attempt + 1)
    found = ingest_in_foreground(pipeline, instance, open_web.url("feed.rss"))
    assert (found.state, found.playlist) == ("expanded", report.playlist)
    assert ingest_in_foreground(pipeline, instance, entries[0].url).state == "ready"


def test_what_fell_short_of_its_site_is_flagged_and_fetched_again(
    pipeline: Engine, instance: dg.DagsterInstance, open_web: Site
) -> None:
    report = ingest_in_foreground(pipeline, instance, open_web.url("claims.mpd"))
    assert (report.state, report.error) == ("ready", None)
    assert not report.checks["best_quality_was_downloaded"]
    short = shortfall(row(pipeline, report.key).download_quality)
    assert short is not None
    assert "2160" in short
    result = CliRunner().invoke(main, ["refetch"])
    assert result.output.split("  ") == [report.key, f"{short}\n"]
    assert row(pipeline, report.key).refetch_requested
    whole = ingest_in_foreground(pipeline, instance, open_web.url("film.mp4"))
    assert whole.checks["best_quality_was_downloaded"]


def test_a_broken_merge_is_encoded_again_and_says_so(
    pipeline: Engine, instance: dg.DagsterInstance, open_web: Site
) -> None:
    report = ingest_in_foreground(pipeline, instance, open_web.url("short-sound.mpd"))
    assert (report.state, report.error) == ("ready", None)
    quality = row(pipeline, report.key).download_quality
    assert quality is not None
    assert quality["normalised"]
    assert not report.checks["best_quality_was_downloaded"]


@pytest.mark.parametrize("reference", ["to/http://169.254.169.254/", "inward.m3u8"])
def test_nothing_leads_a_download_to_private_addresses(
    pipeline: Engine, instance: dg.DagsterInstance, open_web: Site, reference: str
) -> None:
    report = ingest_in_foreground(pipeline, instance, open_web.url(reference))
    assert report.state == "download_failed"
    assert "169.254.169.254" in str(report.error)
    assert scratch_files() == []
