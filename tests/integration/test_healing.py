"""What fails for a reason that passes ends well, without a hand."""

from __future__ import annotations

import errno
import os
import resource
import tempfile
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import (
    clip_counts,
    clip_exports,
    clip_work,
    migrate,
    outages,
    profiles,
    retrying,
    source_videos,
)
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.db.models import Clip
from heaters_pipeline.db.urls import APP_DRIVER
from heaters_pipeline.domain.decisions import APPROVE, SKIP
from heaters_pipeline.domain.errors import HeatersError, Unavailable
from heaters_pipeline.domain.retries import MOST_TRIES
from heaters_pipeline.domain.states import EXPORT, ClipState, SourceState
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.orchestration.sensors import approved_clips, new_source_videos
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work import exports
from heaters_pipeline.work.download import download_source
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.register import add_source
from tests.decisions import decide, live
from tests.faulty_s3 import Fault, FaultyS3
from tests.footage import NumberedFilm, make_numbered_film
from tests.jobs import tick
from tests.made_once import Worlds
from tests.rows import ready_video

FILM = NumberedFilm(60, (12, 24, 36, 48), size=(64, 36))
DIED = "The run died before it had ended."


def skip_pauses(engine: Engine) -> None:
    """All pauses are over."""
    with engine.begin() as connection:
        for table in ("clips", "source_videos", "export_failures", "group_exports"):
            connection.execute(
                sa.text(f"UPDATE {table} SET retry_at = now() WHERE retry_at > now()")
            )
        connection.execute(sa.text("UPDATE outages SET probe_at = now()"))


def approved_film(work: Pipeline, film: Path) -> tuple[str, list[int]]:
    """The key of a film, and its clips, which are approved."""
    report = ingest(work, str(film))
    assert report.error is None
    with work.transaction() as session:
        video = source_videos.get(session, report.key)
    found = [clip.id for clip in live(work.engine, video)]
    for clip in found:
        decide(work.engine, clip, APPROVE)
    return report.key, found


def rows(engine: Engine) -> list[Clip]:
    with transaction(engine) as session:
        return sorted(session.scalars(sa.select(Clip)), key=lambda clip: clip.id)


def states(engine: Engine) -> list[str]:
    return [str(clip.state) for clip in rows(engine)]


def is_clip(method: str, path: str) -> bool:
    return method in ("PUT", "POST") and "/clips/" in path


@pytest.mark.parametrize("fault", ["error 503", "refused"])
def test_an_outage_in_the_middle_of_a_batch_costs_time_only(
    on_s3: Pipeline,
    s3: FaultyS3,
    instance: dg.DagsterInstance,
    film_file: Path,
    worlds: Worlds,
    fault: Fault,
) -> None:
    key, found = worlds.fill(on_s3, approved_film, film_file)
    (first_key,) = tick(approved_clips, instance)
    stored = 0

    def begin(method: str, path: str) -> None:
        nonlocal stored
        stored += is_clip(method, path)
        if stored == 3:
            s3.fault = fault

    s3.on_request = begin
    with pytest.raises(Unavailable):
        export_clips(on_s3, key)
    s3.on_request = lambda *_: None
    assert set(states(on_s3.engine)) == {ClipState.EXPORTED, ClipState.REVIEW_APPROVED}
    assert [clip.tries for clip in rows(on_s3.engine)] == [0] * len(found)
    with on_s3.transaction() as session:
        (outage,) = outages.listed(session)
    assert "can't be used" in outage.reason
    before = s3.requests.total()
    with on_s3.engine.begin() as connection:  # on a slow machine a second is soon over
        connection.execute(sa.text("UPDATE outages SET probe_at = now() + interval '1 hour'"))
    for _ in range(3):
        assert tick(approved_clips, instance) == tick(new_source_videos, instance) == []
    assert s3.requests.total() == before, "its pause is not over"
    skip_pauses(on_s3.engine)
    assert tick(approved_clips, instance) == []
    assert s3.requests.total() == before + 1

    s3.fault = None
    skip_pauses(on_s3.engine)
    (second_key,) = tick(approved_clips, instance)
    assert second_key != first_key
    assert export_clips(on_s3, key).batch.failed == []
    assert states(on_s3.engine) == [ClipState.EXPORTED] * len(found)
    assert [clip.error for clip in rows(on_s3.engine)] == [None] * len(found)


@pytest.mark.parametrize("fault", ["error 500", "slow down", "refused", "cut"])
def test_a_request_that_fails_while_others_succeed_is_tried_again(
    on_s3: Pipeline,
    s3: FaultyS3,
    instance: dg.DagsterInstance,
    film_file: Path,
    worlds: Worlds,
    fault: Fault,
) -> None:
    key, found = worlds.fill(on_s3, approved_film, film_file)
    s3.fault, s3.is_hit = fault, lambda *asked: is_clip(*asked) and s3.hits.total() < 1
    batch = export_clips(on_s3, key).batch
    assert (len(batch.done), batch.failed, len(batch.waiting)) == (len(found) - 1, [], 1)
    (waiting,) = (clip for clip in rows(on_s3.engine) if clip.state == ClipState.REVIEW_APPROVED)
    assert (waiting.tries, waiting.id) == (1, *batch.waiting)
    assert waiting.error
    assert waiting.retry_at
    with on_s3.transaction() as session:
        assert outages.listed(session) == []
        assert clip_work.due(session, 0, 10)[0].clip_count == len(found) - 1
        assert clip_work.claim(session, waiting.source_video_id, EXPORT, 0) == []
    skip_pauses(on_s3.engine)
    assert export_clips(on_s3, key).batch.done == [waiting.id]
    assert rows(on_s3.engine)[0].tries == 0


def test_what_arrives_damaged_makes_no_wrong_file(
    on_s3: Pipeline, s3: FaultyS3, film_file: Path, worlds: Worlds
) -> None:
    key, found = worlds.fill(on_s3, approved_film, film_file)
    s3.fault = "damaged"
    s3.is_hit = lambda method, path: (
        method == "GET" and "gold_master" in path and s3.hits.total() < 2
    )
    export_clips(on_s3, key)
    s3.fault = None
    for _ in range(3):
        skip_pauses(on_s3.engine)
        export_clips(on_s3, key)
    assert s3.hits["damaged"] == 2
    assert states(on_s3.engine) == [ClipState.EXPORTED] * len(found)


def test_a_postgres_that_restarts_in_the_middle_of_a_batch_costs_time_only(
    heaters_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scratch_folder(Path(tempfile.gettempdir()) / f"heaters-tests-{os.getuid()}") as folder:
        server = EmbeddedPostgres(folder)
        server.start()
        url = server.url("postgres", APP_DRIVER)
        migrate.upgrade(url)
        for name, value in {"DATABASE_URL": url, "HEATERS_UNDO_WINDOW_SECONDS": "0"}.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        engine = open_engine(url)
        work = open_pipeline(engine, get_settings())
        key, found = approved_film(work, FILM.make(tmp_path))
        made = 0
        make = exports._make

        def make_and_restart(*wanted: object) -> str | None:
            nonlocal made
            made += 1
            if made == 3:
                server.stop()
                server.start()
            return make(*wanted)

        with monkeypatch.context() as patch, suppress(sa.exc.DBAPIError):
            patch.setattr(exports, "_make", make_and_restart)
            export_clips(work, key)
        assert ClipState.EXPORT_FAILED not in states(engine)
        with transaction(engine) as session:
            for left, _ in clip_work.abandoned(session, 10):
                clip_work.take_over(session, left, DIED)
        skip_pauses(engine)
        assert export_clips(work, key).batch.failed == []
        assert states(engine) == [ClipState.EXPORTED] * len(found)
        engine.dispose()
        server.stop()


def test_a_full_disk_that_is_emptied_costs_time_only(
    pipeline: Engine, film_file: Path, worlds: Worlds
) -> None:
    """No file may be larger than the limit: as on a full disk, writes fail, ours and ffmpeg's."""
    work = open_pipeline(pipeline, get_settings())
    key, found = worlds.fill(work, approved_film, film_file)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        batch = export_clips(work, key).batch
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (batch.done, batch.failed, sorted(batch.waiting)) == ([], [], found)
    assert len({clip.retry_at for clip in rows(pipeline)}) == 1, "they come due together"
    assert len({clip.attempt for clip in rows(pipeline)}) == 1
    skip_pauses(pipeline)
    assert export_clips(work, key).batch.done == found


def test_what_is_tried_too_often_fails_and_all_is_tried_again_at_once(
    pipeline: Engine, instance: dg.DagsterInstance
) -> None:
    video, (first, second, _) = ready_video(pipeline, cuts=[10, 50])
    for clip in (first, second):
        decide(pipeline, clip, APPROVE)
    seen = set()
    for tries in range(1, MOST_TRIES + 1):
        seen.update(tick(approved_clips, instance))
        with transaction(pipeline) as session:
            claimed = clip_work.claim(session, video.id, EXPORT, 0)
            assert [clip.tries for clip in claimed] == [tries - 1] * 2
            errors = {clip.id: "The disk is full." for clip in claimed}
            clip_work.put_back(session, EXPORT, errors, chance=0.5)
        assert tick(approved_clips, instance) == []
        skip_pauses(pipeline)
    assert len(seen) == MOST_TRIES
    assert states(pipeline)[:2] == [ClipState.EXPORT_FAILED] * 2
    with transaction(pipeline) as session:
        assert clip_work.retry_failed(session, state=ClipState.KEYFRAME_FAILED) == 0
        assert clip_work.retry_failed(session, video_ids=[video.id + 1]) == 0
        assert clip_work.retry_failed(session) == 2
    (again,) = tick(approved_clips, instance)
    assert again not in seen
    assert [clip.tries for clip in rows(pipeline)] == [0, 0, 0]


def test_a_decision_ends_the_tries(pipeline: Engine) -> None:
    video, (clip, *_) = ready_video(pipeline)
    decide(pipeline, clip, APPROVE)
    with transaction(pipeline) as session:
        clip_work.claim(session, video.id, EXPORT, 0)
        clip_work.put_back(session, EXPORT, {clip.id: "The disk is full."}, chance=1)
    decide(pipeline, clip, SKIP)
    now = rows(pipeline)[0]
    assert (now.tries, now.retry_at, now.error) == (0, None, None)


def test_a_dead_run_is_taken_over_and_what_it_still_does_is_void(pipeline: Engine) -> None:
    video, (clip, *_) = ready_video(pipeline)
    decide(pipeline, clip, APPROVE)
    with transaction(pipeline) as session:
        (claimed,) = clip_work.claim(session, video.id, EXPORT, 0)
    with video_lock(pipeline, video.key), transaction(pipeline) as session:
        assert clip_work.abandoned(session, 10) == []
    with transaction(pipeline) as session:
        ((left, since),) = clip_work.abandoned(session, 10)
        assert since == claimed.updated_at
        clip_work.take_over(session, left, DIED)
        assert clip_work.held(session, [claimed], EXPORT) == set()
    skip_pauses(pipeline)
    with transaction(pipeline) as session:
        (again,) = clip_work.claim(session, video.id, EXPORT, 0)
        assert clip_work.held(session, [claimed], EXPORT) == set()
        assert clip_work.held(session, [again], EXPORT) == {clip.id}


def test_bad_input_fails_at_once_and_stays(pipeline: Engine, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("This is no film.\n")
    report = ingest(open_pipeline(pipeline, get_settings()), str(text))
    assert report.state == SourceState.DOWNLOAD_FAILED
    skip_pauses(pipeline)
    with transaction(pipeline) as session:
        assert source_videos.waiting(session, 10) == []
        assert source_videos.get(session, report.key).tries == 0
        assert source_videos.retry_failed(session) == 1
        assert source_videos.waiting(session, 10) == [(report.key, 1)]


def test_a_video_whose_step_failed_comes_back_by_itself(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = open_pipeline(pipeline, get_settings())
    film = make_numbered_film(tmp_path / "film.mp4", 24, (64, 36))

    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.work.products.transcode", fails)
        report = ingest(work, str(film))
    assert (report.state, "No space left" in str(report.error)) == (SourceState.NEW, True)
    assert tick(new_source_videos, instance) == []
    skip_pauses(pipeline)
    assert tick(new_source_videos, instance) == [f"ingest:{report.key}:1"]
    again = ingest(work, str(film))
    assert (again.error, again.state) == (None, SourceState.READY)
    with transaction(pipeline) as session:
        assert source_videos.get(session, report.key).tries == 0


def test_a_video_that_meets_an_outage_waits_and_no_try_is_spent(
    on_s3: Pipeline, s3: FaultyS3, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 24, (64, 36))
    s3.fault = "error 503"
    with transaction(on_s3.engine) as session:
        video, _ = add_source(session, str(film))
    with pytest.raises(HeatersError):
        download_source(on_s3, video.key)
    with transaction(on_s3.engine) as session:
        now = source_videos.get(session, video.key)
    assert (now.state, now.tries, now.attempt) == (SourceState.NEW, 0, 1)
    assert tick(new_source_videos, instance) == []
    s3.fault = None
    skip_pauses(on_s3.engine)
    assert tick(new_source_videos, instance) == [f"ingest:{video.key}:1"]


def test_a_file_that_an_exported_clip_lacks_is_tried_again(
    pipeline: Engine, film_file: Path, worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = open_pipeline(pipeline, get_settings())
    key, found = worlds.fill(work, approved_film, film_file)
    assert export_clips(work, key).batch.done == found
    with work.transaction() as session:
        profiles.use(session, "web", video_key=None, label=None)
        (before,) = clip_exports.due(session, 0, 10)

    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.work.exports.export_files", fails)
        added = export_clips(work, key).added
    assert (added.made, added.failed, sorted(added.waiting)) == ([], [], found)
    with work.transaction() as session:
        assert clip_exports.due(session, 0, 10) == []
    skip_pauses(pipeline)
    with work.transaction() as session:
        (after,) = clip_exports.due(session, 0, 10)
    assert (after.file_count, after.mark != before.mark) == (len(found), True)
    assert len(export_clips(work, key).added.made) == len(found)
    with work.transaction() as session:
        assert clip_exports.failures(session, found) == {}
        assert clip_counts.by_state(session) == {ClipState.EXPORTED: len(found)}


def test_a_library_may_have_more_videos_than_a_statement_has_parameters(engine: Engine) -> None:
    everything = range(1, 70_000)
    with transaction(engine) as session:
        assert retrying.failed(session, everything).spoken == "nothing"
        assert retrying.retry_failed(session, everything).spoken == "nothing"
