"""Frames that show again what others show, and the stacks of clips that come of it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.repeats import (
    LEAST_SCORE,
    ClipRepeat,
    Repeat,
    clip_repeat,
    stacks,
    tied,
)
from heaters_pipeline.media.repeats.comparison import Part, compared
from heaters_pipeline.media.repeats.signatures import kept
from tests import small_films
from tests.small_films import Film, shot


def test_stacks_keep_the_order_and_leave_single_clips_out() -> None:
    assert stacks([7, 3, 9, 5, 1], [(3, 5), (1, 7), (5, 3)]) == [[7, 1], [3, 5]]
    assert stacks([1, 2], []) == []
    assert stacks([], []) == []


def test_every_two_clips_of_a_stack_are_the_same() -> None:
    """1 to 4 change little by little."""
    assert stacks([1, 2, 3, 4], [(1, 2), (2, 3), (3, 4)]) == [[1, 2], [3, 4]]
    assert stacks([1, 2, 3], [(1, 2), (2, 3), (1, 3)]) == [[1, 2, 3]]


def test_clips_are_tied_by_a_third_one_of_which_both_show_so_much_that_they_share_frames() -> None:
    def same(clip_id: int, other_id: int, other_share: float) -> ClipRepeat:
        return ClipRepeat(clip_id, other_id, 1.0, other_share, 0.9, False)

    assert tied([1, 2], [same(1, 2, 0.1)]) == [(1, 2)]
    assert (1, 2) in tied([1, 2], [same(1, 9, 0.6), same(2, 9, 0.6)])
    # Two parts of a long clip.
    assert (1, 2) not in tied([1, 2], [same(1, 9, 0.6), same(2, 9, 0.4)])
    assert tied([1, 2], [same(1, 8, 1.0), same(2, 9, 1.0)]) == [(1, 1), (2, 2)]


def test_a_range_of_a_repeat_lies_where_the_line_says() -> None:
    repeat = Repeat(FrameRange(100, 200), FrameRange(1000, 1200), False, 0.9)
    found = repeat.within(FrameRange(150, 400), FrameRange(0, 1150))
    assert found == Repeat(FrameRange(150, 175), FrameRange(1100, 1150), False, 0.9)
    assert repeat.turned.within(FrameRange(1000, 1100), FrameRange(150, 160)) is None


def test_a_short_clip_in_a_longer_one_is_the_same_and_half_a_shot_is_not() -> None:
    repeat = Repeat(FrameRange(0, 50), FrameRange(300, 350), True, 0.9)
    short = clip_repeat(1, FrameRange(0, 50), 2, FrameRange(200, 600), [repeat])
    assert short == ClipRepeat(1, 2, 1.0, 0.125, 0.9, True)
    assert short.is_same
    half = clip_repeat(1, FrameRange(0, 100), 2, FrameRange(250, 350), [repeat, repeat])
    assert (half.share, half.is_same) == (0.5, False)
    assert clip_repeat(1, FrameRange(60, 70), 2, FrameRange(0, 900), [repeat]) is None


@pytest.mark.parametrize("copy", small_films.COPIES, ids=lambda each: each.__name__)
def test_a_copy_of_a_shot_is_found_and_another_shot_is_not(copy: Callable[..., Film]) -> None:
    film = np.concatenate([shot(1, 60), shot(2, 60)])
    again = copy(film[:60])
    own = Part(again, FrameRange(0, len(again)), Fraction(25))
    is_mirrored = copy is small_films.mirrored
    found, other = (
        compared(own, Part(film, frames, Fraction(25)), mirrored=is_mirrored)
        for frames in (FrameRange(0, 60), FrameRange(60, 120))
    )
    assert found.score > 0.6
    assert found.frames.length > 0.9 * len(again)
    assert abs(found.others.start) <= 4
    assert other is None or other.score < LEAST_SCORE


def test_short_takes_from_one_place_have_to_move_the_same_way() -> None:
    """Next to nothing moves in them; in a long one that would do."""
    place = shot(6, 12, speed=0).astype(float)
    one, other = (
        np.clip(place + 0.05 * (take - place), 0, 255).round().astype(np.uint8)
        for take in small_films.takes(6, 2, 12)
    )
    part, copy, take = (
        Part(film, FrameRange(0, 12), Fraction(25)) for film in (one, one // 2 + 60, other)
    )
    same, different = compared(part, copy), compared(part, take)
    assert same is not None and same.score > 0.8
    assert different is not None and different.score < 0.6


def test_speed_and_rate_may_differ_and_black_shows_nothing() -> None:
    film = shot(3, 100)
    part = Part(film[20:70], FrameRange(0, 50), Fraction(25))
    halved = Part(film[::2], FrameRange(0, 50), Fraction(25, 2))
    found = compared(part, halved)
    assert found.score > 0.8
    assert abs(found.others.start - 10) <= 1
    black = Part(np.zeros_like(film), FrameRange(0, 100), Fraction(25))
    assert compared(black, black) is None


def test_signatures_are_kept_where_the_picture_changes() -> None:
    still = np.repeat(shot(4, 1), 100, axis=0)
    film = np.concatenate([still, shot(5, 50, speed=1), np.zeros((50, 27, 48, 3), np.uint8)])
    frames = [frame for frame, _ in kept(film, Fraction(25))]
    assert sum(frame < 100 for frame in frames) == 4
    assert sum(100 <= frame < 150 for frame in frames) >= 6
    assert max(frames) < 150
