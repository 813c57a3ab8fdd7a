"""Moved cuts, several splits, merges to either side, labels, ratings and notes: as transactions."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import (
    clip_work,
    clips,
    embeddings,
    replanning,
    review_queue,
    reviews,
    source_videos,
)
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.events import Outcome
from heaters_pipeline.db.models import Clip, ClipEmbedding, SourceVideo
from heaters_pipeline.domain.cut_points import FrameRange, find_faults
from heaters_pipeline.domain.decisions import (
    APPROVE,
    ARCHIVE,
    SKIP,
    Annotate,
    Decision,
    Group,
    Merge,
    Nudge,
    Side,
    Split,
)
from heaters_pipeline.domain.errors import Conflict, Gone, InputError
from heaters_pipeline.domain.states import EXPORT, ClipState
from tests.decisions import annotate, decide, live, ranges, undo
from tests.rows import RATE, ready_video, to_delete

pytestmark = pytest.mark.long


def now(engine: Engine, clip_id: int) -> Clip:
    with transaction(engine) as session:
        return clips.get(session, clip_id)


def nudge(engine: Engine, clip: Clip, side: Side, frame: int, **options: Any) -> Outcome:
    return decide(engine, clip, Nudge(side, frame), **options)


def as_it_is(engine: Engine, video: SourceVideo) -> list[tuple[Any, ...]]:
    """All of the live clips that a decision can change, but for versions."""
    return [
        (clip.id, clip.state, clip.made_by, clip.cut_points, clip.trim, clip.annotation)
        for clip in live(engine, video)
    ]


# --- Splits and merges ------------------------------------------------------------------------


def test_several_splits_in_one_go_and_back(engine: Engine) -> None:
    video, (_, second, _) = ready_video(engine, cuts=[10, 50])
    before = as_it_is(engine, video)
    decision = decide(engine, second, Split([40, 20]))
    assert ranges(engine, video) == [(0, 10), (10, 20), (20, 40), (40, 50), (50, 100)]
    assert [clip.state for clip in decision.clips] == [
        ClipState.SUPERSEDED,
        *[ClipState.PENDING_REVIEW] * 3,
    ]
    undo(engine)
    assert as_it_is(engine, video) == before


def test_merge_with_the_next_and_back(engine: Engine) -> None:
    video, (first, _, third) = ready_video(engine, cuts=[10, 50])
    before = as_it_is(engine, video)
    decide(engine, first, Merge(Side.NEXT))
    assert ranges(engine, video) == [(0, 50), (50, 100)]
    with pytest.raises(InputError, match="No clip comes right after"):
        decide(engine, third, Merge(Side.NEXT))
    undo(engine)
    assert as_it_is(engine, video) == before


def test_a_merge_sent_twice_is_one_but_not_with_the_other_neighbour(engine: Engine) -> None:
    _, (_, second, _) = ready_video(engine, cuts=[10, 50])
    made = decide(engine, second, Merge(Side.NEXT), version=1)
    again = decide(engine, second, Merge(Side.NEXT), version=1)
    assert again.event_id == made.event_id
    with pytest.raises(Conflict):
        decide(engine, second, Merge(Side.PREVIOUS), version=1)


def test_parts_keep_what_was_said_and_a_merge_joins_it(engine: Engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    annotate(engine, first, labels=["a"], rating=2, note="dark")
    annotate(engine, second, labels=["b", "a"], rating=4)
    (merged,) = decide(engine, first, Merge(Side.NEXT)).clips[2:]
    assert merged.annotation == (("a", "b"), 4, "dark", ())
    decide(engine, merged, Split([5, 6]))
    assert [clip.annotation for clip in live(engine, video)[:3]] == [merged.annotation] * 3


def test_new_clips_borrow_the_mean_preview_of_the_old(engine: Engine) -> None:
    _, (first, second, _) = ready_video(engine, cuts=[10, 50])

    def preview(clip: Clip) -> list[float]:
        with transaction(engine) as session:
            (found,) = session.scalars(
                sa.select(ClipEmbedding.embedding).where(ClipEmbedding.clip_id == clip.id)
            )
            return [float(value) for value in found]

    with transaction(engine) as session:
        embeddings.save(session, first.id, "m", PREVIEW, [1.0, 0.0])
        embeddings.save(session, second.id, "m", PREVIEW, [0.0, 1.0])
    merged = decide(engine, second, Merge()).clips[-1]
    assert preview(merged) == [0.5, 0.5]
    for part in decide(engine, merged, Split([30])).clips[1:]:
        assert preview(part) == [0.5, 0.5]


@pytest.mark.parametrize(
    "decision",
    [
        *(APPROVE, Group(), Merge(Side.NEXT), Split([30])),
        *(Nudge(Side.NEXT, 51), Annotate({"rating": 1})),
    ],
)
def test_what_is_no_clip_any_more_is_not_decided_on(engine: Engine, decision: Decision) -> None:
    video, (_, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, second, Split([20]))
    before = as_it_is(engine, video)
    with pytest.raises(Conflict, match="it is replaced by a merge or a split now"):
        decide(engine, second, decision, version=2)
    with transaction(engine) as session:
        decided = reviews.decide_all(session, actor="ann", decision=SKIP, versions={second.id: 2})
    assert decided.outcome is None
    assert as_it_is(engine, video) == before


# --- Nudges -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "cut"), [(Side.PREVIOUS, 13), (Side.NEXT, 41)])
def test_a_cut_moves_and_both_neighbours_stay_the_clips_they_are(
    engine: Engine, side: Side, cut: int
) -> None:
    video, (first, second, third) = ready_video(engine, cuts=[10, 50])
    before = as_it_is(engine, video)
    decision = nudge(engine, second, side, cut)
    edges = {10: 10, 50: 50} | ({10: cut} if side == Side.PREVIOUS else {50: cut})
    assert ranges(engine, video) == [(0, edges[10]), (edges[10], edges[50]), (edges[50], 100)]
    assert {clip.id for clip in live(engine, video)} == {first.id, second.id, third.id}
    assert [clip.version for clip in decision.clips] == [2, 2]
    moved = now(engine, second.id).cut_points
    assert moved["start_time_seconds"] == edges[10] / RATE
    assert moved["end_time_seconds"] == edges[50] / RATE
    undo(engine)
    assert as_it_is(engine, video) == before


def test_a_nudge_works_trims_out_again(engine: Engine) -> None:
    video, _ = ready_video(engine, cuts=[])
    dissolve = {"kind": "dissolve", "first": 29, "last": 40}
    with transaction(engine) as session:
        found = {"scene_cut_points": {"transitions": [dissolve]}}
        source_videos.record(session, video.key, found)
    with transaction(engine) as session:
        replanning.replan(session, source_videos.get(session, video.key), [35])
    first, second = live(engine, video)
    before = as_it_is(engine, video)
    assert (first.clean_frames, second.clean_frames) == ((0, 30), (40, 100))
    first, second = nudge(engine, first, Side.NEXT, 41).clips
    assert (first.trim, second.trim) == (None, None)
    undo(engine)
    assert as_it_is(engine, video) == before


@pytest.mark.parametrize("frame", [0, 50, -3, 99])
def test_a_cut_can_not_move_past_its_neighbours(engine: Engine, frame: int) -> None:
    video, (_, second, _) = ready_video(engine, cuts=[10, 50])
    before = as_it_is(engine, video)
    with pytest.raises(InputError, match="it can be at 1 to 49"):
        nudge(engine, second, Side.PREVIOUS, frame)
    assert as_it_is(engine, video) == before


def test_the_ends_of_a_video_are_no_cuts(engine: Engine) -> None:
    _, (first, _, third) = ready_video(engine, cuts=[10, 50])
    with pytest.raises(InputError, match="No clip comes right before"):
        nudge(engine, first, Side.PREVIOUS, 3)
    with pytest.raises(InputError, match="No clip comes right after"):
        nudge(engine, third, Side.NEXT, 90)


def test_a_nudge_sent_twice_moves_the_cut_once(engine: Engine) -> None:
    video, (_, second, _) = ready_video(engine, cuts=[10, 50])
    moved = nudge(engine, second, Side.PREVIOUS, 12, version=1)
    assert nudge(engine, second, Side.PREVIOUS, 12, version=1).event_id == moved.event_id
    with pytest.raises(Conflict):
        nudge(engine, second, Side.PREVIOUS, 13, version=1)
    nudge(engine, second, Side.PREVIOUS, 12)
    assert ranges(engine, video)[0] == (0, 12)


def test_a_cut_moves_beside_an_approved_clip_whose_window_begins_anew(engine: Engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    approved = decide(engine, first, APPROVE)
    decided_at = now(engine, first.id).decided_at
    moved = nudge(engine, second, Side.PREVIOUS, 12)
    after = now(engine, first.id)
    assert after.state == ClipState.REVIEW_APPROVED
    assert (after.end_frame, after.last_event_id) == (12, moved.event_id)
    assert decided_at is not None
    assert after.decided_at is not None
    assert after.decided_at > decided_at
    # What was decided and where the cut lies are taken back by themselves, in any order.
    undo(engine, approved.event_id)
    assert [(c.state, tuple(c.frames)) for c in live(engine, video)[:2]] == [
        (ClipState.PENDING_REVIEW, (0, 12)),
        (ClipState.PENDING_REVIEW, (12, 50)),
    ]
    undo(engine, moved.event_id)
    assert ranges(engine, video)[0] == (0, 10)


def test_a_cut_beside_what_the_pipeline_has_stays_where_it_is(engine: Engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    moved = nudge(engine, second, Side.PREVIOUS, 12)
    approved = decide(engine, first, APPROVE)
    with transaction(engine) as session:
        clip_work.claim(session, video.id, EXPORT, 0)
    with pytest.raises(Conflict, match="The clip before is being exported, so the cut between"):
        nudge(engine, second, Side.PREVIOUS, 13)
    with pytest.raises(Conflict, match="being exported now, so its cuts"):
        nudge(engine, first, Side.NEXT, 13)
    with pytest.raises(Conflict, match="being exported now, so its cuts"):
        undo(engine, moved.event_id)
    with transaction(engine) as session:
        facts = {"clip_filepath": "clips/1/clip.mp4", "is_virtual": False}
        facts |= {"exported_frames": first.frames.as_json()}
        clip_work.finish(session, first.id, EXPORT, facts)
    with pytest.raises(Conflict, match="exported now"):
        undo(engine, moved.event_id)
    undo(engine, approved.event_id)
    assert to_delete(engine) == {"clips/1/clip.mp4"}
    undo(engine, moved.event_id)
    assert ranges(engine, video) == [(0, 10), (10, 50), (50, 100)]


def test_of_two_cuts_of_a_clip_the_last_one_moved_goes_back_first(engine: Engine) -> None:
    video, (_, second, _) = ready_video(engine, cuts=[10, 50])
    before = as_it_is(engine, video)
    first_move = nudge(engine, second, Side.PREVIOUS, 12)
    second_move = nudge(engine, second, Side.NEXT, 60)
    with pytest.raises(Conflict, match=r"(ann has|You have) [a-z ]+ clip [0-9]+ since"):
        undo(engine, first_move.event_id)
    undo(engine, second_move.event_id)
    undo(engine, first_move.event_id)
    assert as_it_is(engine, video) == before


def test_a_neighbour_that_another_reviewer_has_moves_and_stays_his(engine: Engine) -> None:
    _, (first, second, third) = ready_video(engine, cuts=[10, 50])
    with transaction(engine) as session:
        review_queue.lease_queue(session, "ann", 2, 60)
        review_queue.lease_queue(session, "bob", 2, 60)
    nudge(engine, second, Side.NEXT, 60)
    assert now(engine, third.id).leased_by == "bob"
    with pytest.raises(Conflict, match="has changed since you saw it"):
        decide(engine, third, APPROVE, version=1, actor="bob")
    decide(engine, third, APPROVE, version=2, actor="bob")
    assert now(engine, first.id).version == 1
    undo(engine)
    assert now(engine, third.id).state == ClipState.REVIEW_APPROVED
    assert tuple(now(engine, third.id).frames) == (50, 100)


# --- Annotations ------------------------------------------------------------------------------


def test_an_annotation_changes_what_it_names_and_is_taken_back(engine: Engine) -> None:
    video, (clip, *_) = ready_video(engine)
    annotate(engine, clip, labels=["a"], rating=3)
    (noted,) = annotate(engine, clip, note="dark").clips
    assert (noted.annotation, noted.version, noted.state) == (
        (("a",), 3, "dark", ()),
        3,
        ClipState.PENDING_REVIEW,
    )
    annotate(engine, clip, labels=[])
    undo(engine)
    undo(engine)
    assert now(engine, clip.id).annotation == (("a",), 3, None, ())
    assert live(engine, video)[0].decided_at is None


def test_what_was_said_and_what_was_decided_are_taken_back_by_themselves(engine: Engine) -> None:
    _, (clip, *_) = ready_video(engine)
    said = annotate(engine, clip, rating=3)
    approved = decide(engine, clip, APPROVE)
    decided_at = now(engine, clip.id).decided_at
    again = annotate(engine, clip, rating=4)
    assert now(engine, clip.id).decided_at == decided_at
    with pytest.raises(Conflict, match=r"ha(s|ve) [a-z ]+ clip [0-9]+ since"):
        undo(engine, said.event_id)
    undo(engine, approved.event_id)
    assert (now(engine, clip.id).state, now(engine, clip.id).rating) == ("pending_review", 4)
    undo(engine, again.event_id)
    undo(engine, said.event_id)
    assert now(engine, clip.id).rating is None


def test_a_clip_of_the_library_is_annotated_and_one_that_is_gone_is_not(engine: Engine) -> None:
    video, (first, second, third) = ready_video(engine)
    decide(engine, first, APPROVE)
    with transaction(engine) as session:
        clip_work.claim(session, video.id, EXPORT, 0)
    assert annotate(engine, first, rating=5).clips[0].state == ClipState.EXPORTING
    decide(engine, third, Merge())
    with pytest.raises(Conflict, match="replaced by"):
        annotate(engine, second, rating=5)


def test_what_was_said_of_a_part_is_taken_back_before_the_split(engine: Engine) -> None:
    _, (_, second, _) = ready_video(engine)
    split = decide(engine, second, Split([20]))
    annotate(engine, split.clips[-1], rating=2)
    with pytest.raises(Conflict, match="described"):
        undo(engine, split.event_id)
    undo(engine)
    undo(engine)


def test_an_annotation_sent_twice_is_one_and_another_one_is_refused(engine: Engine) -> None:
    _, (clip, *_) = ready_video(engine)
    said = decide(engine, clip, Annotate({"rating": 3}), version=1)
    again = decide(engine, clip, Annotate({"rating": 3}), version=1)
    assert again.event_id == said.event_id
    with pytest.raises(Conflict):
        decide(engine, clip, Annotate({"rating": 4}), version=1)


def test_new_cut_points_keep_nudged_and_annotated_clips(engine: Engine) -> None:
    video, (first, second, third, fourth) = ready_video(engine, cuts=[10, 50, 70])
    nudge(engine, second, Side.PREVIOUS, 12)
    said = annotate(engine, third, labels=["a"])
    with transaction(engine) as session:
        replanning.replan(session, source_videos.get(session, video.key), [30, 60, 80])
    assert ranges(engine, video) == [(0, 12), (12, 50), (50, 70), (70, 80), (80, 100)]
    undo(engine, said.event_id)
    with transaction(engine) as session:
        replanning.replan(session, source_videos.get(session, video.key), [30, 60, 80])
    assert ranges(engine, video) == [(0, 12), (12, 50), (50, 60), (60, 80), (80, 100)]
    assert now(engine, first.id).state == now(engine, second.id).state == ClipState.PENDING_REVIEW
    assert now(engine, fourth.id).state == ClipState.SUPERSEDED


def test_an_annotation_whose_clip_new_cut_points_replaced_stays(engine: Engine) -> None:
    video, (_, second, _) = ready_video(engine, cuts=[10, 50])
    annotate(engine, second, rating=2)
    cleared = annotate(engine, second, rating=None)
    with transaction(engine) as session:
        replanning.replan(session, source_videos.get(session, video.key), [30])
    with pytest.raises(Conflict, match=r"pipeline has replaced clip [0-9]+ since"):
        undo(engine, cleared.event_id)


# --- Any order --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.whole) for seed in range(1, 6))]
)
def test_clips_cover_the_video_whatever_is_done_in_whatever_order(
    engine: Engine, seed: int
) -> None:
    chance = random.Random(seed)
    count = 60
    video, _ = ready_video(engine, frame_count=count, cuts=range(10, count, 10))
    events: list[int] = []
    undone = 0

    def anything() -> None:
        nonlocal undone
        clip = chance.choice(live(engine, video))
        side = chance.choice(list(Side))
        what = chance.choices(
            ["decide", "nudge", "merge", "split", "annotate", "undo", "replan", "claim"],
            [4, 6, 3, 4, 2, 6, 1, 1],
        )[0]
        if what == "undo" and events:
            undo(engine, events.pop(chance.randrange(len(events))))
            undone += 1
        elif what == "replan":
            cuts = chance.sample(range(1, count), 5)
            with transaction(engine) as session:
                replanning.replan(session, source_videos.get(session, video.key), cuts)
        elif what == "claim":
            with transaction(engine) as session:
                for claimed in clip_work.claim(session, video.id, EXPORT, 0):
                    claimed.state = ClipState.EXPORT_FAILED
        else:
            events.append(act(what, clip, side).event_id)

    def act(what: str, clip: Clip, side: Side) -> Outcome:
        if what == "nudge":
            return nudge(engine, clip, side, chance.randrange(clip.start_frame, clip.end_frame + 3))
        if what == "merge":
            return decide(engine, clip, Merge(side))
        if what == "split":
            inside = range(clip.start_frame + 1, clip.end_frame)
            frames = chance.sample(inside, min(len(inside), chance.randint(1, 3)))
            return decide(engine, clip, Split(frames))
        if what == "annotate":
            return annotate(engine, clip, rating=chance.randint(1, 5))
        return decide(engine, clip, chance.choice([APPROVE, SKIP, ARCHIVE, Group()]))

    done = 0
    for _ in range(120):
        try:
            anything()
            done += 1
        except (Conflict, InputError):
            pass
        clips_now = live(engine, video)
        assert find_faults(count, [clip.frames for clip in clips_now]) == []
        for clip in clips_now:
            assert clip.cut_points["start_time_seconds"] == clip.start_frame / RATE
            assert clip.cut_points["end_time_seconds"] == pytest.approx(clip.end_frame / RATE)
    assert done > 50
    assert undone > 0


def test_undoing_everything_from_the_last_on_gives_back_the_beginning(engine: Engine) -> None:
    chance = random.Random(9)
    video, _ = ready_video(engine, frame_count=60, cuts=range(10, 60, 10))
    before = as_it_is(engine, video)
    events: list[int] = []
    while len(events) < 25:
        clip = chance.choice(live(engine, video))
        side = chance.choice(list(Side))
        try:
            if chance.random() < 0.5:
                frame = chance.randint(clip.start_frame, clip.end_frame)
                events.append(nudge(engine, clip, side, frame).event_id)
            elif chance.random() < 0.5:
                events.append(decide(engine, clip, Merge(side)).event_id)
            else:
                frame = chance.randint(clip.start_frame, clip.end_frame)
                events.append(decide(engine, clip, Split([frame])).event_id)
        except InputError:
            continue
    for event in reversed(events):
        undo(engine, event)
        with pytest.raises(Gone):
            undo(engine, event)
    assert as_it_is(engine, video) == before
    assert find_faults(60, [FrameRange(*frames) for frames in ranges(engine, video)]) == []


def test_many_hands_at_one_film_leave_every_frame_in_one_clip(engine: Engine) -> None:
    """Whoever comes second is refused, with a sentence and nothing else."""
    count = 80
    video, _ = ready_video(engine, frame_count=count, cuts=range(8, count, 8))
    start = threading.Barrier(4)

    def work(name: str) -> int:
        chance = random.Random(name)
        events: list[int] = []
        refused = 0
        start.wait()
        for _ in range(60):
            clip = chance.choice(live(engine, video))
            side = chance.choice(list(Side))
            inside = range(clip.start_frame + 1, clip.end_frame)
            try:
                match chance.choice(["nudge", "split", "merge", "approve", "annotate", "undo"]):
                    case "nudge":
                        frame = chance.randrange(clip.start_frame, clip.end_frame + 2)
                        decision = nudge(
                            engine, clip, side, frame, version=clip.version, actor=name
                        )
                    case "undo" if events:
                        undo(engine, events.pop(), name)
                        continue
                    case "split" if inside:
                        frames = [chance.choice(inside)]
                        decision = decide(engine, clip, Split(frames), actor=name)
                    case "merge":
                        decision = decide(engine, clip, Merge(side), actor=name)
                    case "annotate":
                        rating = Annotate({"rating": chance.randint(1, 5)})
                        decision = decide(engine, clip, rating, actor=name)
                    case _:
                        mark = chance.choice([APPROVE, Group(), SKIP])
                        decision = decide(engine, clip, mark, actor=name)
            except (Conflict, InputError) as refusal:
                assert str(refusal).endswith(".")
                refused += 1
            else:
                events.append(decision.event_id)
        return refused

    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(work, ["ann", "bob", "cid", "dee"]))
    assert 0 < sum(runs) < 240
    assert find_faults(count, [clip.frames for clip in live(engine, video)]) == []
