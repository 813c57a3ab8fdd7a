"""Removing source videos."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import (
    clip_work,
    clips,
    embeddings,
    event_log,
    ledger,
    removal,
    reviews,
    source_videos,
    statistics,
    undoing,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.ledger import StoredFacts
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.decisions import APPROVE, ARCHIVE, SKIP, Action, Merge, Split
from heaters_pipeline.domain.errors import Conflict, Gone, InputError, TransitionError
from heaters_pipeline.domain.states import DOWNLOAD, EXPORT, PREPROCESS, ClipState, SourceState
from heaters_pipeline.work.register import add_source
from tests.decisions import decide
from tests.rows import add_keyframe, ready_video, to_delete, wait_for_waiting

KEPT = (
    *("id", "key", "title", "url", "origin", "playlist_id", "needs_splicing", "pipeline"),
    *("state", "attempt", "tries", "cancel_requested", "refetch_requested"),
    *("created_at", "updated_at"),
)
"""Columns that say what a video is, where it comes from, and that it is removed."""


def remove(engine: Engine, key: str) -> str:
    with transaction(engine) as session:
        return removal.remove(session, key, actor="ann")


def test_what_was_made_of_a_video_goes_and_the_log_stays(engine: Engine) -> None:
    video, (first, second, third) = ready_video(engine)
    _, others = ready_video(engine, "other")
    approved = decide(engine, first.id, APPROVE).event_id
    merged = decide(engine, third.id, Merge()).event_id
    source = layout.source(video.key, "abc", ".mp4")
    with transaction(engine) as session:
        clip_work.claim(session, video.id, EXPORT, 0)
        facts = {"clip_filepath": layout.clip_file(first.id), "is_virtual": False}
        facts |= {"exported_frames": first.frames.as_json()}
        clip_work.finish(session, first.id, EXPORT, facts)
        still = layout.keyframe(first.id, 3, "1f")
        add_keyframe(session, first.id, 3, still)
        for clip in (first, second, others[0]):
            embeddings.save(session, clip.id, "m", "preview", [1.0])
        ledger.record(
            session, video.id, {source: StoredFacts(5), layout.clip_file(first.id): StoredFacts(5)}
        )
        ledger.record(
            session, others[0].source_video_id, {layout.clip_file(others[0].id): StoredFacts(5)}
        )
    assert remove(engine, video.key) == video.title
    made = {source, layout.clip_file(first.id), still}
    assert to_delete(engine) == made | {"g", "p", "s"}  # the rows of `ready_video`
    with transaction(engine) as session:
        gone = source_videos.get(session, video.key)
        assert (gone.state, gone.frame_count, gone.proxy_id) == (SourceState.REMOVED, None, None)
        assert gone.attempt > video.attempt
        assert clips.of_video(session, video.id) == []
        assert ledger.by_kind(session, [video.id]) == {}
        assert len(ledger.by_kind(session, [others[0].source_video_id])) == 1
        left = "SELECT clip_id FROM clip_embeddings UNION SELECT clip_id FROM clip_artifacts"
        assert list(session.scalars(sa.text(left))) == [others[0].id]
        told = [event.action for event in clips.history(session, first.id)]
        assert told == [Action.REPLAN, Action.APPROVE, Action.REMOVE]
        assert clip_work.due(session, 0, 9) == []
        assert event_log.latest(session, "ann", 9) == []
        assert event_log.latest_on_clip(session, first.id) is None
    for event in (approved, merged):
        with pytest.raises(Gone, match="removed since"), transaction(engine) as session:
            undoing.undo(session, actor="ann", event_id=event)
    with pytest.raises(InputError, match="removed already"):
        remove(engine, video.key)
    with pytest.raises(TransitionError), transaction(engine) as session:
        source_videos.begin(session, video.key, PREPROCESS)


def test_every_column_of_a_video_is_kept_or_forgotten_when_it_is_removed(engine: Engine) -> None:
    columns = {column.name: column for column in sa.inspect(SourceVideo).columns}
    assert sorted([*KEPT, *removal.FORGOTTEN]) == sorted(columns)
    assert all(columns[name].nullable for name in removal.FORGOTTEN)
    video, _ = ready_video(engine)
    remove(engine, video.key)
    wanted = sa.select(*(columns[name] for name in removal.FORGOTTEN))
    with transaction(engine) as session:
        assert set(session.execute(wanted).one()) == {None}


@pytest.mark.parametrize("until", [None, DOWNLOAD, PREPROCESS])
def test_a_video_is_removed_whatever_its_state(engine: Engine, until: object) -> None:
    with transaction(engine) as session:
        video, _ = add_source(session, "https://films.example/a.mp4")
        for step in (DOWNLOAD, PREPROCESS):
            if until in (step, PREPROCESS):
                source_videos.begin(session, video.key, step)
                if until is not step:
                    source_videos.finish(session, video.key, step, {"source_filepath": "s"})
    remove(engine, video.key)
    assert to_delete(engine) == (set() if until in (None, DOWNLOAD) else {"s"})


def test_what_was_removed_can_be_added_again(engine: Engine, tmp_path: Path) -> None:
    path = str(tmp_path / "film.mp4")
    Path(path).touch()
    with transaction(engine) as session:
        video, _ = add_source(session, path)
    remove(engine, video.key)
    with transaction(engine) as session:
        assert source_videos.waiting(session, 9) == []
        again, told = add_source(session, path, title="Another title", needs_splicing=False)
        assert (again.id, told, again.title) == (video.id, "added again", "Another title")
        assert not again.needs_splicing
        assert source_videos.waiting(session, 9) == [(video.key, again.attempt)]
        assert add_source(session, path)[1] == "known already, new"
        told = add_source(session, path, pipeline=ClipPipeline.PHYSICAL)[1]
        assert told == "known already, new, and stays virtual"


def test_the_twin_of_a_removed_video_can_be_added_again(engine: Engine) -> None:
    video, _ = ready_video(engine)
    with transaction(engine) as session:
        twin, _ = add_source(session, "https://films.example/a.mp4")
        source_videos.begin(session, twin.key, DOWNLOAD)
        facts = {"duplicate_of_id": video.id}
        source_videos.settle(session, twin.key, SourceState.DUPLICATE, facts)
        assert add_source(session, twin.url)[1] == "known already, duplicate"
    remove(engine, video.key)
    with transaction(engine) as session:
        assert add_source(session, twin.url)[1] == "added again"


def test_a_video_added_again_gets_clips_of_its_own_and_old_decisions_stay_as_they_were(
    engine: Engine,
) -> None:
    video, (old, _, last) = ready_video(engine)
    event = decide(engine, old.id, SKIP).event_id
    decide(engine, last.id, Merge())
    decide(engine, old.id, Split([5]))
    remove(engine, video.key)
    with transaction(engine) as session:
        source_videos.retry(session, video.key)
    _, found = ready_video(engine, video.key)
    assert len(found) == 3
    decide(engine, found[1].id, SKIP)
    with transaction(engine) as session:
        assert event_log.placed_cuts(session, [video.id]) == {}
        assert event_log.corrections(session, [video.id]) == {}
        assert [figures.false for figures in statistics.sources(session, 9)] == [0]
        undoing.undo(session, actor="ann")
    assert not {clip.id for clip in found} & {old.id}
    with pytest.raises(Gone, match="removed since"), transaction(engine) as session:
        undoing.undo(session, actor="ann", event_id=event)
    newer = decide(engine, found[0].id, SKIP).event_id
    with transaction(engine) as session:
        assert [event.id for event in event_log.latest(session, "ann", 9)] == [newer]
        undoing.undo(session, actor="ann")


def test_no_clip_outlives_its_video_whatever_is_decided_meanwhile(engine: Engine) -> None:
    for number in range(8):
        key = f"film-{number}"
        video, found = ready_video(engine, key, frame_count=200, cuts=range(20, 200, 20))
        start = threading.Barrier(3)

        def decide_on_all(ids: list[int], start: threading.Barrier = start) -> None:
            start.wait()
            for clip_id in ids:
                with transaction(engine) as session:
                    clip = clips.get(session, clip_id)
                    middle = (clip.start_frame + clip.end_frame) // 2
                try:
                    decide(engine, clip_id, Split([middle]))
                except Conflict:
                    return

        def remove_it(key: str = key, start: threading.Barrier = start) -> None:
            start.wait()
            remove(engine, key)

        ids = [clip.id for clip in found]
        with ThreadPoolExecutor(3) as pool:
            runs = [pool.submit(decide_on_all, ids[:5]), pool.submit(decide_on_all, ids[5:])]
            runs.append(pool.submit(remove_it))
            for run in runs:
                run.result(60)
        with transaction(engine) as session:
            assert clips.of_video(session, video.id) == []
            assert source_videos.get(session, key).state == SourceState.REMOVED


def test_an_undo_that_waited_for_a_removal_brings_no_clip_back(engine: Engine) -> None:
    video, (clip, *_) = ready_video(engine)
    event = decide(engine, clip.id, SKIP).event_id

    def undo() -> None:
        with transaction(engine) as session:
            undoing.undo(session, actor="ann", event_id=event)

    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            removal.remove(session, video.key, actor="bob")
            run = pool.submit(undo)
            wait_for_waiting(engine)
        with pytest.raises(Gone, match="removed since"):
            run.result(20)
    with transaction(engine) as session:
        assert clips.of_video(session, video.id) == []


def test_a_batch_with_a_removed_video_stands_in_no_other_undo_s_way(engine: Engine) -> None:
    _, (kept, first, _) = ready_video(engine, "film-1")
    _, (gone, *_) = ready_video(engine, "film-2")
    before = decide(engine, first.id, SKIP).event_id
    for order in ([kept, gone], [gone, kept]):
        with transaction(engine) as session:
            versions = {clip.id: clips.get(session, clip.id).version for clip in order}
            reviews.decide_all(session, actor="ann", decision=ARCHIVE, versions=versions)
    remove(engine, "film-2")
    with transaction(engine) as session:
        assert [event.id for event in event_log.latest(session, "ann", 9)] == [before]
        assert event_log.latest_on_clip(session, kept.id) is None
        undoing.undo(session, actor="ann")
        assert clips.get(session, first.id).state == ClipState.PENDING_REVIEW
