"""How many candidates an index gets, by what it finds with them."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.recall import WIDTHS, Measured, is_outgrown, least_width


@pytest.mark.parametrize(("enough", "width"), [(1, 80), (80, 80), (81, 120), (900, 1000)])
def test_the_least_width_that_is_enough_is_taken(enough: int, width: int) -> None:
    asked: list[int] = []

    def recall_with(tried: int) -> float:
        asked.append(tried)
        return 0.995 if tried >= enough else 0.9

    assert least_width(recall_with) == (width, 0.995)
    assert asked == list(WIDTHS[: WIDTHS.index(width) + 1]), "no more than needed"


def test_where_none_is_enough_the_largest_is_taken() -> None:
    assert least_width(lambda width: width / 2000) == (1000, 0.5)


def test_an_index_is_outgrown_at_twice_its_size() -> None:
    measured = Measured(80, 1.0, 2000)
    assert not is_outgrown(measured, 4000)
    assert is_outgrown(measured, 4001)
