"""The pipeline on real footage, Postgres and storage: Dagster's jobs, run in this process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import dagster as dg
import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import select

from heaters_pipeline.db import (
    artifacts,
    clip_counts,
    clip_work,
    clips,
    embeddings,
    event_log,
    frame_indexes,
    review_queue,
    reviews,
    source_videos,
    undoing,
)
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.db.models import ClipEmbedding
from heaters_pipeline.domain.cut_points import FrameRange, find_faults
from heaters_pipeline.domain.decisions import APPROVE, ARCHIVE
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.media.clips.embeddings import LayoutDescriptor
from heaters_pipeline.media.ffmpeg.checksums import read_checksums
from heaters_pipeline.orchestration.definitions import defs
from heaters_pipeline.orchestration.ended_runs import give_up
from heaters_pipeline.orchestration.foreground import ingest_in_foreground
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.orchestration.sensors import (
    approved_clips,
    missing_vectors,
    new_source_videos,
)
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import Storage, open_storage
from heaters_pipeline.work.ingest import IngestReport, ingest
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.pipeline import open_pipeline
from heaters_pipeline.work.register import add_source
from heaters_pipeline.work.vectors import fill_vectors
from review_app import create_app
from tests.footage import NumberedFilm, make_numbered_film, numbered_picture
from tests.jobs import run_job, tick
from tests.made_once import Worlds
from tests.rows import ready_video

pytestmark = pytest.mark.long

FRAMES = 150
SCENES = (50, 100)
FILM = NumberedFilm(FRAMES, SCENES, size=(128, 72), name="numbered.mp4")
INGEST_ASSETS = (
    "source_download",
    "gold_master",
    "review_proxy",
    "frame_scores",
    "keyframe_offsets",
    "scene_cut_points",
    "virtual_clips",
)


@pytest.fixture
def report(pipeline: Engine, film_file: Path, worlds: Worlds) -> IngestReport:
    """Of the film's ingest."""
    return worlds.fill(open_pipeline(pipeline, get_settings()), ingest, str(film_file))


def approve_all(engine: Engine) -> list[int]:
    with transaction(engine) as session:
        queue = review_queue.lease_queue(session, "ann", 100, 60)
        for queued in queue:
            reviews.decide(
                session,
                actor="ann",
                clip_id=queued.clip.id,
                version=queued.clip.version,
                decision=APPROVE,
            )
    return [queued.clip.id for queued in queue]


def counts_by_state(engine: Engine) -> dict[str, int]:
    with transaction(engine) as session:
        return clip_counts.by_state(session)


def everything(engine: Engine, storage: Storage) -> dict[str, object]:
    """All rows but their times, and the checksum of every object."""
    with engine.connect() as connection:
        rows = {
            table: [
                {name: value for name, value in row.items() if not name.endswith("_at")}
                for row in connection.execute(
                    sa.text(f"SELECT * FROM {table} ORDER BY id")
                ).mappings()
            ]
            for table in ("source_videos", "clips", "review_events", "clip_artifacts")
        }
    objects = {}
    for key in storage.list(""):
        with storage.fetch(key) as path:
            objects[key] = file_digest(path)
    return {"rows": rows, "objects": objects}


def scratch_is_empty() -> bool:
    scratch = get_settings().home / "scratch"
    return not [path for path in scratch.rglob("*") if path.is_file() and path.name != ".lock"]


def test_a_film_becomes_clips_that_cover_it(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path
) -> None:
    report = ingest_in_foreground(pipeline, instance, str(film_file))
    assert (report.error, report.state, report.changed) == (None, "ready", True)
    assert report.frame_count == FRAMES
    assert report.checks == {
        "best_quality_was_downloaded": True,
        "source_is_undamaged": True,
        "gold_master_equals_source": True,
        "clips_cover_video": True,
    }
    with transaction(pipeline) as session:
        video = source_videos.get(session, report.key)
        live = [clip.frames for clip in clips.of_video(session, video.id)]
        records = frame_indexes.frame_slice(session, video.id, FrameRange(0, FRAMES + 10))
    assert find_faults(FRAMES, live) == []
    assert [frames.start for frames in live] == [0, *SCENES]
    assert len(records) == FRAMES
    assert scratch_is_empty()


def test_a_second_ingest_changes_nothing_and_says_so(
    pipeline: Engine, instance: dg.DagsterInstance, storage: Storage, film_file: Path
) -> None:
    first = ingest_in_foreground(pipeline, instance, str(film_file))
    before = everything(pipeline, storage)
    again = ingest_in_foreground(pipeline, instance, str(film_file))
    assert (again.key, again.changed, again.clip_count) == (first.key, False, first.clip_count)
    assert everything(pipeline, storage) == before


def test_what_was_lost_from_the_storage_is_made_again(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    storage: Storage,
    film_file: Path,
    report: IngestReport,
) -> None:
    before = everything(pipeline, storage)
    storage.delete(report.paths["gold_master"])
    assert ingest_in_foreground(pipeline, instance, str(film_file)).changed
    assert everything(pipeline, storage) == before


def test_any_asset_can_be_made_again_with_the_same_result(
    pipeline: Engine, storage: Storage, instance: dg.DagsterInstance, report: IngestReport
) -> None:
    before = everything(pipeline, storage)
    for asset in (*INGEST_ASSETS, *INGEST_ASSETS):
        assert run_job(instance, "ingest", report.key, [asset]).success, asset
        assert everything(pipeline, storage) == before, asset


def test_an_old_video_gets_sprite_sheets_with_its_next_proxy(
    pipeline: Engine,
    storage: Storage,
    instance: dg.DagsterInstance,
    film_file: Path,
    report: IngestReport,
) -> None:
    before = everything(pipeline, storage)
    storage.delete(report.paths["sprites"])
    with transaction(pipeline) as session:
        source_videos.record(session, report.key, {"sprites": None, "sprites_filepath": None})
    assert not ingest_in_foreground(pipeline, instance, str(film_file)).changed
    result = run_job(instance, "ingest", report.key, ["review_proxy"])
    assert everything(pipeline, storage) == before
    with transaction(pipeline) as session:
        video = source_videos.get(session, report.key)
    assert video.sprites is not None
    assert (video.sprites["count"], video.sprites["sheets"]) == (FRAMES // 5, 1)
    (made,) = result.get_asset_materialization_events()
    told = made.step_materialization_data.materialization.metadata
    assert told["sprite_sheets"].value == 1
    assert told["sprite_bytes"].value == storage.size(str(video.sprites_filepath))


def previews(engine: Engine) -> dict[int, list[float]]:
    with transaction(engine) as session:
        rows = session.exec(select(ClipEmbedding).where(ClipEmbedding.strategy == PREVIEW))
        return {row.clip_id: list(row.embedding) for row in rows}


def test_every_clip_has_a_preview_by_which_like_is_with_like(
    pipeline: Engine, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    film_file = make_numbered_film(tmp_path / "film.mp4", 90, scenes=(30, 60))
    report = ingest_in_foreground(pipeline, instance, str(film_file))
    with transaction(pipeline) as session:
        video = source_videos.get(session, report.key)
        live = [clip.id for clip in clips.of_video(session, video.id)]
    made = previews(pipeline)
    assert sorted(made) == live
    assert [np.linalg.norm(vector) for vector in made.values()] == pytest.approx([1, 1, 1])
    frames = {30: range(0, 30), 60: range(30, 60), 90: range(60, 90)}
    pictures = {
        end: LayoutDescriptor().encode_images([numbered_picture(shown[20], 320, 180, scene)])[0]
        for scene, (end, shown) in enumerate(frames.items())
    }
    near = [
        max(pictures, key=lambda end: float(pictures[end] @ np.array(made[clip]))) for clip in live
    ]
    assert near == [30, 60, 90]


def test_a_clip_that_has_a_preview_keeps_it_and_others_get_theirs(
    pipeline: Engine, instance: dg.DagsterInstance, report: IngestReport
) -> None:
    before = previews(pipeline)
    first, second, _ = before
    borrowed = [1.0] + [0.0] * (len(before[first]) - 1)
    with transaction(pipeline) as session:
        embeddings.save(session, first, LAYOUT_MODEL, PREVIEW, borrowed)
        gone = (ClipEmbedding.clip_id == second, ClipEmbedding.strategy == PREVIEW)
        session.execute(sa.delete(ClipEmbedding).where(*gone))
    result = run_job(instance, "ingest", report.key, ["virtual_clips"])
    assert previews(pipeline) == {**before, first: borrowed}
    (made,) = result.get_asset_materialization_events()
    assert made.step_materialization_data.materialization.metadata["previews"].value == 1


def test_previews_stay_out_of_the_library(
    pipeline: Engine, instance: dg.DagsterInstance, report: IngestReport
) -> None:
    before = previews(pipeline)
    first, *others = before
    with transaction(pipeline) as session:
        assert embeddings.models(session) == embeddings.models_of_clip(session, first) == []
        assert embeddings.similar(session, first, 10) == []
        assert embeddings.similar(session, first, 10, LAYOUT_MODEL) == []
    assert approve_all(pipeline) == [first, *others]
    assert run_job(instance, "library", report.key).success
    assert previews(pipeline) == before
    with transaction(pipeline) as session:
        found = embeddings.similar(session, first, 10)
        event = event_log.latest_on_clip(session, first)
        assert event is not None
        undoing.undo(session, actor="bob", event_id=event.id)
    assert sorted(clip.id for clip, _ in found) == others
    assert previews(pipeline) == before
    with transaction(pipeline) as session:
        assert embeddings.models_of_clip(session, first) == []


def test_cuts_are_kept_apart_by_time_where_the_rate_varies(
    pipeline: Engine, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """Some 25 frames a second, at times that only a rate of 120 explains."""
    ticks, now = [], 0
    for number in range(FRAMES):
        ticks.append(now)
        now += (2_250, 3_750, 4_500)[number % 3]
    film_file = make_numbered_film(tmp_path / "vfr.mp4", FRAMES, scenes=(40, 70), ticks=ticks)
    report = ingest_in_foreground(pipeline, instance, str(film_file))
    with transaction(pipeline) as session:
        video = source_videos.get(session, report.key)
        live = [clip.start_frame for clip in clips.of_video(session, video.id)]
    assert float(video.rate) > 50
    assert live == [0, 40, 70]


def test_an_asset_without_what_it_is_made_from_says_what_to_do(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path
) -> None:
    with transaction(pipeline) as session:
        video, _ = add_source(session, str(film_file))
    assert not run_job(instance, "ingest", video.key, ["gold_master"]).success
    assert run_job(instance, "ingest", video.key, ["source_download"]).success
    result = run_job(instance, "ingest", video.key, ["keyframe_offsets"])
    (failure,) = result.get_step_failure_events()
    assert "materialize review_proxy first" in str(
        failure.step_failure_data.user_failure_data.description
    )


def test_bad_input_ends_in_one_sentence_and_the_next_video_goes_through(
    pipeline: Engine,
    storage: Storage,
    instance: dg.DagsterInstance,
    film_file: Path,
    web_folder: tuple[str, Path],
    tmp_path: Path,
) -> None:
    address, _ = web_folder
    text, empty, cut, sound = (
        tmp_path / f"{name}.mp4" for name in ("text", "empty", "cut", "sound")
    )
    text.write_text("This is no film.\n")
    empty.touch()
    cut.write_bytes(film_file.read_bytes()[: film_file.stat().st_size // 2])
    with av.open(str(film_file)) as source, av.open(str(sound), "w") as target:
        track = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = track
                target.mux(packet)
    bad = {
        str(text): "not a video",
        str(empty): "empty",
        str(cut): "truncated",
        str(sound): "no video",
        f"{address}/absent.mp4": "404",
        "ftp://example.org/film.mp4": "http",
    }
    for reference, words in bad.items():
        report = ingest_in_foreground(pipeline, instance, reference)
        assert report.state == "download_failed", reference
        assert report.error is not None
        assert words in report.error
        assert Path(reference).name in report.error
        assert "\n" not in report.error
        assert "Traceback" not in report.error
        with transaction(pipeline) as session:
            assert source_videos.get(session, report.key).error == report.error
        assert scratch_is_empty()
    assert storage.list("") == []
    assert ingest_in_foreground(pipeline, instance, str(film_file)).state == "ready"


def test_the_same_pictures_can_be_ingested_twice(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path, tmp_path: Path
) -> None:
    """Other bytes, the same frames: a copy with a title of its own."""
    titled = tmp_path / "titled.mp4"
    with av.open(str(film_file)) as source, av.open(str(titled), "w") as target:
        target.metadata["title"] = "Another"
        tracks = {each: target.add_stream_from_template(each) for each in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = tracks[packet.stream]
                target.mux(packet)
    first, second = (
        ingest_in_foreground(pipeline, instance, str(each)) for each in (film_file, titled)
    )
    assert (first.error, second.error) == (None, None)
    assert first.key != second.key
    assert first.paths["proxy"] != second.paths["proxy"]


def test_what_changed_at_its_address_does_not_slip_under_a_ready_video(
    pipeline: Engine,
    storage: Storage,
    instance: dg.DagsterInstance,
    film_file: Path,
    web_folder: tuple[str, Path],
    tmp_path: Path,
) -> None:
    address, folder = web_folder
    served = folder / "film.mp4"
    served.write_bytes(film_file.read_bytes())
    report = ingest_in_foreground(pipeline, instance, f"{address}/film.mp4")
    assert report.error is None
    before = everything(pipeline, storage)
    assert run_job(instance, "ingest", report.key, ["source_download"]).success
    assert everything(pipeline, storage) == before
    make_numbered_film(served, 60)
    assert run_job(instance, "ingest", report.key, ["source_download"]).success
    assert everything(pipeline, storage) == before
    with transaction(pipeline) as session:
        source_videos.refetch(session, report.key)
    assert not run_job(instance, "ingest", report.key).success
    with transaction(pipeline) as session:
        video = source_videos.get(session, report.key)
    assert video.state == "ready"
    assert "add the new one as a new video" in str(video.error)
    assert everything(pipeline, storage)["objects"] == before["objects"]


def test_a_failed_video_is_tried_again_when_its_file_is_there(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path, tmp_path: Path
) -> None:
    late = tmp_path / "late.mp4"
    late.touch()
    assert ingest_in_foreground(pipeline, instance, str(late)).state == "download_failed"
    late.write_bytes(film_file.read_bytes())
    report = ingest_in_foreground(pipeline, instance, str(late))
    assert (report.state, report.error) == ("ready", None)


def test_approved_clips_become_files_keyframes_and_vectors(
    pipeline: Engine, storage: Storage, instance: dg.DagsterInstance, report: IngestReport
) -> None:
    approved = approve_all(pipeline)
    assert run_job(instance, "library", report.key).success
    assert counts_by_state(pipeline) == {ClipState.EMBEDDED: len(approved)}
    with transaction(pipeline) as session:
        for clip_id in approved:
            clip = clips.get(session, clip_id)
            pictures = artifacts.keyframes(session, clip_id)
            assert not clip.is_virtual
            assert storage.size(str(clip.clip_filepath)) > 0
            assert [storage.exists(picture.filepath) for picture in pictures] == [True] * 3
            assert all(clip.start_frame <= p.frame < clip.end_frame for p in pictures)
        found = embeddings.similar(session, approved[0], 10)
        assert embeddings.models(session) == [LAYOUT_MODEL]
    assert {clip.id for clip, _ in found} == set(approved[1:])
    before = everything(pipeline, storage)
    for _ in range(2):
        assert run_job(instance, "library", report.key).success
        assert everything(pipeline, storage) == before


def test_an_approval_is_taken_back_from_the_library_and_given_again(
    pipeline: Engine, storage: Storage, instance: dg.DagsterInstance, report: IngestReport
) -> None:
    recalled, *others = approve_all(pipeline)
    assert run_job(instance, "library", report.key).success
    before = everything(pipeline, storage)["objects"]
    with transaction(pipeline) as session:
        event = event_log.latest_on_clip(session, recalled)
        assert event is not None
        undoing.undo(session, actor="bob", event_id=event.id)
    assert storage.list(f"clips/{recalled}/") != [], "rows first, objects after"
    delete_due(open_pipeline(pipeline, get_settings()))
    with transaction(pipeline) as session:
        clip = clips.get(session, recalled)
        assert (clip.state, clip.is_virtual) == (ClipState.PENDING_REVIEW, True)
        assert artifacts.keyframes(session, recalled) == []
        assert embeddings.similar(session, others[0], 10)[0][0].id != recalled
    assert storage.list(f"clips/{recalled}/") == []
    assert run_job(instance, "library", report.key).success
    assert counts_by_state(pipeline) == {ClipState.PENDING_REVIEW: 1, ClipState.EMBEDDED: 2}
    assert approve_all(pipeline) == [recalled]
    assert run_job(instance, "library", report.key).success
    assert everything(pipeline, storage)["objects"] == before


def test_a_clip_of_the_library_that_is_archived_comes_back_by_undo(
    pipeline: Engine, instance: dg.DagsterInstance, report: IngestReport
) -> None:
    first, *_ = approve_all(pipeline)
    assert run_job(instance, "library", report.key).success
    with transaction(pipeline) as session:
        version = clips.get(session, first).version
        reviews.decide(session, actor="ann", clip_id=first, version=version, decision=ARCHIVE)
    assert counts_by_state(pipeline) == {ClipState.REVIEW_ARCHIVED: 1, ClipState.EMBEDDED: 2}
    with transaction(pipeline) as session:
        undoing.undo(session, actor="ann")
    assert run_job(instance, "library", report.key).success
    assert counts_by_state(pipeline) == {ClipState.EMBEDDED: 3}


def test_without_the_model_clips_get_into_the_library_and_their_vectors_later(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    report: IngestReport,
) -> None:
    monkeypatch.setenv("HEATERS_EMBEDDING_MODEL", "/no/such/model")
    get_settings.cache_clear()
    approved = approve_all(pipeline)
    assert run_job(instance, "library", report.key).success
    assert counts_by_state(pipeline) == {ClipState.EMBEDDED: len(approved)}
    assert tick(missing_vectors, instance) == []
    page = create_app(get_settings()).test_client().get(f"/clips/{approved[0]}").text
    assert "No vector by /no/such/model yet: there is no folder /no/such/model." in page

    monkeypatch.setenv("HEATERS_EMBEDDING_MODEL", LAYOUT_MODEL)
    get_settings.cache_clear()
    with dg.DagsterInstance.ephemeral() as other:
        assert len(tick(missing_vectors, other)) == 1
        assert run_job(other, "vectors", None).success
        assert tick(missing_vectors, other) == []
    with transaction(pipeline) as session:
        found = embeddings.similar(session, approved[0], 10)
        assert {clip.id for clip, _ in found} == set(approved[1:])


def test_a_clip_whose_keyframe_is_broken_fails_alone_and_rests_once_it_is_in_the_library(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    report: IngestReport,
) -> None:
    first, *others = approve_all(pipeline)
    assert run_job(instance, "library", report.key).success
    work = open_pipeline(pipeline, get_settings())
    with transaction(pipeline) as session:
        (still, *_) = artifacts.keyframes(session, first)
    with work.storage.fetch(still.filepath) as path:
        path.write_text("words")
    monkeypatch.setenv("HEATERS_EMBEDDING_STRATEGY", "frames")
    get_settings.cache_clear()
    filled = fill_vectors(open_pipeline(pipeline, get_settings()))
    assert (sorted(filled.made), filled.failed) == (others, [first])
    assert counts_by_state(pipeline) == {ClipState.EMBEDDED: 1 + len(others)}
    assert tick(missing_vectors, instance) == []
    with transaction(pipeline) as session:
        assert "is no image" in str(embeddings.why_missing(session, LAYOUT_MODEL, first))


def test_a_part_of_the_products_leaves_the_video_waiting_for_the_rest(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path
) -> None:
    with transaction(pipeline) as session:
        video, _ = add_source(session, str(film_file))
    parts = [["source_download"], ["review_proxy", "keyframe_offsets"], ["frame_scores"]]
    for assets in parts:
        assert run_job(instance, "ingest", video.key, assets).success
        with transaction(pipeline) as session:
            assert source_videos.get(session, video.key).state == "downloaded"
    assert not run_job(instance, "ingest", video.key, ["scene_cut_points"]).success
    assert run_job(instance, "ingest", video.key, ["gold_master"]).success
    assert run_job(instance, "ingest", video.key, ["scene_cut_points", "virtual_clips"]).success
    with transaction(pipeline) as session:
        assert source_videos.get(session, video.key).state == "ready"


def test_an_interrupted_run_leaves_no_clip_half_way(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    report: IngestReport,
) -> None:
    approve_all(pipeline)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.work.exports.export_files", interrupted)
        assert not run_job(instance, "library", report.key).success
    assert counts_by_state(pipeline) == {ClipState.EXPORT_FAILED: 3}


def test_cancelled_and_dead_runs_are_given_up_in_words(
    pipeline: Engine, tmp_path: Path, report: IngestReport
) -> None:
    film = tmp_path / "later.mp4"
    film.touch()
    with transaction(pipeline) as session:
        video, _ = add_source(session, str(film))
    database = Database()
    database._engine = pipeline
    tags = {"dagster/partition": video.key, "dagster/run_key": f"ingest:{video.key}:0"}
    run = dg.DagsterRun(job_name="ingest", tags=tags)
    give_up(database, run, "The run was cancelled: try again.")
    with transaction(pipeline) as session:
        cancelled = source_videos.get(session, video.key)
        assert (cancelled.state, cancelled.error) == (
            "download_failed",
            "The run was cancelled: try again.",
        )
        source_videos.retry(session, video.key)
    give_up(database, run, "Heard of too late: another attempt waits.")
    with transaction(pipeline) as session:
        assert source_videos.get(session, video.key).state == "new"
    approve_all(pipeline)
    run = dg.DagsterRun(job_name="library", tags={"dagster/partition": report.key})
    give_up(database, run, "The run died before it had ended: try again.")
    assert counts_by_state(pipeline) == {ClipState.EXPORT_FAILED: 3}


def test_one_bad_clip_fails_alone_and_can_be_tried_again(
    pipeline: Engine,
    storage: Storage,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    report: IngestReport,
) -> None:
    """The checksums of one clip's frames are spoilt: it must not become a file."""
    _first, second, _third = approve_all(pipeline)
    path = report.paths["frame_checksums"]
    with storage.fetch(path) as file:
        whole = file.read_text()
        frame = read_checksums(file)[SCENES[0] + 5]
    spoilt = tmp_path / "spoilt.txt"
    spoilt.write_text(whole.replace(f"0x{frame.crc:08x}", "0x00000001"))
    assert spoilt.read_text() != whole
    storage.put(spoilt, path)
    result = run_job(instance, "library", report.key)
    assert result.success
    assert counts_by_state(pipeline) == {ClipState.EMBEDDED: 2, ClipState.EXPORT_FAILED: 1}
    with transaction(pipeline) as session:
        clip = clips.get(session, second)
        assert clip.is_virtual
        assert "not frames 50 to 100" in str(clip.error)
        clip_work.retry(session, second)
    intact = tmp_path / "intact.txt"
    intact.write_text(whole)
    storage.put(intact, path)
    assert run_job(instance, "library", report.key).success
    assert counts_by_state(pipeline) == {ClipState.EMBEDDED: 3}


def test_the_whole_chain_on_s3(
    pipeline: Engine,
    instance: dg.DagsterInstance,
    film_file: Path,
    s3_endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import boto3

    boto3.client("s3", endpoint_url=s3_endpoint).create_bucket(Bucket="heaters-pipeline")
    monkeypatch.setenv("STORAGE_URL", "s3://heaters-pipeline/library")
    monkeypatch.setenv("HEATERS_S3_ENDPOINT_URL", s3_endpoint)
    # The definitions are loaded once, before this test's settings: a fresh process reads its own.
    command = [sys.executable, "-m", "heaters_pipeline.cli", "ingest", str(film_file), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    get_settings.cache_clear()
    store = open_storage(
        "s3://heaters-pipeline/library", get_settings().home, endpoint_url=s3_endpoint
    )
    made = store.list("videos/")
    assert any("/gold_master-" in key for key in made)
    assert any(key.endswith(".wav") for key in made)
    assert not (get_settings().home / "storage").exists()
    assert scratch_is_empty()


def test_a_new_video_is_ingested_once_and_a_retry_again(
    pipeline: Engine, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    film = tmp_path / "absent.mp4"
    film.touch()
    with transaction(pipeline) as session:
        video, _ = add_source(session, str(film))
    film.unlink()
    first = tick(new_source_videos, instance)
    assert tick(new_source_videos, instance) == first == [f"ingest:{video.key}:0"]
    assert not run_job(instance, "ingest", video.key).success
    assert tick(new_source_videos, instance) == []
    with transaction(pipeline) as session:
        source_videos.retry(session, video.key)
    assert tick(new_source_videos, instance) == [f"ingest:{video.key}:1"]


def test_approved_clips_are_due_after_the_undo_window_and_not_before(
    pipeline: Engine, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, _ = ready_video(pipeline)
    approve_all(pipeline)
    monkeypatch.setenv("HEATERS_UNDO_WINDOW_SECONDS", "60")
    get_settings.cache_clear()
    assert tick(approved_clips, instance) == []
    monkeypatch.setenv("HEATERS_UNDO_WINDOW_SECONDS", "0")
    get_settings.cache_clear()
    (run_key,) = tick(approved_clips, instance)
    assert run_key.startswith(f"library:{video.key}:")
    assert tick(approved_clips, instance) == [run_key]


def test_a_video_that_another_run_works_on_is_left_alone(
    pipeline: Engine, instance: dg.DagsterInstance, film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heaters_pipeline.db.locks.WAIT_SECONDS", 0.2)
    with transaction(pipeline) as session:
        video, _ = add_source(session, str(film_file))
    with video_lock(pipeline, video.key):
        result = run_job(instance, "ingest", video.key, ["source_download"])
    (failure,) = result.get_step_failure_events()
    assert "Another run is working on" in str(
        failure.step_failure_data.user_failure_data.description
    )
    assert run_job(instance, "ingest", video.key, ["source_download"]).success


def test_the_definitions_load_without_the_heavy_packages() -> None:
    heavy = ["cv2", "scenedetect", "sentence_transformers", "torch", "yt_dlp"]
    code = (
        "import sys, heaters_pipeline.orchestration.definitions\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_dagster_accepts_the_definitions() -> None:
    dg.Definitions.validate_loadable(defs)
