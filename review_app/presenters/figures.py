"""The arithmetic of the page of statistics: hours and days, decisions counted by kind, charts of
them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from heaters_pipeline.db.statistics import Done, Pace
from heaters_pipeline.domain.decisions import Action
from review_app.presenters import charts
from review_app.presenters.charts import Chart
from review_app.presenters.texts import count

DAYS = 30
HOURS = 24
DAY = "%d %b"

KINDS = {
    Action.APPROVE: "approved",
    Action.GROUP: "approved",
    Action.SKIP: "skipped",
    Action.ARCHIVE: "archived",
    Action.MERGE: "mended",
    Action.SPLIT: "mended",
}
"""The kinds of decisions in charts and tables, in the order in which bars are stacked."""


class Period(NamedTuple):
    name: str
    by_kind: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_kind.values())


class Figures(NamedTuple):
    """Of a reviewer, or of all together."""

    last_day: int
    by_kind: Mapping[str, int]
    pace: Pace | None
    """None where nobody has decided twice in the last week."""

    @property
    def total(self) -> int:
        return sum(self.by_kind.values())

    @property
    def approval(self) -> float | None:
        decided = sum(self.by_kind[kind] for kind in ("approved", "skipped", "archived"))
        return self.by_kind["approved"] / decided if decided else None


def hours(now: datetime) -> list[datetime]:
    """When each hour of the last `DAYS` days began: from midnight by this machine's clock to the
    hour of `now`."""
    first = now.astimezone().date() - timedelta(days=DAYS - 1)
    start = datetime.combine(first, time.min).astimezone().astimezone(UTC)
    number = int((now - start) / timedelta(hours=1)) + 1
    return [start + timedelta(hours=hour) for hour in range(number)]


def figures(done: Iterable[Done], periods: int, pace: Pace | None) -> Figures:
    by_kind: Counter[str] = Counter(dict.fromkeys(KINDS.values(), 0))
    last_day = 0
    for period, _, action, number in done:
        by_kind[KINDS[action]] += number
        if period >= periods - HOURS:
            last_day += number
    return Figures(last_day, by_kind, pace)


def by_period(
    done: Iterable[Done], wanted: Iterable[int], edges: Sequence[datetime], name: str
) -> list[Period]:
    """The decisions of the wanted hours, added up where `name` (of `strftime`) writes their local
    times alike."""
    names = {hour: edges[hour].astimezone().strftime(name) for hour in wanted}
    found: dict[str, Counter[str]] = {
        each: Counter(dict.fromkeys(KINDS.values(), 0)) for each in names.values()
    }
    for period, _, action, number in done:
        if period in names:
            found[names[period]][KINDS[action]] += number
    return [Period(each, by_kind) for each, by_kind in found.items()]


def chart(periods: Sequence[Period], every: int) -> Chart:
    """The names of every `every`-th period stand below, counted back from the last."""
    titles = [f"{name}: {_told(by_kind)}" for name, by_kind in periods]
    named = range((len(periods) - 1) % every, len(periods), every)
    names = {number: periods[number].name for number in named}
    return charts.bars([each.by_kind for each in periods], titles, names)


def backlog(waited: Sequence[int], edges: Sequence[datetime]) -> dict[str, int]:
    """How many clips waited at the end of each day."""
    return {
        edge.astimezone().strftime(DAY): number for edge, number in zip(edges, waited, strict=True)
    }


def backlog_chart(waited: Sequence[int], edges: Sequence[datetime]) -> Chart:
    days = [edge.astimezone() for edge in edges]
    noons = [number for number, day in enumerate(days) if day.hour == 12][3::5]
    return charts.line(waited, {number: days[number].strftime(DAY) for number in noons})


def _told(by_kind: Mapping[str, int]) -> str:
    parts = [f"{count(number)} {kind}" for kind, number in by_kind.items() if number]
    return ", ".join(parts) or "nothing decided"
