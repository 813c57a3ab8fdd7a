"""How far the detector's cuts agree with the reviewers' clips."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.agreement import Agreement, agreement
from heaters_pipeline.domain.cut_points import FrameRange

DECIDED = [FrameRange(0, 50), FrameRange(50, 100), FrameRange(150, 200)]


def test_the_detectors_own_cuts_agree_with_reviewers_who_changed_nothing() -> None:
    assert agreement([50, 100, 150], DECIDED, 200) == Agreement(3, 0, 0)


def test_a_cut_may_lie_one_frame_aside_and_counts_once() -> None:
    assert agreement([49, 51, 99, 152], DECIDED, 200) == Agreement(2, 2, 1)


def test_what_nobody_has_judged_counts_for_nothing() -> None:
    assert agreement([50, 100, 110, 130, 150], DECIDED, 200) == Agreement(3, 0, 0)


def test_merged_clips_make_cuts_false_and_split_ones_missed() -> None:
    assert agreement([20, 50], [FrameRange(0, 80), FrameRange(80, 100)], 100) == Agreement(0, 2, 1)


def test_what_is_within_a_clip_that_waits_is_not_decided_yet() -> None:
    first, *parts = [FrameRange(0, 40), FrameRange(40, 70), FrameRange(70, 100)]
    assert agreement([20, 40, 55, 70], [first], 100, parts) == Agreement(2, 1, 0)
    assert agreement([20, 55], [first, *parts], 100) == Agreement(0, 2, 2)


def test_agreements_add_up() -> None:
    assert Agreement(3, 1, 0).plus(Agreement(1, 0, 2)) == Agreement(4, 1, 2)


def test_f1_is_whole_where_all_agree() -> None:
    assert Agreement(3, 0, 0).f1 == Agreement(0, 0, 0).f1 == 1
    assert Agreement(1, 1, 0).f1 == pytest.approx(2 / 3)
