"""Decisions as transactions: what they change, what they refuse, how they are undone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from heaters_pipeline.db import (
    archiving,
    clip_work,
    clips,
    event_log,
    replanning,
    review_queue,
    reviews,
    source_videos,
    undoing,
)
from heaters_pipeline.db.clip_work import Asked
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.cut_points import FrameRange, find_faults
from heaters_pipeline.domain.decisions import (
    APPROVE,
    ARCHIVE,
    SKIP,
    Action,
    Group,
    Merge,
    Nudge,
    Side,
    Split,
    Ungroup,
)
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError
from heaters_pipeline.domain.selection import Selection
from heaters_pipeline.domain.states import EXPORT, KEYFRAME, ClipState
from tests.decisions import annotate, decide, live, undo
from tests.rows import ready_video, wait_for_waiting


def lease(engine, reviewer, limit=10, seconds=60, page=None):
    """Ids of the clips that the reviewer's page is handed."""
    with transaction(engine) as session:
        queue = review_queue.lease_queue(session, reviewer, limit, seconds, page=page)
        return [queued.clip.id for queued in queue]


def claim(engine, video):
    """Ids of the clips that an export takes."""
    with transaction(engine) as session:
        return [clip.id for clip in clip_work.claim(session, video.id, EXPORT, 0)]


def export(engine, clip):
    """What the export of a clip that it has taken leaves."""
    frames = clip.frames.as_json()
    with transaction(engine) as session:
        file = {"is_virtual": False, "clip_filepath": "f", "exported_frames": frames}
        clip_work.finish(session, clip.id, EXPORT, file)


def live_version(engine, clip):
    with transaction(engine) as session:
        return clips.get(session, clip.id).version


@contextmanager
def planned(engine):
    """The statements sent meanwhile that change or lock rows, each with its plan."""
    plans = []

    def explain(connection, cursor, statement, parameters, context, many) -> None:
        if statement.startswith(("UPDATE clips", "SELECT clips.id")):
            cursor.execute("EXPLAIN " + statement, parameters)
            plans.append((statement, "\n".join(line for (line,) in cursor.fetchall())))

    sa.event.listen(engine, "before_cursor_execute", explain)
    yield plans
    sa.event.remove(engine, "before_cursor_execute", explain)


def laid_out(engine, video):
    """Frame range, state and group of the live clips, in film order."""
    with transaction(engine) as session:
        return [
            (tuple(clip.frames), clip.state, clip.grouped_with_clip_id)
            for clip in clips.of_video(session, video.id)
        ]


@pytest.mark.parametrize(
    ("mark", "state"),
    [
        (APPROVE, ClipState.REVIEW_APPROVED),
        (SKIP, ClipState.REVIEW_SKIPPED),
        (ARCHIVE, ClipState.REVIEW_ARCHIVED),
    ],
)
def test_a_decision_moves_the_clip_and_leaves_an_event(engine, mark, state) -> None:
    _, (clip, *_rest) = ready_video(engine)
    outcome = decide(engine, clip.id, mark)
    assert [(c.id, c.state, c.version) for c in outcome.clips] == [(clip.id, state, 2)]
    with transaction(engine) as session:
        history = clips.history(session, clip.id)
    assert [event.action for event in history] == [Action.REPLAN, mark.action]
    assert history[-1].before[0]["state"] == ClipState.PENDING_REVIEW
    assert history[-1].after[0]["state"] == state


def test_a_decision_on_what_somebody_else_changed_is_refused(engine) -> None:
    _, (clip, *_rest) = ready_video(engine)
    decide(engine, clip.id, SKIP, version=1, actor="bob")
    with pytest.raises(Conflict, match="it is skipped now"):
        decide(engine, clip.id, APPROVE, version=1)


@pytest.mark.parametrize("decision", [APPROVE, Group(), Merge(), Split([20])])
def test_a_decision_sent_twice_is_made_once(engine, decision) -> None:
    video, (_, second, _) = ready_video(engine, cuts=[10, 50])
    first = decide(engine, second.id, decision, version=1)
    after = laid_out(engine, video)
    again = decide(engine, second.id, decision, version=1)
    assert again.event_id == first.event_id
    assert [clip.id for clip in again.clips] == [clip.id for clip in first.clips]
    assert laid_out(engine, video) == after
    with pytest.raises(Conflict):
        decide(engine, second.id, decision, version=1, actor="bob")


def test_of_two_reviewers_at_once_exactly_one_wins(engine) -> None:
    _, all_clips = ready_video(engine, frame_count=100, cuts=range(10, 100, 10))
    start = threading.Barrier(2)

    def race(actor: str) -> list[bool]:
        won = []
        start.wait()
        for clip in all_clips:
            try:
                decide(engine, clip.id, APPROVE, version=1, actor=actor)
                won.append(True)
            except Conflict:
                won.append(False)
        return won

    with ThreadPoolExecutor(2) as pool:
        ann, bob = pool.map(race, ["ann", "bob"])
    assert [a != b for a, b in zip(ann, bob, strict=True)] == [True] * len(all_clips)


@pytest.mark.parametrize("decision", [SKIP, Merge()])
def test_a_decision_sent_again_before_the_first_one_is_made_is_one(engine, decision) -> None:
    _, (_, clip, _) = ready_video(engine)
    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            made = reviews.decide(
                session, actor="ann", clip_id=clip.id, version=1, decision=decision
            )
            again = pool.submit(decide, engine, clip.id, decision, version=1)
            wait_for_waiting(engine)
        assert again.result(20).event_id == made.event_id


def test_group_approves_and_ties_to_the_first_of_the_group(engine) -> None:
    video, (first, second, third) = ready_video(engine, cuts=[10, 50])
    decide(engine, first.id, APPROVE)
    decide(engine, second.id, Group())
    decide(engine, third.id, Group())
    assert [group for _, _, group in laid_out(engine, video)] == [None, first.id, first.id]
    assert {state for _, state, _ in laid_out(engine, video)} == {ClipState.REVIEW_APPROVED}


def stamps(engine, video):
    """By which event the live clips were decided on, and whether a window runs for each."""
    with transaction(engine) as session:
        return [
            (clip.last_event_id, clip.decided_at is not None)
            for clip in clips.of_video(session, video.id)
        ]


@pytest.mark.parametrize("mark", [None, SKIP])
def test_group_approves_both_clips_in_one_decision(engine, mark) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    if mark:
        decide(engine, first.id, mark)
    before = laid_out(engine, video)
    outcome = decide(engine, second.id, Group())
    assert [clip.id for clip in outcome.clips] == [second.id, first.id]
    assert laid_out(engine, video) == [
        ((0, 10), ClipState.REVIEW_APPROVED, None),
        ((10, 50), ClipState.REVIEW_APPROVED, first.id),
        ((50, 100), ClipState.PENDING_REVIEW, None),
    ]
    assert stamps(engine, video)[:2] == [(outcome.event_id, True)] * 2
    undone = undo(engine, page="tab-1")
    assert laid_out(engine, video) == before
    assert {clip.id for clip in undone.clips} == {first.id, second.id}
    pending = [second.id] if mark else [first.id, second.id]
    with transaction(engine) as session:
        leased = [clip for clip in clips.of_video(session, video.id) if clip.leased_page == "tab-1"]
        assert [clip.id for clip in leased] == pending
        assert event_log.count_since(session, "ann", datetime.now(UTC) - timedelta(hours=1)) == (
            1 if mark else 0
        )


def test_both_clips_of_a_group_are_due_when_the_undo_window_is_over(engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, second.id, Group())
    with transaction(engine) as session:
        assert clip_work.due(session, 60, 10) == []
        assert [(work.video_key, work.clip_count) for work in clip_work.due(session, 0, 10)] == [
            (video.key, 2)
        ]
        assert event_log.count_since(session, "ann", datetime.now(UTC) - timedelta(hours=1)) == 1
    assert claim(engine, video) == [first.id, second.id]
    with pytest.raises(Conflict, match="is being exported right now"):
        undo(engine)


@pytest.mark.parametrize("state", [ClipState.REVIEW_APPROVED, ClipState.EXPORTING, "embedded"])
def test_group_leaves_a_clip_before_that_is_approved_as_it_is(engine, state) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    approved = decide(engine, first.id, APPROVE).event_id
    with transaction(engine) as session:
        session.execute(sa.update(Clip).where(Clip.id == first.id).values(state=state))
    outcome = decide(engine, second.id, Group())
    assert [clip.id for clip in outcome.clips] == [second.id]
    assert laid_out(engine, video)[0][1] == state
    assert stamps(engine, video)[:2] == [(approved, True), (outcome.event_id, True)]
    undo(engine)
    assert [state for _, state, _ in laid_out(engine, video)][:2] == [state, "pending_review"]


@pytest.mark.parametrize(
    ("state", "words"), [("review_archived", "archived"), ("archived", "archived")]
)
def test_a_clip_is_not_grouped_with_one_that_is_archived(engine, state, words) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, first.id, ARCHIVE)
    with transaction(engine) as session:
        session.execute(sa.update(Clip).where(Clip.id == first.id).values(state=state))
    before = laid_out(engine, video)
    with pytest.raises(Conflict) as refused:
        decide(engine, second.id, Group())
    assert str(refused.value) == (
        f"The clip before is {words}, so this one can't be grouped with it any more."
    )
    assert laid_out(engine, video) == before


def test_a_group_whose_answer_was_lost_is_found_made_after_the_next_clip_joined(engine) -> None:
    video, (first, second, third) = ready_video(engine, cuts=[10, 50])
    made = decide(engine, second.id, Group(), version=1)
    next_made = decide(engine, third.id, Group(), version=1)
    after = laid_out(engine, video)
    again = decide(engine, second.id, Group(), version=1)
    assert (again.event_id, [clip.id for clip in again.clips]) == (
        made.event_id,
        [second.id, first.id],
    )
    assert decide(engine, third.id, Group(), version=1).event_id == next_made.event_id
    assert laid_out(engine, video) == after
    assert [group for _, _, group in after] == [None, first.id, first.id]


def test_a_group_that_approved_a_clip_is_no_group_of_that_clip(engine) -> None:
    _, (_, second, third) = ready_video(engine, cuts=[10, 50])
    decide(engine, third.id, Group())
    with pytest.raises(Conflict, match="has changed since you saw it: it is approved now"):
        decide(engine, second.id, Group(), version=1)


def test_groups_on_top_of_one_another_are_undone_one_by_one(engine) -> None:
    video, (_, second, third) = ready_video(engine, cuts=[10, 50])
    pending = laid_out(engine, video)
    lower = decide(engine, second.id, Group())
    grouped = laid_out(engine, video)
    decide(engine, third.id, Group())
    undo(engine)
    assert laid_out(engine, video) == grouped
    undo(engine, lower.event_id)
    assert laid_out(engine, video) == pending


def test_a_group_is_not_undone_past_a_later_decision_on_the_clip_before(engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    grouped = decide(engine, second.id, Group()).event_id
    decide(engine, first.id, SKIP, actor="bob")
    before = laid_out(engine, video)
    with pytest.raises(Conflict, match=r"bob has [a-z ]+ clip [0-9]+ since"):
        undo(engine, grouped)
    assert laid_out(engine, video) == before


def test_a_group_stays_whole_when_its_first_clip_joins_another(engine) -> None:
    video, (first, second, third) = ready_video(engine, cuts=[10, 50])
    decide(engine, third.id, Group())
    before = laid_out(engine, video)
    decide(engine, second.id, Group())
    assert [group for _, _, group in laid_out(engine, video)] == [None, first.id, first.id]
    undo(engine)
    assert laid_out(engine, video) == before


def test_new_cut_points_leave_the_first_clip_of_a_group_alone(engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, second.id, Group())
    with transaction(engine) as session:
        replanning.replan(session, source_videos.get(session, video.key), [5, 10, 50])
        assert [clip.id for clip in clips.group(session, first)] == [first.id, second.id]
    undo(engine)
    with transaction(engine) as session:
        replanning.replan(session, source_videos.get(session, video.key), [5, 10, 50])
    assert [frames for frames, _, _ in laid_out(engine, video)][:2] == [(0, 5), (5, 10)]


def test_a_group_survives_a_split_or_merge_of_its_first_clip_and_the_undo(engine) -> None:
    video, (zero, first, second, third) = ready_video(engine, cuts=[10, 50, 70])
    decide(engine, first.id, APPROVE)
    decide(engine, second.id, Group())
    decide(engine, third.id, Group())
    grouped = laid_out(engine, video)
    merged = decide(engine, first.id, Merge()).clips[-1]
    assert [group for _, _, group in laid_out(engine, video)] == [None, merged.id, merged.id]
    head, _tail = decide(engine, merged.id, Split([30])).clips[-2:]
    assert [group for _, _, group in laid_out(engine, video)] == [None, None, head.id, head.id]
    with transaction(engine) as session:
        clip_work.claim(session, video.id, EXPORT, 0)
    undo(engine)
    undo(engine)
    assert [(frames, group) for frames, _, group in laid_out(engine, video)] == [
        (frames, group) for frames, _, group in grouped
    ]
    assert laid_out(engine, video)[2][1] == ClipState.EXPORTING
    assert zero.id != first.id


def test_a_clip_is_grouped_with_one_that_the_pipeline_has_already(engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, first.id, APPROVE)
    with transaction(engine) as session:
        clip_work.claim(session, video.id, EXPORT, 0)
    decide(engine, second.id, Group())
    assert laid_out(engine, video)[1][2] == first.id


def test_the_first_clip_has_nothing_to_merge_or_group_with(engine) -> None:
    _, (first, *_rest) = ready_video(engine)
    for decision in (Merge(), Group()):
        with pytest.raises(InputError, match="No clip comes right before"):
            decide(engine, first.id, decision)


def test_merge_makes_one_pending_clip_of_two(engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, first.id, APPROVE)
    decision = decide(engine, second.id, Merge())
    assert [clip.state for clip in decision.clips] == [
        ClipState.SUPERSEDED,
        ClipState.SUPERSEDED,
        ClipState.PENDING_REVIEW,
    ]
    assert laid_out(engine, video)[0][0] == (0, 50)
    assert decision.clips[-1].cut_points["end_time_seconds"] == 2.0


def test_split_makes_two_pending_clips_of_one(engine) -> None:
    video, (_, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, second.id, Split([30]))
    assert [frames for frames, _, _ in laid_out(engine, video)] == [
        (0, 10),
        (10, 30),
        (30, 50),
        (50, 100),
    ]


def test_a_split_outside_the_clip_is_refused_and_changes_nothing(engine) -> None:
    video, (_, second, _) = ready_video(engine, cuts=[10, 50])
    before = laid_out(engine, video)
    for frames in ([10], [50], []):
        with pytest.raises(InputError):
            decide(engine, second.id, Split(frames))
    assert laid_out(engine, video) == before


@pytest.mark.parametrize("decision", [APPROVE, SKIP, ARCHIVE, Group(), Merge(), Split([20])])
def test_undo_restores_what_was(engine, decision) -> None:
    video, (_, second, _) = ready_video(engine, cuts=[10, 50])
    before = laid_out(engine, video)
    decide(engine, second.id, decision)
    assert laid_out(engine, video) != before
    undo(engine)
    assert laid_out(engine, video) == before


def test_undo_walks_back_through_all_of_ones_own_decisions(engine) -> None:
    video, (first, second, third) = ready_video(engine, cuts=[10, 50])
    before = laid_out(engine, video)
    decide(engine, first.id, APPROVE)
    decide(engine, third.id, ARCHIVE, actor="bob")
    merged = decide(engine, second.id, Merge()).clips[-1]
    decide(engine, merged.id, Split([7]))
    for _ in range(3):
        undo(engine)
    with pytest.raises(InputError, match="no decision left"):
        undo(engine)
    assert laid_out(engine, video) == [*before[:2], (before[2][0], ClipState.REVIEW_ARCHIVED, None)]


def test_undo_is_refused_where_somebody_decided_since(engine) -> None:
    _, (clip, *_rest) = ready_video(engine)
    event = decide(engine, clip.id, SKIP).event_id
    decide(engine, clip.id, APPROVE, actor="bob")
    with pytest.raises(Conflict, match=r"bob has [a-z ]+ clip [0-9]+ since"):
        undo(engine, event_id=event)


def test_an_event_is_undone_once(engine) -> None:
    _, (clip, *_rest) = ready_video(engine)
    event = decide(engine, clip.id, SKIP).event_id
    undo(engine, event_id=event)
    with pytest.raises(Conflict, match="undone already"):
        undo(engine, event_id=event)


def test_nothing_is_due_within_the_undo_window(engine) -> None:
    video, (clip, *_rest) = ready_video(engine)
    decide(engine, clip.id, APPROVE)
    with transaction(engine) as session:
        assert clip_work.due(session, 60, 10) == []
        assert clip_work.claim(session, video.id, EXPORT, 60) == []
        (work,) = clip_work.due(session, 0, 10)
        assert (work.video_key, work.clip_count) == (video.key, 1)


def test_undo_and_claim_can_not_both_win(engine) -> None:
    video, all_clips = ready_video(engine, frame_count=200, cuts=range(10, 200, 10))
    events = [decide(engine, clip.id, APPROVE).event_id for clip in all_clips]
    start = threading.Barrier(2)

    def undo_all() -> int:
        start.wait()
        undone = 0
        for event in events:
            try:
                undo(engine, event_id=event)
                undone += 1
            except Conflict:
                pass
        return undone

    def claim_all() -> int:
        start.wait()
        claimed = 0
        for _ in range(5):
            with transaction(engine) as session:
                exporting = clip_work.claim(session, video.id, EXPORT, 0)
                claimed = max(claimed, len(exporting))
        return claimed

    with ThreadPoolExecutor(2) as pool:
        undone, claimed = pool.submit(undo_all), pool.submit(claim_all)
    states = [state for _, state, _ in laid_out(engine, video)]
    assert undone.result() == states.count(ClipState.PENDING_REVIEW)
    assert claimed.result() == states.count(ClipState.EXPORTING)
    assert undone.result() + claimed.result() == len(all_clips)


def test_claim_waits_for_a_clip_that_is_locked_and_takes_all_that_are_due(engine) -> None:
    video, (first, second, third) = ready_video(engine, cuts=[10, 50])
    for clip in (first, second, third):
        decide(engine, clip.id, APPROVE)

    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            clips.locked(session, [second.id])
            claiming = pool.submit(claim, engine, video)
            wait_for_waiting(engine)
        assert claiming.result(timeout=20) == [first.id, second.id, third.id]


def test_claim_leaves_a_clip_whose_decision_is_undone_while_it_waits(engine) -> None:
    video, (first, second, third) = ready_video(engine, cuts=[10, 50])
    for clip in (first, third, second):
        decide(engine, clip.id, APPROVE)

    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            undoing.undo(session, actor="ann")
            claiming = pool.submit(claim, engine, video)
            wait_for_waiting(engine)
        assert claiming.result(timeout=20) == [first.id, third.id]


def test_what_the_pipeline_has_is_not_undone_merged_or_decided(engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, first.id, APPROVE)
    with transaction(engine) as session:
        clip_work.claim(session, video.id, EXPORT, 0)
    with pytest.raises(Conflict, match="is being exported right now"):
        undo(engine)
    with pytest.raises(Conflict, match="can't be merged with"):
        decide(engine, second.id, Merge())
    with pytest.raises(Conflict, match="is being exported now"):
        decide(engine, first.id, SKIP)


@pytest.mark.parametrize("decision", [APPROVE, Group()])
def test_what_is_being_exported_is_not_approved_once_more(engine, decision) -> None:
    video, (_, clip, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, clip.id, APPROVE)
    claim(engine, video)
    with pytest.raises(Conflict, match="is being exported now"):
        decide(engine, clip.id, decision)
    assert laid_out(engine, video)[1][1] == ClipState.EXPORTING


@pytest.mark.parametrize("well", [True, False])
def test_an_approval_of_a_failed_export_is_undone_and_stays_an_approval(engine, well) -> None:
    """The clip was approved before, so the pipeline goes on with it."""
    video, (clip, *_rest) = ready_video(engine)
    decide(engine, clip.id, APPROVE)
    claim(engine, video)
    with transaction(engine) as session:
        clip_work.fail(session, clip.id, EXPORT, "It failed.")
    decide(engine, clip.id, APPROVE)
    claim(engine, video)
    if well:
        export(engine, clip)
    state = laid_out(engine, video)[0][1]
    undo(engine)
    assert laid_out(engine, video)[0][1] == state
    if well:
        undo(engine)
        assert laid_out(engine, video)[0][1] == ClipState.PENDING_REVIEW


def test_a_group_takes_a_clip_that_is_archived_out_of_the_library(engine) -> None:
    video, (_, clip, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, clip.id, APPROVE)
    claim(engine, video)
    export(engine, clip)
    decide(engine, clip.id, ARCHIVE)
    decide(engine, clip.id, Group())
    assert live(engine, video)[1].is_virtual


def test_a_group_follows_its_first_clip_into_the_group_of_the_merged_clip(engine) -> None:
    video, (first, second, third, fourth) = ready_video(engine, cuts=[10, 50, 70])
    decide(engine, second.id, Group())
    decide(engine, fourth.id, Group())
    decide(engine, third.id, Merge())
    assert [group for _, _, group in laid_out(engine, video)] == [None, first.id, first.id]
    undo(engine)
    assert [group for *_, group in laid_out(engine, video)] == [None, first.id, None, third.id]


def test_no_undo_ties_a_clip_to_one_that_is_replaced(engine) -> None:
    video, (_, second, third) = ready_video(engine, cuts=[10, 50])
    decide(engine, third.id, Group())
    untied = decide(engine, third.id, Ungroup())
    decide(engine, second.id, Merge())
    with pytest.raises(Conflict, match="undo that first"):
        undo(engine, untied.event_id)
    undo(engine)
    undo(engine, untied.event_id)
    assert laid_out(engine, video)[2][2] == second.id


def test_no_undo_takes_a_clip_away_that_is_the_first_of_a_group(engine) -> None:
    video, (_, second, third) = ready_video(engine, cuts=[10, 50])
    merged = decide(engine, second.id, Merge())
    whole = live(engine, video)[0]
    approved = decide(engine, whole.id, APPROVE)
    grouped = decide(engine, third.id, Group())
    undo(engine, approved.event_id)
    with pytest.raises(Conflict, match="undo that first"):
        undo(engine, merged.event_id)
    undo(engine, grouped.event_id)
    undo(engine, merged.event_id)
    assert [group for *_, group in laid_out(engine, video)] == [None, None, None]


def test_no_undo_makes_a_group_within_a_group(engine) -> None:
    video, (first, second, third) = ready_video(engine, cuts=[10, 50])
    decide(engine, third.id, Group())
    untied = decide(engine, third.id, Ungroup())
    decide(engine, second.id, Group())
    with pytest.raises(Conflict, match="undo that first"):
        undo(engine, untied.event_id)
    assert [group for *_, group in laid_out(engine, video)] == [None, first.id, None]


def test_a_group_that_is_taken_apart_twice_by_its_first_clip_is_taken_apart_once(engine) -> None:
    _, (first, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, second.id, Group())
    version = live_version(engine, first)
    made = decide(engine, first.id, Ungroup(), version=version)
    assert decide(engine, first.id, Ungroup(), version=version).event_id == made.event_id


def test_a_decision_on_an_old_version_is_not_taken_for_another_one(engine) -> None:
    """A merge of other clips, a split at more frames, a move of the clip's other cut."""
    _, (_, second, third) = ready_video(engine, cuts=[10, 50])
    decide(engine, third.id, Group())
    version = live_version(engine, third)
    decide(engine, second.id, Merge())
    with pytest.raises(Conflict, match="has changed since"):
        decide(engine, third.id, Merge(), version=version)
    undo(engine)
    version = live_version(engine, second)
    decide(engine, second.id, Split([20, 30]))
    with pytest.raises(Conflict, match="has changed since"):
        decide(engine, second.id, Split([20]), version=version)
    undo(engine)
    version = live_version(engine, second)
    decide(engine, second.id, Nudge(Side.NEXT, 48))
    with pytest.raises(Conflict, match="has changed since"):
        decide(engine, second.id, Nudge(Side.PREVIOUS, 10), version=version)


def test_no_undo_gives_a_clip_chosen_frames_that_it_has_not(engine) -> None:
    video, (clip, *_rest) = ready_video(engine, cuts=[10, 50])
    moved = decide(engine, clip.id, Nudge(Side.NEXT, 15))
    annotate(engine, clip, chosen_frames=[3, 12])
    annotate(engine, clip, chosen_frames=[3])
    undo(engine, moved.event_id)
    undo(engine)
    assert live(engine, video)[0].chosen_frames == [3]


def test_archive_becomes_final_after_its_window_and_can_still_be_undone(engine) -> None:
    video, (clip, *_rest) = ready_video(engine)
    decide(engine, clip.id, ARCHIVE)
    with transaction(engine) as session:
        assert archiving.archive_rested(session, 60, 99) == 0
        assert archiving.archive_rested(session, 0, 0) == 0, "no more than are asked for"
        assert archiving.archive_rested(session, 0, 99) == 1
    assert laid_out(engine, video)[0][1] == ClipState.ARCHIVED
    undo(engine)
    assert laid_out(engine, video)[0][1] == ClipState.PENDING_REVIEW


@pytest.mark.parametrize("mark", [APPROVE, SKIP])
def test_another_decision_on_what_is_archived_for_good_can_be_undone(engine, mark) -> None:
    video, (clip, *_rest) = ready_video(engine)
    decide(engine, clip.id, ARCHIVE)
    with transaction(engine) as session:
        archiving.archive_rested(session, 0, 99)
    decide(engine, clip.id, mark)
    undo(engine)
    assert laid_out(engine, video)[0][1] == ClipState.REVIEW_ARCHIVED
    with transaction(engine) as session:
        assert archiving.archive_rested(session, 60, 99) == 0
        assert archiving.archive_rested(session, 0, 99) == 1


def test_a_step_that_died_is_claimed_again_and_a_failed_one_is_not(engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, first.id, APPROVE)
    decide(engine, second.id, APPROVE)
    for _ in range(2):
        with transaction(engine) as session:
            claimed = clip_work.claim(session, video.id, EXPORT, 0)
        assert [clip.id for clip in claimed] == [first.id, second.id]
    with transaction(engine) as session:
        clip_work.fail(session, first.id, EXPORT, "The disk is full: make room.")
        facts = {"clip_filepath": "clips/2/clip.mp4", "is_virtual": False}
        facts |= {"exported_frames": second.frames.as_json()}
        clip_work.finish(session, second.id, EXPORT, facts)
    with transaction(engine) as session:
        assert clip_work.claim(session, video.id, EXPORT, 0) == []
        assert [clip.id for clip in clip_work.claim(session, video.id, KEYFRAME, 0)] == [second.id]
        before = clip_work.due(session, 0, 10)
        clip_work.retry(session, first.id)
        after = clip_work.due(session, 0, 10)
    assert (before[0].clip_count, after[0].clip_count) == (1, 2)
    assert before[0].attempt < after[0].attempt


def test_what_a_run_left_behind_fails_with_its_sentence_and_is_tried_again(engine) -> None:
    video, (first, second, third) = ready_video(engine, cuts=[10, 50])
    for clip in (first, second):
        decide(engine, clip.id, APPROVE)
    with transaction(engine) as session:
        clip_work.claim(session, video.id, EXPORT, 0)
    decide(engine, third.id, APPROVE)
    with video_lock(engine, video.key), transaction(engine) as session:
        clip_work.give_up(session, video.key, Asked(), 0, "stopped")
        with pytest.raises(Conflict, match="A run is working on"):
            clip_work.retry(session, first.id)
    assert {state for _, state, _ in laid_out(engine, video)} == {
        ClipState.EXPORTING,
        ClipState.REVIEW_APPROVED,
    }
    with transaction(engine) as session:
        clip_work.retry(session, first.id)
        clip_work.give_up(session, video.key, Asked(0), 0, "stopped")
        assert clip_work.due(session, 0, 10) != []
        clip_work.give_up(session, video.key, Asked(), 0, "stopped")
        assert clip_work.due(session, 0, 10) == []
    assert {state for _, state, _ in laid_out(engine, video)} == {ClipState.EXPORT_FAILED}
    with transaction(engine) as session:
        clip_work.retry(session, third.id)
        assert clip_work.due(session, 0, 10)[0].clip_count == 1


def test_no_two_attempts_have_one_run_key(engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, first.id, APPROVE)
    decide(engine, second.id, APPROVE)
    asked = []
    for tried_again in ([], [first, second], [second], [first]):
        with transaction(engine) as session:
            for clip in tried_again:
                clip_work.retry(session, clip.id)
        with transaction(engine) as session:
            asked += [work[:3] for work in clip_work.due(session, 0, 10)]
            for clip in clip_work.claim(session, video.id, EXPORT, 0):
                clip_work.fail(session, clip.id, EXPORT, "The disk is full: make room.")
    assert len(set(asked)) == len(asked) == 4


def test_each_reviewer_gets_clips_of_their_own_in_film_order(engine) -> None:
    _, all_clips = ready_video(engine, frame_count=100, cuts=range(10, 100, 10))
    with transaction(engine) as session:
        ann = review_queue.lease_queue(session, "ann", 4, 60)
        bob = review_queue.lease_queue(session, "bob", 4, 60)
    assert [queued.clip.id for queued in ann] == [clip.id for clip in all_clips[:4]]
    assert [queued.clip.id for queued in bob] == [clip.id for clip in all_clips[4:8]]
    assert [queued.previous and queued.previous.id for queued in ann[:2]] == [None, ann[0].clip.id]
    with transaction(engine) as session:
        again = review_queue.lease_queue(session, "ann", 6, 60)
    assert {queued.clip.id for queued in again} == {
        clip.id for clip in [*all_clips[:4], *all_clips[8:]]
    }


def test_a_lease_that_ran_out_is_anybodys(engine) -> None:
    ready_video(engine)
    with transaction(engine) as session:
        ann = review_queue.lease_queue(session, "ann", 3, 0)
    with transaction(engine) as session:
        bob = review_queue.lease_queue(session, "bob", 3, 60)
    assert [q.clip.id for q in ann] == [q.clip.id for q in bob]


def test_an_own_lease_that_ran_out_comes_before_other_clips(engine) -> None:
    _, all_clips = ready_video(engine, frame_count=100, cuts=range(10, 100, 10))
    ids = [clip.id for clip in all_clips]
    lease(engine, "bob", 4)
    assert lease(engine, "ann", 2, seconds=0) == ids[4:6]
    with transaction(engine) as session:
        review_queue.release(session, "bob")
    assert lease(engine, "ann", 2) == ids[4:6]
    assert lease(engine, "bob") == ids[:4] + ids[6:]


def test_what_waits_is_counted_apart_from_what_others_have(engine) -> None:
    for key in ("film-1", "film-2"):
        ready_video(engine, key)
    lease(engine, "ann", 2)
    lease(engine, "bob", 3)
    with transaction(engine) as session:
        assert review_queue.pending_counts(session, "ann") == (6, 3, 0)
        assert review_queue.pending_counts(session, "ann", Selection(video="film-1")) == (3, 1, 0)
        assert review_queue.pending_counts(session, "cid", Selection(video="film-2")) == (3, 2, 0)
        review_queue.release(session, "bob")
        assert review_queue.pending_counts(session, "ann") == (6, 0, 0)


@pytest.mark.parametrize("decision", [APPROVE, Merge(), Split([20])])
def test_what_a_decision_or_its_undo_leaves_pending_stays_with_the_reviewer(
    engine, decision
) -> None:
    _, (first, second, third) = ready_video(engine, cuts=[10, 50])
    outcome = decide(engine, second.id, decision)
    made = {clip.id for clip in outcome.clips if clip.state == ClipState.PENDING_REVIEW}
    others = lease(engine, "bob")
    assert not made & set(others)
    with transaction(engine) as session:
        review_queue.release(session, "bob")
    undo(engine)
    back = {first.id, second.id} if decision == Merge() else {second.id}
    assert set(lease(engine, "bob")) == {first.id, second.id, third.id} - back
    assert set(lease(engine, "ann")) == back


def test_two_pages_of_a_reviewer_have_clips_of_their_own(engine) -> None:
    _, all_clips = ready_video(engine, frame_count=100, cuts=range(10, 100, 10))
    ids = [clip.id for clip in all_clips]
    assert lease(engine, "ann", 3, page="a") == ids[:3]
    assert lease(engine, "ann", 3, page="b") == ids[3:6]
    assert lease(engine, "ann", 1) == ids[6:7]  # a program
    assert lease(engine, "bob", 2, page="c") == ids[7:9]
    assert lease(engine, "ann", 4, page="a") == [*ids[:3], ids[9]]
    assert lease(engine, "ann", page="b") == ids[3:6]
    assert lease(engine, "ann") == ids[6:7]
    with transaction(engine) as session:
        counts = review_queue.pending_counts(session, "ann", page="b")
    assert counts == (10, 2, 5)
    assert counts.available == 3


def test_a_page_that_is_closed_gives_back_its_own_clips_alone(engine) -> None:
    _, all_clips = ready_video(engine, frame_count=100, cuts=range(10, 100, 10))
    ids = [clip.id for clip in all_clips]
    lease(engine, "ann", 2, page="a")
    lease(engine, "ann", 2, page="b")
    lease(engine, "ann", 2)
    with transaction(engine) as session:
        review_queue.release(session, "ann", "a")
    assert lease(engine, "bob", page="c") == [*ids[:2], *ids[6:]]
    with transaction(engine) as session:
        review_queue.release(session, "ann")
    assert lease(engine, "cid", page="d") == ids[4:6]
    assert lease(engine, "ann", page="b") == ids[2:4]


def test_a_page_that_is_loaded_again_gets_the_same_clips_first(engine) -> None:
    _, all_clips = ready_video(engine, frame_count=100, cuts=range(10, 100, 10))
    ids = [clip.id for clip in all_clips]
    lease(engine, "bob", 3, page="b")
    assert lease(engine, "ann", 2, page="before") == ids[3:5]
    with transaction(engine) as session:
        review_queue.release(session, "bob", "b")
        review_queue.release(session, "ann", "before")
    assert lease(engine, "ann", 2, page="after") == ids[3:5]
    assert lease(engine, "ann", 3, page="after") == [ids[0], *ids[3:5]]


def test_a_page_keeps_its_clips_when_its_reviewer_takes_another_name(engine) -> None:
    _, all_clips = ready_video(engine, frame_count=100, cuts=range(10, 100, 10))
    ids = [clip.id for clip in all_clips]
    lease(engine, "bob", 2, page="b")
    lease(engine, "ann", 2, page="a")
    assert lease(engine, "anna", 3, page="a") == ids[2:5]
    with transaction(engine) as session:
        assert review_queue.pending_counts(session, "anna", page="a") == (10, 2, 0)


def test_what_a_decision_or_its_undo_leaves_pending_stays_with_the_page(engine) -> None:
    _, (first, second, third) = ready_video(engine, cuts=[10, 50])
    made = decide(engine, second.id, Split([20]), page="a").clips[1:]
    assert lease(engine, "ann", page="b") == [first.id, third.id]
    assert lease(engine, "ann", page="a") == [clip.id for clip in made]
    undo(engine, page="c")
    assert lease(engine, "ann", page="a") == []
    assert lease(engine, "ann", page="c") == [second.id]


def test_leases_are_found_by_their_indexes(engine) -> None:
    ready_video(engine, frame_count=20_000, cuts=range(5, 20_000, 5))
    lease(engine, "ann", 20, page="a")
    with engine.begin() as connection:
        connection.execute(sa.text("ANALYZE clips"))
    with planned(engine) as plans:
        lease(engine, "ann", 6, page="a")
        lease(engine, "ann", 6)
        with transaction(engine) as session:
            review_queue.release(session, "ann", "a")
            review_queue.release(session, "ann")
    asked = [plan for statement, plan in plans if "leased_" in statement]
    assert len(asked) == 10
    assert not [plan for plan in asked if "Seq Scan on clips" in plan]
    assert "ix_clips_leased_page" in asked[0]
    released = asked[-2:]
    assert "ix_clips_leased_page" in released[0]
    assert "ix_clips_leased_by" in released[1]


def test_decisions_that_stand_are_listed_and_counted(engine) -> None:
    _, (first, second, third) = ready_video(engine, cuts=[10, 50])
    began = datetime.now(UTC) - timedelta(minutes=1)
    events = [decide(engine, clip.id, APPROVE).event_id for clip in (first, second)]
    decide(engine, third.id, SKIP, actor="bob")
    undo(engine, event_id=events[0])
    with transaction(engine) as session:
        assert [event.id for event in event_log.latest(session, "ann", 5)] == events[1:]
        assert event_log.count_since(session, "ann", began) == 1
        assert event_log.count_since(session, "ann", datetime.now(UTC) + timedelta(minutes=1)) == 0


def test_two_queues_asked_for_at_once_share_no_clip(engine) -> None:
    ready_video(engine, frame_count=400, cuts=range(10, 400, 10))
    start = threading.Barrier(4)

    def lease(reviewer: str) -> list[int]:
        start.wait()
        with transaction(engine) as session:
            return [
                queued.clip.id for queued in review_queue.lease_queue(session, reviewer, 10, 60)
            ]

    with ThreadPoolExecutor(4) as pool:
        queues = list(pool.map(lease, ["ann", "bob", "cid", "dee"]))
    handed_out = [clip_id for queue in queues for clip_id in queue]
    assert len(handed_out) == len(set(handed_out)) == 40


def test_new_cut_points_keep_what_was_decided(engine) -> None:
    video, (first, second, _third) = ready_video(engine, cuts=[10, 50])
    decide(engine, first.id, APPROVE)
    decide(engine, second.id, Split([30]))
    with transaction(engine) as session:
        replanning.replan(session, source_videos.get(session, video.key), [20, 60, 80])
    ranges = [frames for frames, _, _ in laid_out(engine, video)]
    assert ranges == [(0, 10), (10, 30), (30, 50), (50, 60), (60, 80), (80, 100)]
    assert find_faults(100, [FrameRange(*frames) for frames in ranges]) == []


def test_new_cut_points_keep_what_is_decided_while_they_wait_for_it(engine) -> None:
    video, (_first, second, _third) = ready_video(engine, cuts=[10, 50])

    def replan() -> None:
        with transaction(engine) as session:
            replanning.replan(session, source_videos.get(session, video.key), [20, 60, 80])

    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as session:
            reviews.decide(
                session,
                actor="ann",
                clip_id=second.id,
                version=second.version,
                decision=Split([30]),
                lease_seconds=60,
            )
            run = pool.submit(replan)
            wait_for_waiting(engine)
        run.result(20)
    ranges = [frames for frames, _, _ in laid_out(engine, video)]
    assert ranges == [(0, 10), (10, 30), (30, 50), (50, 60), (60, 80), (80, 100)]


def test_the_same_cut_points_change_nothing(engine) -> None:
    video, _ = ready_video(engine, cuts=[10, 50])
    with transaction(engine) as session:
        video = source_videos.get(session, video.key)
        assert replanning.replan(session, video, [50, 10]) is None


def test_retry_puts_an_unfinished_video_back_and_refuses_a_ready_one(engine) -> None:
    video, _ = ready_video(engine)
    with pytest.raises(HeatersError, match="nothing to try again"), transaction(engine) as session:
        source_videos.retry(session, video.key)
