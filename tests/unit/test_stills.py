"""Which frames stand for a clip."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.stills import still_frames


@pytest.mark.parametrize(
    ("count", "numbers"), [(100, [25, 50, 75]), (4, [1, 2, 3]), (2, [0, 1]), (1, [0])]
)
def test_stills_lie_at_quarters(count: int, numbers: list[int]) -> None:
    assert still_frames(FrameRange(0, count)) == numbers
    assert still_frames(FrameRange(30, 30 + count)) == [30 + number for number in numbers]


def test_no_still_is_of_a_flash() -> None:
    whole = FrameRange(100, 200)
    assert still_frames(whole, [FrameRange(150, 151), FrameRange(173, 176)]) == [125, 149, 176]
    assert still_frames(FrameRange(0, 3), [FrameRange(0, 2)]) == [2]
    assert still_frames(FrameRange(0, 3), [FrameRange(0, 9)]) == [0, 1, 2]
    assert still_frames(whole, [FrameRange(0, 100), FrameRange(200, 201)]) == [125, 150, 175]
