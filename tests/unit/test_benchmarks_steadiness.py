"""Which of the pictures that a page showed were late."""

from __future__ import annotations

import pytest

from benchmarks.steadiness import late_share

PICTURE = 1000 / 60


def shown(frames: list[int]) -> list[tuple[float, int]]:
    return [(n * PICTURE, frame) for n, frame in enumerate(frames)]


@pytest.mark.parametrize("rate", [1, 2, 8, -1, -4])
def test_a_clip_that_plays_steadily_around_its_loop_is_never_late(rate: int) -> None:
    samples = shown([rate * n % 130 for n in range(240)])
    assert late_share(samples, frames_per_second=60, rate=rate, length=130) == 0


def test_a_frame_for_two_pictures_of_the_display_is_no_delay() -> None:
    samples = shown([n // 2 for n in range(240)])
    assert late_share(samples, frames_per_second=30, rate=1, length=1000) == 0


def test_pictures_that_stay_too_long_are_late() -> None:
    frames = list(range(100))
    frames[40] = frames[39]
    frames[71] = frames[72] = frames[70]
    share = late_share(shown(frames), frames_per_second=60, rate=1, length=1000)
    assert share == pytest.approx(3 / 99)


def test_what_a_busy_page_could_not_look_at_counts() -> None:
    samples = [each for n, each in enumerate(shown(list(range(100)))) if not 50 <= n < 55]
    share = late_share(samples, frames_per_second=60, rate=1, length=1000)
    assert share == pytest.approx(5 / 99)
