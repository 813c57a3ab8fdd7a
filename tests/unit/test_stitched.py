"""Detection that is carried on through a film of which more and more is there."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.media.cuts.detection import Detection
from heaters_pipeline.media.cuts.stitched import begins_at, margin, stitched
from heaters_pipeline.media.cuts.transition_search import TransitionSearch
from tests.small_films import shot

RATE = Fraction(25)


def cut(frame: int) -> Transition:
    return Transition(TransitionKind.CUT, frame - 1, frame)


def detection(count: int, *found: Transition, flashes: tuple[FrameRange, ...] = ()) -> Detection:
    curve = np.zeros(count, np.float32)
    return Detection(tuple(found), curve, 0.5, flashes=flashes)


def test_what_is_settled_stays_and_what_is_not_is_found_anew() -> None:
    before = detection(300, cut(100), cut(280), flashes=(FrameRange(40, 41),))
    found = detection(450, cut(50), cut(90), cut(300), flashes=(FrameRange(200, 201),))
    joined = stitched(before, found, 50, 100)
    assert joined.cuts() == [100, 140, 350]
    assert (len(joined.curve), joined.flashes) == (500, (FrameRange(40, 41), FrameRange(250, 251)))


def test_a_transition_at_the_end_of_what_was_there_is_none_until_more_is_there() -> None:
    fade = Transition(TransitionKind.FADE, 290, 300)
    before = detection(300, cut(100), fade)
    assert before.cuts() == [100]
    whole = Transition(TransitionKind.FADE, 290 - 50, 310 - 50)
    assert stitched(before, detection(450, whole), 50, 100).cuts() == [100, 300]


@pytest.mark.parametrize("step", [300, 700])
def test_cuts_are_those_of_the_whole_film(step: int) -> None:
    """However the film grows."""
    lengths = [400, 90, 310, 30, 520, 200, 333, 450]
    film = np.concatenate([shot(seed, length) for seed, length in enumerate(lengths)])
    whole = TransitionSearch().detect(film, RATE)
    found: Detection | None = None
    sought = 0
    for count in (*range(step, len(film), step), len(film)):
        start = begins_at(sought, RATE)
        part = TransitionSearch().detect(film[start:count], RATE)
        found = stitched(found, part, start, sought)
        sought = max(sought, count - margin(RATE))
        assert [each for each in found.cuts() if each <= sought] == [
            each for each in whole.cuts() if each <= sought
        ]
    assert found and found.cuts() == whole.cuts()
    assert len(whole.cuts()) >= len(lengths) - 1
