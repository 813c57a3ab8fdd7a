"""What the tables know of the past of one source video, Dagster's tables, too. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session

from heaters_pipeline.db.models import RetiredPartition, SourceVideo
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.story import RETIRED, RETURNED, Moment, decided, standing, stored
from heaters_pipeline.domain.wording import number_of

_STORED = sa.text("""
    SELECT date_trunc('second', entered_at) AS at, kind, count(*), sum(bytes)
    FROM stored_objects WHERE source_video_id = :video GROUP BY at, kind
""")

_DECIDED = sa.text("""
    SELECT min(created_at), actor, action,
        array_remove(array_agg(DISTINCT clip_id ORDER BY clip_id), NULL)
    FROM review_events LEFT JOIN unnest(clip_ids) AS clip_id ON true
    WHERE source_video_id = :video
    GROUP BY coalesce(batch_id, id), actor, action
""")

_EXPORTED = sa.text("""
    SELECT made_at, clip_id, profile FROM clip_exports
    JOIN clips ON clips.id = clip_id WHERE source_video_id = :video
""")

_TAKEN = sa.text("""
    SELECT handovers.created_at, actor, count(*), destination
    FROM handovers JOIN handover_clips ON handover_id = handovers.id
    JOIN clips ON clips.id = clip_id WHERE source_video_id = :video GROUP BY handovers.id
""")

_AUDITED = sa.text("""
    SELECT at, actor, action, detail FROM audit_log WHERE target ~ ('(^|/)' || :key || '(/|$)')
""")

_FAILED = sa.text("""
    SELECT updated_at, id, state, error FROM clips
    WHERE source_video_id = :video AND error IS NOT NULL
""")

# Dagster's tables (dagster/_core/storage/runs/schema.py); times are seconds since 1970.
_RUNS = sa.text("""
    SELECT runs.run_id, pipeline_name, status, start_time, end_time
    FROM runs JOIN run_tags ON run_tags.run_id = runs.run_id
    WHERE run_tags.key = 'dagster/partition' AND run_tags.value = :key
""")


def of_rows(session: Session, video: SourceVideo) -> Iterator[Moment]:
    """What Heaters' own tables know, in any order."""
    asked = {"video": video.id, "key": video.key}
    yield Moment(video.created_at, f"added from {video.address}")
    for at, kind, number, size in session.execute(_STORED, asked):
        yield Moment(at, stored(kind, number, int(size)))
    for at, actor, action, clip_ids in session.execute(_DECIDED, asked):
        yield Moment(at, decided(actor, Action(action), clip_ids))
    for at, clip_id, profile in session.execute(_EXPORTED, asked):
        yield Moment(at, f"clip {clip_id} exported by the profile {profile}")
    for at, actor, number, destination in session.execute(_TAKEN, asked):
        yield Moment(at, f"{actor} took {number_of(number, 'clip')}: {destination}")
    for at, actor, action, detail in session.execute(_AUDITED, asked):
        yield Moment(at, f"{actor}: {action}{f', {detail}' if detail else ''}")
    for at, clip_id, state, error in session.execute(_FAILED, asked):
        yield Moment(at, standing(f"clip {clip_id}", state, error))
    if (partition := session.get(RetiredPartition, video.id)) is not None:
        yield Moment(partition.retired_at, RETIRED.format(key=video.key))
        if partition.returned_at is not None:
            yield Moment(partition.returned_at, RETURNED)
    yield Moment(video.updated_at, standing("the video", video.state, video.error))


def of_runs(dagster: Engine, key: str) -> list[Moment]:
    """What Dagster's database knows of the runs of the video's partition, in any order; nothing
    where it has no tables yet."""
    try:
        with dagster.connect() as connection:
            runs = connection.execute(_RUNS, {"key": key}).all()
    except ProgrammingError:
        return []
    return [
        Moment(datetime.fromtimestamp(seconds, UTC), f"run {run_id[:8]} of the job {job} {what}")
        for run_id, job, status, began, ended in runs
        for seconds, what in ((began, "began"), (ended, f"ended: {status.lower()}"))
        if seconds is not None
    ]
