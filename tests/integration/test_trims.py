"""Trims and corrections: what transitions leave of clips, and what reviewers mend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import clips, reviews, source_videos
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.db.reviews import Corrections
from heaters_pipeline.domain.review import Action
from tests.rows import ready_video


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def detected(engine: Engine, key: str, *transitions: tuple[str, int, int]) -> SourceVideo:
    found = [{"kind": kind, "first": first, "last": last} for kind, first, last in transitions]
    with transaction(engine) as session:
        source_videos.record(session, key, {"scene_cut_points": {"transitions": found}})
    with transaction(engine) as session:
        return source_videos.get(session, key)


def live(engine: Engine, video: SourceVideo) -> list[Clip]:
    with transaction(engine) as session:
        return list(clips.of_video(session, video.id))


def decide(engine: Engine, clip: Clip, action: Action, frame: int | None = None) -> None:
    with transaction(engine) as session:
        reviews.decide(
            session,
            actor="ann",
            clip_id=clip.id,
            version=clips.get(session, clip.id).version,
            action=action,
            frame=frame,
        )


def test_clips_are_trimmed_where_a_transition_lies_over_their_edges(engine: Engine) -> None:
    video, _ = ready_video(engine, frame_count=100, cuts=[])
    video = detected(engine, video.key, ("dissolve", 29, 40), ("cut", 69, 70))
    with transaction(engine) as session:
        reviews.replan(session, video, [35, 70])
    assert [clip.clean_frames for clip in live(engine, video)] == [(0, 30), (40, 70), (70, 100)]
    assert [clip.trim is None for clip in live(engine, video)] == [False, False, True]


def test_pending_clips_learn_of_new_transitions_and_merges_forget_old_ones(
    engine: Engine,
) -> None:
    video, _ = ready_video(engine, frame_count=100, cuts=[35])
    first, second = live(engine, video)
    decide(engine, first, Action.SKIP)
    video = detected(engine, video.key, ("dissolve", 29, 40))
    with transaction(engine) as session:
        assert reviews.replan(session, video, [35]) is None
    first, second = live(engine, video)
    assert (first.trim, second.clean_frames) == (None, (40, 100))
    decide(engine, second, Action.MERGE)
    (merged,) = live(engine, video)
    assert merged.trim is None
    decide(engine, merged, Action.SPLIT, frame=38)
    assert [clip.clean_frames for clip in live(engine, video)] == [(0, 30), (40, 100)]


def test_merges_and_splits_that_stand_count_as_the_detectors_errors(engine: Engine) -> None:
    video, _ = ready_video(engine, frame_count=100, cuts=[20, 50])
    other, _ = ready_video(engine, "other", frame_count=100, cuts=[20])
    _, second, third = live(engine, video)
    decide(engine, second, Action.MERGE)
    decide(engine, third, Action.SPLIT, frame=60)
    ids = [video.id, other.id]
    with transaction(engine) as session:
        assert reviews.corrections(session, ids) == {video.id: Corrections(merges=1, splits=1)}
        reviews.undo(session, actor="ann")
        assert reviews.corrections(session, ids) == {video.id: Corrections(merges=1, splits=0)}
