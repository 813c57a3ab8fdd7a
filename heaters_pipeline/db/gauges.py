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
from heaters_pipeline.db.models import Clip, SourceVideo, StoredObject
from heaters_pipeline.db.stopped_automation import stopped
from heaters_pipeline.domain.states import ClipState, SourceState

# Dagster's table (dagster/_core/storage/runs/schema.py); times are seconds since 1970.
_RUNS = sa.text("""
    SELECT pipeline_name, lower(status), count(*), avg(end_time - start_time)
    FROM runs WHERE end_time >= :since AND start_time IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
""")

# Of its table event_logs (dagster/_core/storage/event_log/schema.py): only an hour, as it is long.
_STEPS = sa.text("""
    SELECT ended.step_key, lower(split_part(ended.dagster_event_type, '_', 2)), count(*),
        avg(extract(epoch FROM ended.timestamp - began.timestamp))
    FROM runs
    JOIN event_logs ended ON ended.run_id = runs.run_id
        AND ended.dagster_event_type IN ('STEP_SUCCESS', 'STEP_FAILURE')
    JOIN event_logs began ON began.run_id = runs.run_id AND began.step_key = ended.step_key
        AND began.dagster_event_type = 'STEP_START'
    WHERE runs.end_time >= :since GROUP BY 1, 2 ORDER BY 1, 2
""")


_OLDEST_PENDING = sa.select(sa.func.min(col(Clip.created_at))).where(
    col(Clip.state) == sa.literal(ClipState.PENDING_REVIEW, literal_execute=True)
)


_OLDEST_NEW_VIDEO = sa.select(sa.func.min(col(SourceVideo.created_at))).where(
    col(SourceVideo.state) == SourceState.NEW
)


class Ended(NamedTuple):
    """Runs of one job, or steps of one name, that ended alike."""

    name: str
    status: str
    number: int
    mean_seconds: float


class Gauges(NamedTuple):
    clips: dict[str, float]
    """Live ones, by state."""
    videos: dict[str, float]
    oldest_pending: datetime | None
    oldest_new_video: datetime | None
    due_clips: int
    tried_again: dict[str, float]
    """What has failed for a reason that may pass, and waits for another try."""
    decisions: dict[str, float]
    """Of the last hour, by action."""
    bytes: dict[str, float]
    """In the storage, by kind."""
    outages: dict[str, datetime]
    """Since when each thing outside that is down has been so."""
    stopped: Collection[str]
    """Sensors and schedules."""
    runs: Sequence[Ended]
    """Of the last 24 hours."""
    steps: Sequence[Ended]
    """Of the runs that ended in the last hour."""


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
        oldest_new_video=session.scalars(_OLDEST_NEW_VIDEO).one(),
        due_clips=retrying.waiting(session, undo_window_seconds).clips,
        tried_again=dict(retrying.resting(session)._asdict()),
        decisions=decisions,
        bytes={str(kind): total for kind, total in kinds},
        outages={each.thing: each.since for each in outages.listed(session)},
        stopped=stopped(dagster),
        runs=_ended(dagster, _RUNS, now - timedelta(days=1)),
        steps=_ended(dagster, _STEPS, now - timedelta(hours=1)),
    )


def _ended(dagster: Engine, asked: sa.TextClause, since: datetime) -> list[Ended]:
    """None where Dagster has no tables yet, or its database does not answer."""
    try:
        with dagster.connect() as connection:
            rows = connection.execute(asked, {"since": since.timestamp()})
            return [Ended(name, how, count, float(mean)) for name, how, count, mean in rows]
    except (OperationalError, ProgrammingError):
        return []
