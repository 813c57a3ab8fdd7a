"""Where bars and lines of the charts lie."""

from __future__ import annotations

import pytest

from review_app.presenters import charts


def test_the_parts_of_a_bar_lie_on_one_another_from_the_bottom() -> None:
    chart = charts.bars([{"a": 10, "b": 5, "c": 5}], ["All"], {})
    (bar,) = chart.bars
    assert [part.kind for part in bar.parts] == ["a", "b", "c"]
    assert bar.parts[0].y + bar.parts[0].height == pytest.approx(charts.BOTTOM)
    for lower, upper in zip(bar.parts, bar.parts[1:], strict=False):
        assert upper.y + upper.height == pytest.approx(lower.y)
    assert bar.parts[-1].y == pytest.approx(charts.TOP)
    assert bar.parts[0].height == pytest.approx(2 * bar.parts[1].height)


def test_nothing_is_drawn_of_nothing() -> None:
    (empty, full) = charts.bars([{"a": 0}, {"a": 3}], ["", ""], {}).bars
    assert (len(empty.parts), len(full.parts)) == (0, 1)
    assert charts.bars([], [], {}).bars == []


def test_bars_and_lines_stay_in_their_field() -> None:
    values = [3, 0, 812, 40]
    bars = charts.bars([{"a": value} for value in values], [""] * 4, {}).bars
    points = charts.line(values, {}).line
    assert bars[0].x > charts.LEFT
    assert bars[-1].x + bars[-1].width < charts.RIGHT
    assert [points[0][0], points[-1][0]] == pytest.approx([charts.LEFT, charts.RIGHT])
    for heights in ([part.y for bar in bars for part in bar.parts], [y for _, y in points]):
        assert all(charts.TOP <= y <= charts.BOTTOM for y in heights)


@pytest.mark.parametrize(
    ("number", "top"),
    [
        *((0, 4), (4, 4), (5, 6), (10, 10), (11, 12), (81, 100), (100, 100), (101, 120)),
        *((210, 300), (860, 1000), (1001, 1200), (480_001, 500_000)),
    ],
)
def test_scales_end_at_round_numbers(number: int, top: int) -> None:
    assert charts.round_up(number) == top
    assert charts.line([number], {}).down[0].text == "0"
