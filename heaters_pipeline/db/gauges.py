"""How Heaters stands, in numbers that an operator watches. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlmodel import Session, col, select

from heaters_pipeline.db import clip_counts, outages, retrying, source_videos, statistics
from heaters_pipeline.db.models import Clip, StoredObject
from heaters_pipeline.db.stopped_automation import stopped
from heaters_pipeline.domain.states import ClipState

# Dagster's table (dagster/_core/storage/runs/schema.py); times are seconds since 1970.
_RUNS = sa.text("""
    SELECT pipeline_name, lower(status), count(*), avg(end_time - start_time)
    FROM runs WHERE end_time >= :since AND start_time IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
""")


_OLDEST_PENDING = sa.select(sa.func.min(col(Clip.created_at))).where(
    col(Clip.state) == sa.literal(ClipState.PENDING_REVIEW, literal_execute=True)
)


class Runs(NamedTuple):
    """Runs of one job that ended alike."""

    job: str
    status: str
    number: int
    mean_seconds: float


class Gauges(NamedTuple):
    clips: dict[str, float]
    """Live ones, by state."""
    videos: dict[str, float]
    oldest_pending: datetime | None
    due_clips: int
    decisions: dict[str, float]
    """Of the last hour, by action."""
    bytes: dict[str, float]
    """In the storage, by kind."""
    outages: dict[str, datetime]
    """Since when each thing outside that is down has been so."""
    stopped: Collection[str]
    """Sensors and schedules."""
    runs: Sequence[Runs]
    """Of the last 24 hours."""


def read(session: Session, dagster: Engine, undo_window_seconds: float) -> Gauges:
    """`dagster` is an engine on Dagster's database."""
    now = datetime.now(UTC)
    decisions: dict[str, float] = {}
    for each in statistics.done(session, [now - timedelta(hours=1)]):
        decisions[each.action] = decisions.get(each.action, 0) + each.number
    size = sa.cast(sa.func.sum(StoredObject.bytes), sa.BigInteger)
    kinds = session.exec(select(StoredObject.kind, size).group_by(col(StoredObject.kind)))
    return Gauges(
        clips=dict(clip_counts.by_state(session)),
        videos=dict(source_videos.counts_by_state(session)),
        oldest_pending=session.scalars(_OLDEST_PENDING).one(),
        due_clips=retrying.waiting(session, undo_window_seconds).clips,
        decisions=decisions,
        bytes={str(kind): total for kind, total in kinds},
        outages={each.thing: each.since for each in outages.listed(session)},
        stopped=stopped(dagster),
        runs=_runs(dagster, now - timedelta(days=1)),
    )


def _runs(dagster: Engine, since: datetime) -> list[Runs]:
    """None where Dagster has no tables yet, or its database does not answer."""
    try:
        with dagster.connect() as connection:
            return [Runs(*row) for row in connection.execute(_RUNS, {"since": since.timestamp()})]
    except (OperationalError, ProgrammingError):
        return []
