"""Who decided how much and how fast, how many clips wait, how good the cuts are."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from flask import Blueprint
from pydantic import Field

from heaters_pipeline.db import opinions, statistics
from heaters_pipeline.db.statistics import Done
from review_app.api.operation import Answer, Query, described
from review_app.presenters.figures import Figures, figures, hours
from review_app.services import transaction

blueprint = Blueprint("api_statistics", __name__)

MOST = 200


class Part(Query):
    limit: int = Field(25, ge=0, le=MOST)
    """Of the source videos, the latest decided first."""
    offset: int = Field(0, ge=0, le=1_000_000)


class FiguresJson(Answer):
    last_day: int
    """Decisions of the last 24 hours."""
    by_kind: dict[str, int]
    """Of the last 30 days."""
    total: int
    approval: float | None
    """The approved share of what was approved, skipped or archived."""
    an_hour: float | None
    """Decisions, while somebody decides. None: too few to tell."""


class SourceFiguresJson(Answer):
    key: str
    title: str
    pending: int
    approved: int
    skipped: int
    archived: int
    ends: int
    """First frames of clips that a reviewer has judged."""
    false: int
    """Cuts that were none."""
    missed: int
    """Cuts that had not been found."""
    misplaced: int
    """Cuts that were moved."""


class AgreedJson(Answer):
    number: int
    """Of clips on which both decided."""
    share: float
    """On how many of them they agreed, 0 to 1."""
    kappa: float | None
    """Cohen's. None: it says nothing."""


class PairJson(AgreedJson):
    people: tuple[str, str]


class AgreementJson(Answer):
    of_all: AgreedJson
    of_labels: dict[str, AgreedJson]
    of_pairs: list[PairJson]


class StatisticsJson(Answer):
    overall: FiguresJson
    reviewers: dict[str, FiguresJson]
    waiting: int
    """Clips that wait for a decision."""
    waiting_since: datetime | None
    """When the clip that waits longest was made."""
    agreement: AgreementJson
    """Of the first two opinions on clips that have two."""
    sources: list[SourceFiguresJson]


@blueprint.get("/api/v1/statistics")
@described()
def index(part: Part) -> StatisticsJson:
    """How the review goes."""
    now = datetime.now(UTC)
    edges = hours(now)
    with transaction() as session:
        statistics.use_memory(session)
        done = statistics.done(session, edges)
        pace = statistics.pace(session, now - statistics.PACE_PERIOD)
        waiting = statistics.waiting(session)
        agreement = opinions.agreement(session)
        sources = statistics.sources(session, part.limit, part.offset)
    by_reviewer: dict[str, list[Done]] = defaultdict(list)
    for each in done:
        by_reviewer[each.actor].append(each)
    return StatisticsJson(
        overall=_json(figures(done, len(edges), pace.get(None))),
        reviewers={
            actor: _json(figures(theirs, len(edges), pace.get(actor)))
            for actor, theirs in sorted(by_reviewer.items())
        },
        waiting=waiting.number,
        waiting_since=waiting.oldest,
        agreement=AgreementJson(
            of_all=AgreedJson.model_validate(agreement.of_all),
            of_labels={
                label: AgreedJson.model_validate(each)
                for label, each in agreement.of_labels.items()
            },
            of_pairs=[
                PairJson(people=people, **each._asdict())
                for people, each in agreement.of_pairs.items()
            ],
        ),
        sources=[SourceFiguresJson.model_validate(each) for each in sources],
    )


def _json(found: Figures) -> FiguresJson:
    return FiguresJson(
        last_day=found.last_day,
        by_kind=dict(found.by_kind),
        total=found.total,
        approval=found.approval,
        an_hour=found.pace.an_hour if found.pace else None,
    )
