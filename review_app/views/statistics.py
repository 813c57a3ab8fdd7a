"""The page of statistics: who decided how much and how fast, what waits, how good the cuts are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import statistics
from heaters_pipeline.db.statistics import Done
from heaters_pipeline.domain.decisions import Action
from review_app.presenters import charts
from review_app.presenters.charts import Chart
from review_app.presenters.texts import count
from review_app.services import transaction

blueprint = Blueprint("statistics", __name__)

DAYS = 30
HOURS = 24
PACE_HOURS = 7 * 24
SOURCES = 25
DAY = "%d %b"

KINDS = {
    Action.APPROVE: "approved",
    Action.GROUP: "approved",
    Action.SKIP: "skipped",
    Action.ARCHIVE: "archived",
    Action.MERGE: "mended",
    Action.SPLIT: "mended",
}
"""What the charts and tables tell apart, in the order in which bars are stacked."""


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
    hours: int
    """In how many hours there was a decision, each reviewer's for themselves."""
    seconds: float | None
    """The median from one decision to the next, of the last week."""

    @property
    def total(self) -> int:
        return sum(self.by_kind.values())

    @property
    def an_hour(self) -> float | None:
        return self.total / self.hours if self.hours else None

    @property
    def approval(self) -> float | None:
        decided = sum(self.by_kind[kind] for kind in ("approved", "skipped", "archived"))
        return self.by_kind["approved"] / decided if decided else None


@blueprint.get("/statistics")
def index() -> ResponseReturnValue:
    page = max(1, request.args.get("page", 1, int))
    chosen = request.args.get("reviewer", "")
    edges = hours(datetime.now(UTC))
    with transaction() as session:
        statistics.use_memory(session)
        done = statistics.done(session, edges)
        pace = statistics.pace(session, edges[-PACE_HOURS])
        waiting = statistics.waiting(session)
        waited = statistics.backlog(session, edges, waiting.number)
        sources = statistics.sources(session, SOURCES + 1, (page - 1) * SOURCES)
    by_reviewer: dict[str, list[Done]] = defaultdict(list)
    for each in done:
        by_reviewer[each.actor].append(each)
    reviewers = {
        actor: figures(theirs, len(edges), pace.get(actor)) for actor, theirs in by_reviewer.items()
    }
    shown = by_reviewer[chosen] if chosen else done
    by_hour = by_period(shown, range(len(edges) - HOURS, len(edges)), edges, "%H:%M")
    by_day = by_period(shown, range(len(edges)), edges, DAY)
    return render_template(
        "statistics.html",
        kinds=list(dict.fromkeys(KINDS.values())),
        chosen=chosen,
        overall=figures(done, len(edges), pace.get(None)),
        reviewers=sorted(reviewers.items(), key=lambda each: (-each[1].total, each[0])),
        waiting=waiting,
        now=datetime.now(UTC),
        by_hour=by_hour,
        hour_chart=chart(by_hour, every=3),
        by_day=by_day,
        day_chart=chart(by_day, every=5),
        backlog=backlog(waited, edges),
        backlog_chart=backlog_chart(waited, edges),
        sources=sources[:SOURCES],
        page=page,
        has_more=len(sources) > SOURCES,
    )


def hours(now: datetime) -> list[datetime]:
    """When each hour began since midnight of the first of the last days, `now` in the last one, by
    this machine's clock."""
    first = now.astimezone().date() - timedelta(days=DAYS - 1)
    start = datetime.combine(first, time.min).astimezone().astimezone(UTC)
    number = int((now - start) / timedelta(hours=1)) + 1
    return [start + timedelta(hours=hour) for hour in range(number)]


def figures(done: Iterable[Done], periods: int, seconds: float | None) -> Figures:
    by_kind: Counter[str] = Counter(dict.fromkeys(KINDS.values(), 0))
    active: set[tuple[str, int]] = set()
    last_day = 0
    for period, actor, action, number in done:
        by_kind[KINDS[action]] += number
        active.add((actor, period))
        if period >= periods - HOURS:
            last_day += number
    return Figures(last_day, by_kind, len(active), seconds)


def by_period(
    done: Iterable[Done], wanted: Iterable[int], edges: Sequence[datetime], name: str
) -> list[Period]:
    """The decisions of the wanted hours, those whose local time is written alike together."""
    names = {hour: edges[hour].astimezone().strftime(name) for hour in wanted}
    found: dict[str, Counter[str]] = {
        each: Counter(dict.fromkeys(KINDS.values(), 0)) for each in names.values()
    }
    for period, _, action, number in done:
        if period in names:
            found[names[period]][KINDS[action]] += number
    return [Period(each, by_kind) for each, by_kind in found.items()]


def chart(periods: Sequence[Period], every: int) -> Chart:
    """`every` so many of the periods has its name below, the last one among them."""
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
