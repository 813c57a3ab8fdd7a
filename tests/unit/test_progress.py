"""The time that a step has left, in words."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.progress import seconds_left, spoken_duration


def test_the_rest_takes_as_long_as_what_was_done() -> None:
    assert seconds_left(0.25, 30) == pytest.approx(90)
    assert seconds_left(1, 30) == 0


@pytest.mark.parametrize("share", [None, 0, 0.01])
def test_nobody_can_tell_at_the_beginning(share: float | None) -> None:
    assert seconds_left(share, 30) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        *((0, "1 s"), (41.4, "41 s"), (59.6, "1 min"), (100, "2 min"), (3599, "1 h")),
        *((3600, "1 h"), (2 * 3600 + 600, "2 h 10 min")),
    ],
)
def test_lengths_of_time_are_said_plainly(seconds: float, said: str) -> None:
    assert spoken_duration(seconds) == said
