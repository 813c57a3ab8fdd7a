"""Archived source videos: what goes, what stays, and what then says why it can't be done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db import (
    archiving,
    artifacts,
    clip_work,
    clips,
    group_exports,
    retired_partitions,
    source_videos,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.group_exports import Missing
from heaters_pipeline.db.models import ClipFile, GroupExport
from heaters_pipeline.domain.archive import Archived, Goal, Stake, told
from heaters_pipeline.domain.decisions import (
    APPROVE,
    ARCHIVE,
    SKIP,
    Group,
    Merge,
    Nudge,
    Side,
    Split,
    Ungroup,
)
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError
from heaters_pipeline.domain.states import EXPORT, KEYFRAME, ClipState
from heaters_pipeline.media.products.transcode import Product
from heaters_pipeline.settings import Settings, get_settings
from heaters_pipeline.storage.s3 import S3Storage
from heaters_pipeline.work.archive import archive_source, move_objects, restore_source
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.products import make_products
from tests.decisions import annotate, decide, live, states, undo
from tests.footage import make_numbered_film
from tests.reviewer import Reviewer
from tests.rows import ready_video, to_delete


def in_library(work: Pipeline, folder: Path) -> tuple[str, list[int]]:
    """A film of two clips, the first of them in the library."""
    film = make_numbered_film(folder / "film.mp4", 30, (64, 36), scenes=(15,), audio=False)
    key = ingest(work, str(film)).key
    with work.transaction() as session:
        ids = [clip.id for clip in clips.of_video(session, 1)]
    decide(work.engine, ids[0], APPROVE)
    export_clips(work, key)
    take_keyframes(work, key)
    assert embed_clips(work, key).batch.done == ids[:1]
    return key, ids


def state(engine: Engine, clip_id: int) -> tuple[str, str | None]:
    with transaction(engine) as session:
        clip = clips.get(session, clip_id)
        return clip.state, clip.error


def test_what_is_archived_away_can_be_looked_at_and_not_exported(
    pipeline: Engine, tmp_path: Path
) -> None:
    work = open_pipeline(pipeline, get_settings())
    key, (first, second) = in_library(work, tmp_path)
    with work.transaction() as session:
        video = source_videos.get(session, key)
        stake = archiving.stake(session, key)
    assert stake[2:] == (1, 0, 1)
    assert "1 clip without files would stay without" in " ".join(told(stake, Archived.AWAY))
    with pytest.raises(InputError, match="no storage classes"):
        archive_source(work, key, Archived.COLD)

    before = set(work.storage.list(""))
    archive_source(work, key, Archived.AWAY)
    gone = {video.source_filepath, video.gold_master_filepath}
    assert to_delete(pipeline) == gone, "rows first"
    delete_due(work)
    assert set(work.storage.list("")) == before - gone
    with work.transaction() as session:
        now = source_videos.get(session, key)
        assert (now.state, now.archived, now.proxy_id) == ("ready", "away", video.proxy_id)
        assert len(artifacts.keyframes(session, first)) == 3
    decide(pipeline, second, APPROVE)
    assert export_clips(work, key).batch.failed == [second]
    failed, sentence = state(pipeline, second)
    assert failed == ClipState.EXPORT_FAILED
    assert "is archived, so nobody can export clips of it: its source and gold" in str(sentence)
    with pytest.raises(InputError, match="archived, so nobody can make anything anew"):
        make_products(work, key, frozenset(Product))
    with pytest.raises(InputError, match="were deleted: nothing brings them back"):
        restore_source(work, key)
    with pytest.raises(InputError, match="archived already"):
        archive_source(work, key, Archived.AWAY)


def refused(decision: Callable[..., object], *given: object) -> str:
    with pytest.raises(Conflict, match="nobody can make again") as refusal:
        decision(*given)
    return str(refusal.value)


def test_no_decision_loses_what_nobody_can_make_again(pipeline: Engine, tmp_path: Path) -> None:
    work = open_pipeline(pipeline, get_settings())
    key, (first, second) = in_library(work, tmp_path)
    archive_source(work, key, Archived.AWAY)
    delete_due(work)
    kept = set(work.storage.list(""))

    sentence = f"Clip {first} would lose files that nobody can make again, as the source and the"
    assert refused(decide, pipeline, first, SKIP).startswith(sentence)
    assert refused(undo, pipeline).endswith("archive it instead, which keeps them.")
    assert state(pipeline, first)[0] == ClipState.EMBEDDED

    annotate(pipeline, first, rating=4, note="Calm.")
    decide(pipeline, second, SKIP)
    undo(pipeline)
    decide(pipeline, second, Split([20]))
    undo(pipeline)
    decide(pipeline, second, Group())
    undo(pipeline)

    decide(pipeline, first, ARCHIVE)
    with work.transaction() as session:
        assert archiving.archive_rested(session, 0, 99) == 0
    with work.transaction() as session:
        assert retired_partitions.retire(session, [key], timedelta(0), 9, "1") == [key]
    for decision in (SKIP, APPROVE, Split([5]), Nudge(Side.NEXT, 12), Merge(Side.NEXT)):
        refused(decide, pipeline, first, decision)
    refused(decide, pipeline, second, Nudge(Side.PREVIOUS, 12))
    refused(decide, pipeline, second, Merge())
    undo(pipeline)
    assert state(pipeline, first) == (ClipState.EMBEDDED, None)
    with work.transaction() as session:
        assert len(artifacts.keyframes(session, first)) == 3
    delete_due(work)
    assert set(work.storage.list("")) == kept


def test_a_page_is_told_what_nobody_can_make_again(
    app: Flask, pipeline: Engine, tmp_path: Path
) -> None:
    work = open_pipeline(pipeline, get_settings())
    key, (first, second) = in_library(work, tmp_path)
    archive_source(work, key, Archived.AWAY)
    reviewer = Reviewer(app)
    found = [reviewer.clip(each) for each in (first, second)]
    answer = reviewer.decide(found[0], "skip")
    assert answer.status_code == 409 and "nobody can make again" in answer.get_json()["detail"]
    assert answer.get_json()["clip"]["state"] == "embedded"

    seen = [{"id": each["id"], "version": each["version"]} for each in found]
    answer = reviewer.post("/api/v1/decisions", {"action": "skip", "clips": seen}).get_json()
    assert [clip["id"] for clip in answer["clips"]] == [second]
    (left,) = answer["refused"]
    assert (left["id"], left["clip"]["state"]) == (first, "embedded")
    assert "nobody can make again" in left["error"]

    with work.transaction() as session:
        approval = clips.history(session, first)[-1].id
    answer = reviewer.post("/api/v1/undo", {"event_id": approval, "reason": "It is blurred."})
    assert answer.status_code == 409 and "nobody can make again" in answer.get_json()["detail"]
    assert state(pipeline, first)[0] == ClipState.EMBEDDED


def test_the_file_of_a_group_is_not_lost_either(engine: Engine) -> None:
    video, (first, second, third) = ready_video(engine)
    decide(engine, second, Group())
    with transaction(engine) as session:
        for clip in clip_work.claim(session, video.id, EXPORT, 0):
            frames = clip.frames.as_json()
            file = ClipFile(is_virtual=False, clip_filepath="f", exported_frames=frames)
            clip_work.finish(session, clip.id, EXPORT, file)
        for clip in clip_work.claim(session, video.id, KEYFRAME, 0):
            clip_work.fail(session, clip.id, KEYFRAME, "It is damaged.")
        whole = Missing(first.id, "delivery", "basis", [first.id, second.id])
        ranges = [first.frames, second.frames]
        group_exports.save(session, whole, "groups/1.mp4", ranges, {"sha256": "0"})
        archiving.archive(session, video.key, Archived.AWAY)
    gone = to_delete(engine)

    said = refused(decide, engine, second, Ungroup())
    assert said.startswith(f"The group of clip {first.id} would lose files that nobody can")
    refused(undo, engine)
    refused(decide, engine, third, Group())
    refused(decide, engine, first, SKIP)
    decide(engine, second, ARCHIVE)
    with transaction(engine) as session:
        assert archiving.archive_rested(session, 0, 99) == 0
    undo(engine)
    decide(engine, third, ARCHIVE)
    with transaction(engine) as session:
        assert archiving.archive_rested(session, 0, 99) == 1, "it has no file"
    with transaction(engine) as session:
        assert [each.filepath for each in session.scalars(sa.select(GroupExport))] == [
            "groups/1.mp4"
        ]
    assert to_delete(engine) == gone
    assert states(engine, video) == ["keyframe_failed"] * 2 + ["archived"]
    assert [clip.grouped_with_clip_id for clip in live(engine, video)] == [None, first.id, None]


def test_what_is_archived_in_the_cold_comes_back(
    settings: Settings, engine: Engine, s3_storage: S3Storage, tmp_path: Path
) -> None:
    settings = settings.model_copy(
        update={"embedding_model": "layout-v1", "undo_window_seconds": 0}
    )
    work = Pipeline(engine, s3_storage, settings, open_pipeline(engine, settings).log)
    key, (_, second) = in_library(work, tmp_path)
    with work.transaction() as session:
        paths = archiving.objects_of(source_videos.get(session, key))

    def classes() -> set[str]:
        client, prefix = s3_storage._client, s3_storage._prefix
        heads = [client.head_object(Bucket=s3_storage._bucket, Key=prefix + path) for path in paths]
        return {head.get("StorageClass", "STANDARD") for head in heads}

    assert classes() == {"STANDARD"}
    with work.transaction() as session:  # a process that died after its row
        archiving.archive(session, key, Archived.COLD)
    assert classes() == {"STANDARD"}
    archive_source(work, key, Archived.COLD)
    assert classes() == {"GLACIER_IR"}
    decide(engine, second, APPROVE)
    assert export_clips(work, key).batch.failed == [second]
    assert f"`heaters archive {key} --restore` brings" in str(state(engine, second)[1])
    restore_source(work, key)
    assert classes() == {"STANDARD"}
    with work.transaction() as session:
        clip_work.retry(session, second)
    assert export_clips(work, key).batch.done == [second]

    deep = settings.model_copy(update={"archive_class": "GLACIER"})
    frozen = Pipeline(engine, s3_storage, deep, work.log)
    take_keyframes(work, key)
    archive_source(frozen, key, Archived.COLD)
    assert classes() == {"GLACIER"}
    with pytest.raises(HeatersError, match="has to thaw it first"):
        restore_source(frozen, key)


def test_what_a_page_asks_for_is_moved_by_runs_until_it_is_there(
    settings: Settings, engine: Engine, s3_storage: S3Storage
) -> None:
    video, _ = ready_video(engine)
    work = Pipeline(engine, s3_storage, settings, open_pipeline(engine, settings).log)
    paths = archiving.objects_of(video)
    local = settings.home / "film"
    local.write_bytes(b"film")
    s3_storage.put(local, paths[0])
    assert len(paths) == 2 and move_objects(work, video.key) == 0, "nobody has asked"

    def due() -> list[str]:
        with work.transaction() as session:
            return [move.mark for move in archiving.due_moves(session, 10)]

    def told() -> tuple[int, str | None]:
        with work.transaction() as session:
            move = archiving.moves(session, [video.id])[video.id]
            return move.moved, move.error

    with work.transaction() as session:
        archiving.ask(session, video.key, Goal.COLD)
    asked = due()
    assert len(asked) == 1 and due() == [], "a run is asked for once"
    with pytest.raises(HeatersError):
        move_objects(work, video.key)
    moved, error = told()
    assert moved == 1 and error is not None and paths[1] in error
    with work.transaction() as session:
        archiving.note_move(session, video.id, next_try_at=sa.func.now())
    assert due() not in ([], asked), "the next run has another key"
    s3_storage.put(local, paths[1])
    assert move_objects(work, video.key) == 2
    with work.transaction() as session:
        assert archiving.moves(session, [video.id]) == {}
        assert source_videos.get(session, video.key).archived == "cold"
        archiving.ask(session, video.key, Goal.BACK)
    assert move_objects(work, video.key) == 2
    with work.transaction() as session:
        assert source_videos.get(session, video.key).archived is None


def test_what_archiving_means_is_said() -> None:
    stake = Stake("Film", 2_500_000_000, 3, 1, 1)
    away, cold = (" ".join(told(stake, each)) for each in (Archived.AWAY, Archived.COLD))
    assert "(2.5 GB) are deleted" in away and "Nothing brings them back" in away
    assert (
        "stay, and the files, stills and vectors of 3 clips." in away
        and "exported any more" in away
    )
    assert "A clip that has some can be archived, which keeps them; skip, merge" in away
    assert "can be archived" not in " ".join(told(stake._replace(exported=0), Archived.AWAY))
    assert "can be archived" not in cold
    assert "move to a cold" in cold and "exported until it is restored" in cold
    assert "2 clips without files would stay without." in cold
