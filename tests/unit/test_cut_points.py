"""Frame ranges and the cuts that divide them."""

from __future__ import annotations

import itertools
import random

import pytest

from heaters_pipeline.domain.cut_points import (
    FrameRange,
    divide,
    find_faults,
    merge,
    move_cut,
    plan_clips,
    shorten,
    split,
    without_short,
)
from heaters_pipeline.domain.errors import InputError


def test_cuts_divide_a_video_without_gap_or_overlap() -> None:
    assert divide(FrameRange(0, 100), [50, 10]) == [(0, 10), (10, 50), (50, 100)]


def test_cuts_at_the_edges_and_outside_divide_nothing() -> None:
    assert divide(FrameRange(10, 20), [0, 10, 20, 99]) == [(10, 20)]


def test_planned_clips_leave_what_is_kept_alone() -> None:
    planned = plan_clips(100, [10, 50, 70], kept=[FrameRange(20, 60)])
    assert planned == [(0, 10), (10, 20), (60, 70), (70, 100)]


@pytest.mark.parametrize(
    ("scores", "least", "kept"),
    [
        ({}, 5, []),
        ({3: 0.5}, 5, [3]),
        ({10: 0.9, 13: 0.6, 40: 0.5}, 5, [10, 40]),
        ({10: 0.6, 13: 0.9, 40: 0.5}, 5, [13, 40]),
        ({10: 0.9, 14: 0.5, 18: 0.9, 22: 0.5}, 5, [10, 18]),
        ({10: 0.9, 15: 0.5}, 5, [10, 15]),
        ({10: 0.9, 11: 0.5}, 0, [10, 11]),
    ],
)
def test_a_short_clip_joins_the_neighbour_across_the_less_certain_cut(
    scores: dict[int, float], least: int, kept: list[int]
) -> None:
    assert without_short(scores, least) == kept


def test_long_takes_are_divided_into_equal_parts() -> None:
    planned = plan_clips(100, [10], kept=[FrameRange(90, 100)], longest=30)
    assert planned == [(0, 10), (10, 36), (36, 63), (63, 90)]
    assert shorten(FrameRange(5, 35), 30) == [(5, 35)]
    assert shorten(FrameRange(5, 8), 1) == [(5, 6), (6, 7), (7, 8)]


def test_plan_and_kept_always_cover_the_video_once() -> None:
    chance = random.Random(1)
    for _ in range(500):
        count = chance.randint(1, 200)
        edges = sorted({0, count, *chance.sample(range(count), min(count, 6))})
        whole = [FrameRange(*pair) for pair in itertools.pairwise(edges)]
        kept = [frames for frames in whole if chance.random() < 0.4]
        cuts = [chance.randrange(-5, count + 5) for _ in range(chance.randint(0, 9))]
        planned = plan_clips(count, cuts, kept)
        assert find_faults(count, [*planned, *kept]) == []


def test_faults_name_the_frames() -> None:
    assert find_faults(10, [FrameRange(0, 10)]) == []
    assert find_faults(10, [FrameRange(0, 4), FrameRange(6, 10)]) == [
        "Frames 4 to 5 belong to no clip."
    ]
    assert find_faults(10, [FrameRange(0, 6), FrameRange(4, 10)]) == [
        "Frames 4 to 5 belong to two clips."
    ]
    assert find_faults(10, [FrameRange(0, 9)]) == ["Frames 9 to 9 belong to no clip."]
    assert "after the last frame" in find_faults(10, [FrameRange(0, 12)])[0]


def test_a_split_gives_two_halves_with_frames() -> None:
    assert split(FrameRange(10, 20), 11) == ((10, 11), (11, 20))
    for frame in (9, 10, 20, 21):
        with pytest.raises(InputError, match="can't be split"):
            split(FrameRange(10, 20), frame)


def test_a_split_has_an_end() -> None:
    whole = FrameRange(0, 1000)
    assert len(split(whole, *range(1, 100))) == 100
    with pytest.raises(InputError, match="100 parts at a time"):
        split(whole, *range(1, 101))


def test_several_splits_give_a_part_more_each() -> None:
    assert split(FrameRange(10, 20), 18, 12, 18) == ((10, 12), (12, 18), (18, 20))
    with pytest.raises(InputError, match="can't be split at frame 20"):
        split(FrameRange(10, 20), 12, 20)
    with pytest.raises(InputError, match="needs the frame"):
        split(FrameRange(10, 20))


def test_only_neighbours_merge() -> None:
    assert merge(FrameRange(0, 10), FrameRange(10, 20)) == (0, 20)
    with pytest.raises(InputError, match="no neighbours"):
        merge(FrameRange(0, 9), FrameRange(10, 20))


def test_a_cut_moves_as_far_as_both_sides_keep_a_frame() -> None:
    first, second = FrameRange(0, 10), FrameRange(10, 20)
    assert move_cut(first, second, 1) == ((0, 1), (1, 20))
    assert move_cut(first, second, 19) == ((0, 19), (19, 20))
    assert move_cut(first, second, 10) == (first, second)
    for frame in (-1, 0, 20, 21):
        with pytest.raises(InputError, match="it can be at 1 to 19"):
            move_cut(first, second, frame)
    with pytest.raises(InputError, match="no neighbours"):
        move_cut(first, FrameRange(12, 20), 11)
