"""Where the parts of a chart lie, in the units of its drawing (`WIDTH` by `HEIGHT`). No requests,
no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from review_app.presenters.texts import count

WIDTH, HEIGHT = 640, 210
LEFT, RIGHT, TOP, BOTTOM = 60, 628, 10, 184
"""The edges of the plot; numbers stand left of it, times below."""

GAP = 0.22
"""Between two bars, as a share of the width that a bar has."""

_ROUND = (12, 16, 20, 30, 40, 50, 60, 80, 100)
"""Tenths of a power of ten at which scales end."""


class Tick(NamedTuple):
    at: float
    text: str


class Part(NamedTuple):
    kind: str
    y: float
    height: float


class Bar(NamedTuple):
    x: float
    width: float
    parts: Sequence[Part]
    title: str


@dataclass(frozen=True)
class Chart:
    down: Sequence[Tick]
    """Along the left side."""
    across: Sequence[Tick]
    bars: Sequence[Bar] = ()
    line: Sequence[tuple[float, float]] = ()

    @property
    def stroke(self) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.line)


def bars(
    columns: Sequence[Mapping[str, int]], titles: Sequence[str], names: Mapping[int, str]
) -> Chart:
    """A bar for each column, its parts stacked in their order; `names` are the texts below some of
    the columns."""
    top = round_up(max((sum(column.values()) for column in columns), default=0))
    place = (RIGHT - LEFT) / max(1, len(columns))
    made = []
    for number, (column, title) in enumerate(zip(columns, titles, strict=True)):
        parts, total = [], 0
        for kind, size in column.items():
            total += size
            if size:
                parts.append(Part(kind, _y(total, top), _y(total - size, top) - _y(total, top)))
        made.append(Bar(LEFT + place * (number + GAP / 2), place * (1 - GAP), parts, title))
    across = [Tick(LEFT + place * (number + 0.5), text) for number, text in names.items()]
    return Chart(_ticks(top), across, bars=made)


def line(values: Sequence[int], names: Mapping[int, str]) -> Chart:
    """One point for each value, the first and the last on the edges of the plot."""
    top = round_up(max(values, default=0))
    step = (RIGHT - LEFT) / max(1, len(values) - 1)
    across = [Tick(LEFT + step * number, text) for number, text in names.items()]
    points = [(LEFT + step * number, _y(value, top)) for number, value in enumerate(values)]
    return Chart(_ticks(top), across, line=points)


def round_up(number: int) -> int:
    """The smallest round even number that is at least `number`, and at least 4: 8, 10, 12, 16, 20,
    30 ..."""
    if number <= 10:
        return max(4, number + number % 2)
    power = int(10 ** (len(str(number - 1)) - 1))
    return next(power * tenths // 10 for tenths in _ROUND if power * tenths >= 10 * number)


def _ticks(top: int) -> list[Tick]:
    return [Tick(_y(value, top), count(value)) for value in (0, top // 2, top)]


def _y(value: float, top: int) -> float:
    return BOTTOM - (BOTTOM - TOP) * value / top
