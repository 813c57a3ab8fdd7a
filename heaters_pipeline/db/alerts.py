"""What waits for a person, as rows say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlmodel import Session, col

from heaters_pipeline.db import clip_work
from heaters_pipeline.db.models import Clip, Outage, SourceVideo
from heaters_pipeline.domain.states import CLIP_STEPS, SOURCE_STEPS

# Dagster's tables (dagster/_core/storage/event_log/schema.py, runs/schema.py). The severity stands
# in the event, which Dagster writes as JSON.
_FAILED_CHECKS = sa.text("""
    SELECT asset_key, check_name, partition FROM asset_check_executions AS done
    WHERE id IN (
        SELECT max(id) FROM asset_check_executions WHERE execution_status <> 'PLANNED'
        GROUP BY asset_key, check_name, partition)
    AND execution_status = 'FAILED' AND evaluation_event LIKE '%AssetCheckSeverity.ERROR%'
    ORDER BY id DESC LIMIT :most
""")
_FAILED_JOBS = sa.text("""
    SELECT pipeline_name, run_id FROM (
        SELECT DISTINCT ON (pipeline_name) pipeline_name, run_id, status FROM runs
        WHERE pipeline_name = ANY(:jobs) AND status IN ('SUCCESS', 'FAILURE')
        ORDER BY pipeline_name, id DESC
    ) AS last WHERE status = 'FAILURE'
""")


class FailedVideo(NamedTuple):
    key: str
    title: str
    attempt: int
    error: str | None


class FailedClips(NamedTuple):
    key: str
    title: str
    number: int
    error: str | None
    """Of one of them."""


class FailedCheck(NamedTuple):
    asset: str
    """A JSON list of the parts of its key, as Dagster writes it."""
    check: str
    partition: str | None


class FailedJob(NamedTuple):
    job: str
    run_id: str


def failed_videos(session: Session, most: int) -> Sequence[FailedVideo]:
    """The newest of those that nothing tries again by itself."""
    rows = session.execute(
        sa.select(
            col(SourceVideo.key),
            col(SourceVideo.title),
            col(SourceVideo.attempt),
            col(SourceVideo.error),
        )
        .where(col(SourceVideo.state).in_([step.failed for step in SOURCE_STEPS]))
        .order_by(col(SourceVideo.id).desc())
        .limit(most)
    )
    return [FailedVideo(*row) for row in rows]


def failed_clips(session: Session, most: int) -> Sequence[FailedClips]:
    """By source video, the newest first."""
    rows = session.execute(
        sa.select(
            col(SourceVideo.key),
            col(SourceVideo.title),
            sa.func.count(),
            sa.func.min(col(Clip.error)),
        )
        .join(Clip, col(Clip.source_video_id) == col(SourceVideo.id))
        .where(col(Clip.state).in_([step.failed for step in CLIP_STEPS]))
        .group_by(col(SourceVideo.id))
        .order_by(col(SourceVideo.id).desc())
        .limit(most)
    )
    return [FailedClips(*row) for row in rows]


def outages(session: Session, after: timedelta) -> Sequence[Outage]:
    """Those that have lasted so long."""
    long_ago = col(Outage.since) <= sa.func.now() - after
    return session.scalars(sa.select(Outage).where(long_ago).order_by(col(Outage.thing))).all()


def late_clips(session: Session, undo_window_seconds: float, after: timedelta) -> int:
    """How many clips have been due and untouched for so long, and not because they failed. The
    decisions on imported clips are older than that from the start."""
    is_late = clip_work.is_due(undo_window_seconds + after.total_seconds())
    long_ago = sa.func.now() - after
    since = sa.and_(col(Clip.decided_at) <= long_ago, col(Clip.updated_at) <= long_ago)
    query = sa.select(sa.func.count()).select_from(Clip).where(is_late, since)
    return session.scalar(query.where(col(Clip.error).is_(None))) or 0


def failed_checks(dagster: Connection, most: int) -> Sequence[FailedCheck]:
    """Whose last result is an error."""
    return [FailedCheck(*row) for row in dagster.execute(_FAILED_CHECKS, {"most": most})]


def failed_jobs(dagster: Connection, jobs: Sequence[str]) -> Sequence[FailedJob]:
    """Whose last run failed."""
    return [FailedJob(*row) for row in dagster.execute(_FAILED_JOBS, {"jobs": list(jobs)})]
