"""How unsure the cuts of a clip are."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action, placed_by
from heaters_pipeline.domain.doubt import Doubts, doubt, suggestible
from heaters_pipeline.domain.transitions import Transition, TransitionKind


def cut(frame: int, score: float) -> Transition:
    return Transition(TransitionKind.CUT, frame - 1, frame, score)


@pytest.mark.parametrize(
    ("cuts", "suggested", "told"),
    [
        ([], [], None),
        ([None, None], [], None),
        ([1.0, None], [], 0),
        ([1.0, 0.6], [0.1], 0.8),
        ([0.9, 0.9], [0.1, 0.45], 0.9),
        ([None, None], [0.25], 0.5),
        ([0.5], [], 1),
        ([0.3], [0.7], 1),
    ],
)
def test_doubt_grows_towards_the_border_from_either_side(
    cuts: list[float | None], suggested: list[float], told: float | None
) -> None:
    assert doubt(cuts, suggested) == told


def test_what_is_suggested_beside_an_end_is_that_end() -> None:
    assert suggestible(FrameRange(10, 20)) == (13, 18)
    assert suggestible(FrameRange(10, 13)).length == 0


def test_doubt_of_the_clips_of_a_video() -> None:
    dissolve = Transition(TransitionKind.DISSOLVE, 40, 60, 0.6)
    opening = Transition(TransitionKind.FADE, -1, 5, 0.5)
    doubts = Doubts([opening, cut(20, 0.95), dissolve], [cut(81, 0.2), cut(99, 0.49)], 100, [])
    clips = [FrameRange(0, 20), FrameRange(20, 50), FrameRange(50, 100)]
    assert [doubts.of(clip) for clip in clips] == [0.1, 0.8, 0.8]
    assert doubts.of(FrameRange(60, 100)) == 0.4
    assert doubts.of(FrameRange(60, 81)) is None


def test_nobody_doubts_a_cut_that_a_reviewer_made() -> None:
    doubts = Doubts([cut(20, 0.5), cut(50, 0.6)], [], 100, {20})
    assert doubts.of(FrameRange(0, 20)) is None
    assert doubts.of(FrameRange(20, 50)) == 0.8


def entry(clip_id: int, start: int, end: int) -> dict[str, int]:
    return {"id": clip_id, "start_frame": start, "end_frame": end}


def test_the_cuts_that_an_event_placed() -> None:
    whole, member = entry(1, 10, 90), entry(7, 200, 300)
    parts = [entry(3, 10, 40), entry(4, 40, 60), entry(5, 60, 90)]
    assert placed_by(Action.SPLIT, [whole, member], [whole, member, *parts]) == {40, 60}
    assert placed_by(Action.NUDGE, parts[:2], [entry(3, 10, 44), entry(4, 44, 60)]) == {44}
    assert placed_by(Action.MERGE, parts, [*parts, entry(6, 10, 90)]) == set()
