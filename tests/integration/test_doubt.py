"""Doubtful and suggested cuts: what clips know of them, and the order that they give."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db import replanning, review_queue, source_videos
from heaters_pipeline.db.clip_transitions import ClipCuts, of_clips
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain.decisions import Merge, Nudge, Side, Split
from heaters_pipeline.domain.selection import Order, Selection
from tests.decisions import decide, live, undo
from tests.rows import ready_video


def found(*scores: tuple[int, float]) -> list[dict[str, Any]]:
    return [
        {"kind": "cut", "first": frame - 1, "last": frame, "score": score}
        for frame, score in scores
    ]


def detected(
    engine: Engine, video: SourceVideo, *cuts: tuple[int, float], left: Any = ()
) -> list[Clip]:
    """The video's clips after a detection that is so sure of each cut, and left others out."""
    facts = {"transitions": found(*cuts), "suggestions": found(*left)}
    with transaction(engine) as session:
        source_videos.record(session, video.key, {"scene_cut_points": facts})
    with transaction(engine) as session:
        now = source_videos.get(session, video.key)
        replanning.replan(session, now, [frame for frame, _ in cuts])
    return live(engine, video)


@pytest.fixture
def video(engine: Engine) -> SourceVideo:
    """Of 100 frames, cut at 30 (sure) and 60 (not sure), with suggestions at 45, 58 and 80."""
    video, _ = ready_video(engine, frame_count=100, cuts=[])
    detected(engine, video, (30, 0.9), (60, 0.6), left=[(45, 0.38), (58, 0.45), (80, 0.2)])
    return video


def cuts_of(engine: Engine, video: SourceVideo) -> list[ClipCuts]:
    ids = [clip.id for clip in live(engine, video)]
    with transaction(engine) as session:
        cuts = of_clips(session, ids)
    return [cuts[clip_id] for clip_id in ids]


def doubts(engine: Engine, video: SourceVideo) -> list[float | None]:
    return [clip.doubt for clip in live(engine, video)]


def test_clips_know_how_sure_their_cuts_are_and_what_was_left_out(
    engine: Engine, video: SourceVideo
) -> None:
    first, second, third = cuts_of(engine, video)
    assert (first.start_score, first.end_score, first.suggestions) == (None, 0.9, [])
    # The one at 58 is taken for the cut at 60.
    assert (second.start_score, second.end_score, second.suggestions) == (0.9, 0.6, [(45, 0.38)])
    assert (third.start_score, third.end_score, third.suggestions) == (0.6, None, [(80, 0.2)])
    assert doubts(engine, video) == [0.2, 0.8, 0.8]


def test_rows_from_before_scores_and_suggestions_have_no_doubt(engine: Engine) -> None:
    video, _ = ready_video(engine, frame_count=100, cuts=[])
    old = {"transitions": [{"kind": "cut", "first": 29, "last": 30}]}
    with transaction(engine) as session:
        source_videos.record(session, video.key, {"scene_cut_points": old})
    with transaction(engine) as session:
        replanning.replan(session, source_videos.get(session, video.key), [30])
    assert [(cuts.start_score, cuts.suggestions) for cuts in cuts_of(engine, video)] == [
        (None, []),
        (1.0, []),
    ]
    assert doubts(engine, video) == [0, 0]


def test_a_split_at_a_suggestion_leaves_no_doubt_there(engine: Engine, video: SourceVideo) -> None:
    _, second, third = live(engine, video)
    decide(engine, second, Split([45]))
    decide(engine, third, Split([80]))
    assert [(cuts.start_score, cuts.end_score) for cuts in cuts_of(engine, video)] == [
        *((None, 0.9), (0.9, None), (None, 0.6)),
        *((0.6, None), (None, None)),
    ]
    assert doubts(engine, video) == [0.2, 0.2, 0.8, 0.8, None]
    # Detected again, it is a cut by itself: the reviewer's word still counts.
    detected(engine, video, (30, 0.9), (45, 0.51), (60, 0.6))
    assert cuts_of(engine, video)[2].start_score is None
    assert doubts(engine, video) == [0.2, 0.2, 0.8, 0.8, None]


def test_a_cut_that_was_split_at_and_moved_is_not_suggested_again(
    engine: Engine, video: SourceVideo
) -> None:
    decide(engine, live(engine, video)[1], Split([45]))
    decide(engine, live(engine, video)[1], Nudge(Side.NEXT, 50))
    assert cuts_of(engine, video)[1].suggestions == []
    assert doubts(engine, video) == [0.2, 0.2, 0.8, 0.8]
    undo(engine)
    undo(engine)
    assert [each.frame for each in cuts_of(engine, video)[1].suggestions] == [45]
    assert doubts(engine, video) == [0.2, 0.8, 0.8]


def test_a_cut_that_was_moved_has_no_doubt_even_where_it_was_before(
    engine: Engine, video: SourceVideo
) -> None:
    before = doubts(engine, video)
    for frame, left in ((62, [0.2, 0.9, 0.4]), (60, [0.2, 0.76, 0.4])):
        decide(engine, live(engine, video)[1], Nudge(Side.NEXT, frame))
        _, second, third = cuts_of(engine, video)
        assert second.end_score is third.start_score is None
        assert doubts(engine, video) == left
    undo(engine)
    undo(engine)
    assert doubts(engine, video) == before


def test_a_merge_and_its_undo(engine: Engine, video: SourceVideo) -> None:
    before = doubts(engine, video)
    decide(engine, live(engine, video)[2], Merge())
    assert doubts(engine, video) == [0.2, 0.9]
    assert [each.frame for each in cuts_of(engine, video)[1].suggestions] == [45, 58, 80]
    undo(engine)
    assert doubts(engine, video) == before


def test_new_detections_judge_pending_clips_anew(engine: Engine, video: SourceVideo) -> None:
    detected(engine, video, (30, 0.9), (60, 0.95), left=[(45, 0.1)])
    assert doubts(engine, video) == [0.2, 0.2, 0.1]


def test_doubtful_clips_first(engine: Engine, video: SourceVideo) -> None:
    other, _ = ready_video(engine, "other", frame_count=100, cuts=[50])
    detected(engine, other, (50, 0.7))
    selection = Selection(order=Order.DOUBTFUL)
    with transaction(engine) as session:
        entries = review_queue.lease_queue(session, "ann", 9, 60, selection)
        assert review_queue.selected(session, selection, 9) == entries
    assert [(each.video.key, each.clip.start_frame) for each in entries] == [
        *(("film-1", 30), ("film-1", 60), ("other", 0), ("other", 50), ("film-1", 0)),
    ]


def test_the_queue_tells_pages(app: Flask, video: SourceVideo) -> None:
    answer = app.test_client().get("/api/v1/queue?order=doubtful&limit=2").get_json()
    told = [
        {name: clip[name] for name in ("start_frame", "start_score", "end_score", "suggestions")}
        for clip in answer["clips"]
    ]
    assert told == [
        {
            "start_frame": 30,
            "start_score": 0.9,
            "end_score": 0.6,
            "suggestions": [{"frame": 45, "score": 0.38}],
        },
        {
            "start_frame": 60,
            "start_score": 0.6,
            "end_score": None,
            "suggestions": [{"frame": 80, "score": 0.2}],
        },
    ]
