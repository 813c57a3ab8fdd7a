"""The page of statistics: who decided how much and how fast, how many clips wait, how good the cuts
are."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import opinions, statistics
from heaters_pipeline.db.statistics import Done
from review_app.presenters.figures import (
    DAY,
    HOURS,
    KINDS,
    backlog,
    backlog_chart,
    by_period,
    chart,
    figures,
    hours,
)
from review_app.services import transaction

blueprint = Blueprint("statistics", __name__)

SOURCES = 25


@blueprint.get("/statistics")
def index() -> ResponseReturnValue:
    page = max(1, request.args.get("page", 1, int))
    chosen = request.args.get("reviewer", "")
    now = datetime.now(UTC)
    edges = hours(now)
    with transaction() as session:
        statistics.use_memory(session)
        done = statistics.done(session, edges)
        pace = statistics.pace(session, now - statistics.PACE_PERIOD)
        waiting = statistics.waiting(session)
        waited = statistics.backlog(session, edges, waiting.number)
        agreement = opinions.agreement(session)
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
        now=now,
        by_hour=by_hour,
        hour_chart=chart(by_hour, every=3),
        by_day=by_day,
        day_chart=chart(by_day, every=5),
        backlog=backlog(waited, edges),
        backlog_chart=backlog_chart(waited, edges),
        agreement=agreement,
        sources=sources[:SOURCES],
        page=page,
        has_more=len(sources) > SOURCES,
    )
