"""Clips that look alike become stacks."""

from __future__ import annotations

from heaters_pipeline.domain.alike import stacks


def test_stacks_keep_the_order_and_leave_single_clips_out() -> None:
    assert stacks([7, 3, 9, 5, 1], [(3, 5), (1, 7), (5, 3)]) == [[7, 1], [3, 5]]
    assert stacks([1, 2], []) == []
    assert stacks([], []) == []


def test_every_two_clips_of_a_stack_are_alike() -> None:
    """1 to 4 change little by little."""
    assert stacks([1, 2, 3, 4], [(1, 2), (2, 3), (3, 4)]) == [[1, 2], [3, 4]]
    assert stacks([1, 2, 3], [(1, 2), (2, 3), (1, 3)]) == [[1, 2, 3]]
