"""Decisions on many clips at once, which are undone as one."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import (
    archiving,
    artifacts,
    clip_work,
    clips,
    embeddings,
    event_log,
    replanning,
    review_queue,
    reviews,
    source_videos,
)
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.db.reviews import BatchOutcome
from heaters_pipeline.domain.decisions import (
    APPROVE,
    ARCHIVE,
    SKIP,
    Action,
    Annotate,
    BatchedDecision,
    Mark,
)
from heaters_pipeline.domain.errors import Conflict, Gone
from heaters_pipeline.domain.states import EMBED, EXPORT, KEYFRAME, ClipState
from tests.decisions import states, undo
from tests.rows import add_keyframe, counted, ready_video, to_delete


def many(engine: Engine, count: int, key: str = "film-1") -> tuple[SourceVideo, list[Clip]]:
    return ready_video(engine, key, frame_count=count * 10, cuts=range(10, count * 10, 10))


def decide_all(
    engine: Engine,
    wanted: Sequence[Clip],
    decision: BatchedDecision,
    *,
    actor: str = "ann",
    versions: dict[int, int] | None = None,
) -> BatchOutcome:
    with transaction(engine) as session:
        return reviews.decide_all(
            session,
            actor=actor,
            decision=decision,
            versions=versions or {clip.id: clip.version for clip in wanted},
        )


@pytest.mark.parametrize(
    ("mark", "state"),
    [
        (APPROVE, ClipState.REVIEW_APPROVED),
        (SKIP, ClipState.REVIEW_SKIPPED),
        (ARCHIVE, ClipState.REVIEW_ARCHIVED),
    ],
)
def test_a_batch_is_decided_and_undone_as_one(engine: Engine, mark: Mark, state: str) -> None:
    video, found = many(engine, 4)
    decision, refused = decide_all(engine, found[:3], mark)
    assert decision is not None
    assert refused == {}
    assert decision.events == 3
    assert states(engine, video) == [state] * 3 + [ClipState.PENDING_REVIEW]
    with transaction(engine) as session:
        told = [event.action for event in clips.history(session, found[2].id)]
        assert told == [Action.REPLAN, mark.action]
        last = clips.history(session, found[2].id)[-1].id
    undone = undo(engine, last)
    assert undone.events == 3
    assert states(engine, video) == [ClipState.PENDING_REVIEW] * 4
    assert [clip.version for clip in undone.clips] == [3] * 3
    for event in (decision.event_id, last):
        with pytest.raises(Gone):
            undo(engine, event)


def test_annotations_of_many(engine: Engine) -> None:
    _, found = many(engine, 3)
    decide_all(engine, found[:1], Annotate({"labels": ["old"]}))
    with transaction(engine) as session:
        found = [clips.get(session, clip.id) for clip in found]
    decision, _ = decide_all(engine, found, Annotate({"labels": ["new"], "rating": 3}))
    assert decision is not None
    assert {clip.annotation for clip in decision.clips} == {(("new",), 3, None, ())}
    assert [clip.labels for clip in undo(engine).clips] == [["old"], [], []]


def test_labels_are_added_to_many_that_have_others(engine: Engine) -> None:
    _, found = many(engine, 3)
    full = [str(number) for number in range(20)]
    decide_all(engine, found[:1], Annotate({"labels": ["old", "both"]}))
    decide_all(engine, found[2:], Annotate({"labels": full}))
    with transaction(engine) as session:
        found = [clips.get(session, clip.id) for clip in found]
    wanted: Annotate = Annotate({"add_labels": ["both", "new"], "remove_labels": ["old"]})
    decision, refused = decide_all(engine, found, wanted)
    assert decision is not None
    assert [clip.labels for clip in decision.clips] == [["both", "new"], ["both", "new"]]
    assert refused == {found[2].id: "A clip has 20 labels at most."}
    again, _ = decide_all(engine, found[:2], wanted)
    assert again is not None
    assert again.event_id == decision.event_id
    assert [clip.labels for clip in undo(engine).clips] == [["old", "both"], []]


def test_what_can_be_decided_is_and_the_rest_is_told(engine: Engine) -> None:
    video, (stale, taken, gone, fine) = many(engine, 4)
    decide_all(engine, [stale], SKIP, actor="bob")
    decide_all(engine, [taken], APPROVE, actor="bob")
    with transaction(engine) as session:
        clip_work.claim(session, video.id, EXPORT, 0)
    versions = {stale.id: 1, taken.id: 2, fine.id: 1, gone.id + 999: 1}
    decision, refused = decide_all(engine, [], ARCHIVE, versions=versions)
    assert decision is not None
    assert [clip.id for clip in decision.clips] == [fine.id]
    assert "it is skipped now" in refused[stale.id]
    assert "is being exported now" in refused[taken.id]
    assert refused[gone.id + 999] == f"There is no clip {gone.id + 999}."
    nothing, refused = decide_all(engine, [stale], ARCHIVE)
    assert nothing is None
    assert list(refused) == [stale.id]


def test_a_batch_sent_twice_is_made_once(engine: Engine) -> None:
    _, found = many(engine, 3)
    first, _ = decide_all(engine, found, APPROVE)
    again, refused = decide_all(engine, found, APPROVE)
    assert first is not None
    assert again is not None
    assert (again.event_id, refused) == (first.event_id, {})
    assert {clip.version for clip in again.clips} == {2}
    _, refused = decide_all(engine, found, APPROVE, actor="bob")
    assert len(refused) == 3


def test_a_batch_of_which_one_can_not_be_undone_stays_whole(engine: Engine) -> None:
    video, found = many(engine, 3)
    decision, _ = decide_all(engine, found, APPROVE)
    assert decision is not None
    second = decision.clips[1]
    decide_all(engine, [second], SKIP, actor="bob")
    before = states(engine, video)
    with pytest.raises(Conflict, match=r"bob has [a-z ]+ clip [0-9]+ since"):
        undo(engine, decision.event_id)
    assert states(engine, video) == before
    undo(engine, actor="bob")
    with transaction(engine) as session:
        claimed = clip_work.claim(session, video.id, EXPORT, 0)
        assert len(claimed) == 3
    with pytest.raises(Conflict, match="is being exported right now"):
        undo(engine, decision.event_id)
    assert states(engine, video) == [ClipState.EXPORTING] * 3


def test_own_decisions_list_a_batch_once_and_count_each_of_it(engine: Engine) -> None:
    _, found = many(engine, 5)
    batch, _ = decide_all(engine, found[:3], APPROVE)
    single, _ = decide_all(engine, found[3:4], SKIP)
    noted, _ = decide_all(engine, found[4:], Annotate({"rating": 2}))
    assert batch
    assert single
    assert noted
    ids = [noted.event_id, single.event_id, batch.event_id]
    with transaction(engine) as session:
        latest = event_log.latest(session, "ann", 9)
        assert [event.id for event in latest] == ids
        assert event_log.batch_sizes(session, ids) == {batch.event_id: 3}
        began = latest[-1].created_at
        assert event_log.count_since(session, "ann", began) == 4
    for left in (ids[1:], ids[2:], []):
        undo(engine)
        with transaction(engine) as session:
            assert [event.id for event in event_log.latest(session, "ann", 9)] == left


def test_clips_of_the_library_leave_it_with_their_files_but_keep_their_previews(
    engine: Engine,
) -> None:
    video, found = many(engine, 3)
    decide_all(engine, found, APPROVE)
    with transaction(engine) as session:
        for clip in clip_work.claim(session, video.id, EXPORT, 0):
            facts = {"clip_filepath": f"clips/{clip.id}/clip.mp4", "is_virtual": False}
            facts |= {"exported_frames": clip.frames.as_json()}
            clip_work.finish(session, clip.id, EXPORT, facts)
            add_keyframe(session, clip.id, 1, f"k{clip.id}")
        for step, clip in itertools.product((KEYFRAME, EMBED), found):
            clips.get(session, clip.id).state = step.doing
            session.flush()
            clip_work.finish(session, clip.id, step)
        for clip in found:
            for strategy in (PREVIEW, "mean"):
                embeddings.save(session, clip.id, "m", strategy, [1.0, 0.0])
    with transaction(engine) as session:
        found = list(clips.of_video(session, video.id))
        assert len(embeddings.similar(session, found[0].id, 9)) == 2
    decision, refused = decide_all(engine, found[:2], ARCHIVE)
    assert decision is not None
    assert refused == {}
    files = {f"clips/{clip.id}/clip.mp4" for clip in found[:2]} | {f"k{c.id}" for c in found[:2]}
    assert to_delete(engine) == set()
    undo(engine)
    assert states(engine, video) == [ClipState.EMBEDDED] * 3, "its files are still there"
    with transaction(engine) as session:
        found = list(clips.of_video(session, video.id))
    assert decide_all(engine, found[:2], ARCHIVE)[1] == {}
    with transaction(engine) as session:
        assert archiving.archive_rested(session, 0, 99) == 2
    assert to_delete(engine) == files
    with transaction(engine) as session:
        assert artifacts.keyframes_of(session, [clip.id for clip in found]).keys() == {found[2].id}
        assert embeddings.models_of_clip(session, found[0].id) == []
        left = "SELECT count(*) FROM clip_embeddings WHERE strategy = 'preview'"
        assert session.scalar(sa.text(left)) == 3
    undo(engine)
    assert states(engine, video) == [ClipState.REVIEW_APPROVED] * 2 + [ClipState.EMBEDDED]


def test_a_large_batch_takes_as_many_statements_as_a_small_one(engine: Engine) -> None:
    _, few = many(engine, 5)
    _, lots = many(engine, 300, "film-2")
    taken = []
    for found in (few, lots):
        with counted(engine) as sent:
            decision, _ = decide_all(engine, found, APPROVE)
            assert decision is not None
            with transaction(engine) as session:
                review_queue.queued(session, [clip.id for clip in decision.clips])
            decide_all(engine, decision.clips, Annotate({"labels": ["a"]}))
            undo(engine)
            undo(engine)
        taken.append(len(sent))
    assert taken[0] == taken[1] < 50


def test_batches_that_overlap_do_not_wait_for_each_other_for_ever(engine: Engine) -> None:
    """Nor for single decisions, leases given back, and what the pipeline makes final."""
    video, _found = many(engine, 60)
    start = threading.Barrier(4)

    def reviewer(name: str) -> int:
        chance = random.Random(name)
        start.wait()
        done = 0
        for _ in range(12):
            with transaction(engine) as session:
                now = {clip.id: clip.version for clip in clips.of_video(session, video.id)}
            some = dict(chance.sample(list(now.items()), 30))
            mark = chance.choice([APPROVE, SKIP, ARCHIVE])
            decision, refused = decide_all(engine, [], mark, actor=name, versions=some)
            assert len(refused) + (decision.events if decision else 0) == 30
            if decision and chance.random() < 0.5:
                with suppress(Conflict):
                    undo(engine, decision.event_id, name)
            done += 1
        return done

    def others() -> int:
        start.wait()
        for _ in range(40):
            with transaction(engine) as session:
                review_queue.lease_queue(session, "ann", 20, 60)
            with transaction(engine) as session:
                review_queue.release(session, "ann")
            with transaction(engine) as session:
                archiving.archive_rested(session, 0, 99)
        return 12

    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(reviewer, name) for name in ("ann", "bob", "cid")]
        runs.append(pool.submit(others))
        assert [run.result(120) for run in runs] == [12] * 4


def test_a_video_is_laid_anew_with_as_many_statements_for_two_thousand_clips_as_for_ten(
    engine: Engine,
) -> None:
    def replanned(count: int) -> tuple[SourceVideo, int]:
        """The transitions lie over the ends of the clips of the second plan."""
        video, _ = many(engine, count, f"film-{count}")
        cuts = range(15, count * 10, 10)
        found = [{"kind": "dissolve", "first": cut - 2, "last": cut + 1} for cut in cuts]
        with transaction(engine) as session:
            source_videos.record(session, video.key, {"scene_cut_points": {"transitions": found}})
        with transaction(engine) as session:
            video = source_videos.get(session, video.key)
            with counted(engine) as sent:
                replanning.replan(session, video, cuts)
        return video, len(sent)

    _, few_sent = replanned(10)
    video, sent = replanned(2000)
    assert sent == few_sent <= 20
    with transaction(engine) as session:
        live = clips.of_video(session, video.id)
        made = [clip.id for clip in live]
        event = clips.history(session, made[0])[-1]
    edges = [0, *range(15, 20_000, 10), 20_000]
    assert [tuple(clip.frames) for clip in live] == list(itertools.pairwise(edges))
    assert made == sorted(made)
    for clip in live:
        start, end = clip.frames
        assert clip.cut_points == {
            "start_frame": start,
            "end_frame": end,
            "start_time_seconds": start / 25,
            "end_time_seconds": end / 25,
        }
        clean = (start + 1 if start else 0, end - 1 if end < 20_000 else end)
        assert clip.clean_frames == clean
    assert len(event.before) == 2000
    assert len(event.after) == 2000 + len(live)
    assert {clip.last_event_id for clip in live} == {event.id}
