"""What reviewers have done, and what waits for them, in numbers. Reads only. Decisions that were
undone do not count: where they are looked up, `IS NOT NULL` has Postgres read the index of undos
alone, which else has an entry for every event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from heaters_pipeline.db import clip_counts
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.decisions import COUNTED, Action
from heaters_pipeline.domain.states import APPROVED, BEFORE_REVIEW, ClipState

LONGEST_THOUGHT = 60
"""Seconds between two decisions of a reviewer; longer ones are pauses."""

PACE_PERIOD = timedelta(days=7)
"""Of how long ago decisions tell a reviewer's pace."""

FEWEST_STEPS = 4
"""From one decision to the next; fewer say little about a pace."""


class Done(NamedTuple):
    period: int
    actor: str
    action: Action
    number: int


class Pace(NamedTuple):
    """Of a reviewer, or of all together, pauses left out."""

    an_hour: float | None
    """Decisions, each clip of a batch; None while there are too few to tell."""
    seconds: float | None
    """The median from one decision to the next; a batch is one. None where all came at once."""


class Waiting(NamedTuple):
    number: int
    oldest: datetime | None
    """When the clip that waits longest was made."""
    median: datetime | None
    """Half of the clips that wait are older."""


class SourceFigures(NamedTuple):
    key: str
    title: str
    pending: int
    approved: int
    skipped: int
    archived: int
    ends: int
    """First frames of clips that a reviewer has judged, without those of whole videos."""
    false: int
    """Cuts that were none: merges."""
    missed: int
    """Cuts that had not been found: splits, each part after the first."""
    misplaced: int
    """Cuts that were moved, however often."""

    @property
    def decided(self) -> int:
        return self.approved + self.skipped + self.archived

    @property
    def approval(self) -> float | None:
        """The approved share of what was decided on."""
        return self.approved / self.decided if self.decided else None

    @property
    def cuts(self) -> int:
        """Cuts of the detector that reviewers have judged."""
        return max(0, self.ends - self.missed + self.false)

    def per_hundred_cuts(self, errors: int) -> float | None:
        return 100 * errors / self.cuts if self.cuts else None


def use_memory(session: Session) -> None:
    """Lets this transaction, and no other, sort a month of events in memory."""
    session.execute(sa.text("SET LOCAL work_mem = '64MB'"))


def done(session: Session, edges: Sequence[datetime]) -> list[Done]:
    """Decisions in each period that has some; period `i` is from `edges[i]` to the next one, the
    last one is open."""
    rows = session.execute(
        sa.text("""
            SELECT width_bucket(created_at, CAST(:edges AS timestamptz[])) - 1,
                actor, action, count(*)
            FROM review_events event
            WHERE created_at >= :since AND action = ANY(:actions)
                AND NOT EXISTS (SELECT FROM review_events WHERE
                    undoes_event_id = event.id AND undoes_event_id IS NOT NULL)
            GROUP BY 1, 2, 3
        """),
        {"edges": list(edges), "since": edges[0], "actions": list(COUNTED)},
    )
    return [Done(period, actor, Action(action), number) for period, actor, action, number in rows]


def pace(session: Session, since: datetime, actor: str | None = None) -> dict[str | None, Pace]:
    """How fast each reviewer decides, or that `actor` alone; under None all of them together. What
    the pages call a pace is this."""
    rows = session.execute(
        sa.text("""
            SELECT actor,
                CASE WHEN count(*) >= :fewest
                    THEN 3600 * count(*) / nullif(sum(seconds), 0) END,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE seconds > 0)
            FROM (
                SELECT actor, extract(epoch FROM
                    created_at - lag(created_at) OVER (PARTITION BY actor ORDER BY id))
                FROM review_events event
                WHERE created_at >= :since AND action = ANY(:actions)
                    AND (CAST(:actor AS text) IS NULL OR actor = :actor)
                    AND NOT EXISTS (SELECT FROM review_events WHERE
                        undoes_event_id = event.id AND undoes_event_id IS NOT NULL)
            ) AS gap (actor, seconds)
            WHERE seconds >= 0 AND seconds <= :longest
            GROUP BY GROUPING SETS ((actor), ())
        """),
        {
            "since": since,
            "actions": list(COUNTED),
            "longest": LONGEST_THOUGHT,
            "fewest": FEWEST_STEPS,
            "actor": actor,
        },
    )
    return {
        name: Pace(*(None if each is None else float(each) for each in figures))
        for name, *figures in rows
    }


def waiting(session: Session) -> Waiting:
    number = clip_counts.with_states(session, [ClipState.PENDING_REVIEW])
    by_age = (
        sa.select(col(Clip.created_at))
        .where(col(Clip.state) == ClipState.PENDING_REVIEW)
        .order_by(col(Clip.created_at))
        .limit(1)
    )
    oldest = session.scalar(by_age)
    return Waiting(number, oldest, session.scalar(by_age.offset(max(0, number - 1) // 2)))


def backlog(session: Session, edges: Sequence[datetime], number: int) -> list[int]:
    """How many clips waited at the end of each period; `number` is how many do now. Counted back
    from the states that each event found and left; clips of videos that were removed since are
    left out, as their states before are not known. A scene of a physical video counts from
    the event that laid it: none tells when it got its file. Clips that came with
    their decisions from an older system never waited here."""
    states = sorted({ClipState.PENDING_REVIEW, *BEFORE_REVIEW})
    is_one = " || ".join(f'@.state == "{state}"' for state in states)
    pending = f"$[*] ? ({is_one})"
    rows = session.execute(
        sa.text("""
            SELECT width_bucket(created_at, CAST(:edges AS timestamptz[])) - 1, sum(
                jsonb_array_length(jsonb_path_query_array(after, CAST(:pending AS jsonpath)))
                - jsonb_array_length(jsonb_path_query_array(before, CAST(:pending AS jsonpath))))
            FROM review_events event WHERE created_at >= :since AND NOT EXISTS (
                SELECT FROM review_events removal
                WHERE removal.action = 'remove'
                    AND removal.source_video_id = event.source_video_id AND removal.id >= event.id)
                AND NOT EXISTS (
                    SELECT FROM imported_clips WHERE video_id = event.source_video_id)
            GROUP BY 1
        """),
        {"edges": list(edges), "since": edges[0], "pending": pending},
    )
    changes: Mapping[int, int] = {period: int(change) for period, change in rows}
    waited = [number]
    for period in range(len(edges) - 1, 0, -1):
        waited.append(waited[-1] - changes.get(period, 0))
    return waited[::-1]


def sources(session: Session, limit: int, offset: int = 0) -> list[SourceFigures]:
    """Videos with decisions, the latest decided first."""
    rows = session.execute(
        _SOURCES,
        {
            "pending": ClipState.PENDING_REVIEW,
            "approved": list(APPROVED),
            "skipped": ClipState.REVIEW_SKIPPED,
            "archived": [ClipState.REVIEW_ARCHIVED, ClipState.ARCHIVED],
            "limit": limit,
            "offset": offset,
        },
    )
    return [SourceFigures(*row) for row in rows]


_SOURCES: Any = sa.text("""
    WITH latest AS (
        SELECT video.id AS source_video_id, latest FROM source_videos video, LATERAL (
            SELECT max(decided_at) AS latest FROM clips
            WHERE source_video_id = video.id AND state <> 'superseded'
        ) AS decided
        WHERE latest IS NOT NULL
        ORDER BY latest DESC LIMIT :limit OFFSET :offset
    ),
    decided AS (
        SELECT source_video_id, latest,
            count(*) FILTER (WHERE state = :pending) AS pending,
            count(*) FILTER (WHERE state = ANY(:approved)) AS approved,
            count(*) FILTER (WHERE state = :skipped) AS skipped,
            count(*) FILTER (WHERE state = ANY(:archived)) AS archived,
            count(*) FILTER (
                WHERE start_frame > 0 AND (state <> :pending OR made_by <> 'replan')
            ) AS ends
        FROM latest JOIN clips USING (source_video_id) WHERE state <> 'superseded'
        GROUP BY source_video_id, latest
    ),
    mended AS (
        SELECT source_video_id, count(*) FILTER (WHERE action = 'merge') AS merges,
            sum(jsonb_array_length(after) - jsonb_array_length(before) - 1)
                FILTER (WHERE action = 'split') AS splits,
            count(DISTINCT clip_ids) FILTER (WHERE action = 'nudge') AS nudges
        FROM review_events event
        WHERE action IN ('merge', 'split', 'nudge')
            AND source_video_id IN (SELECT source_video_id FROM decided)
            AND NOT EXISTS (SELECT FROM review_events WHERE
                undoes_event_id = event.id AND undoes_event_id IS NOT NULL)
            AND NOT EXISTS (SELECT FROM review_events removal
                WHERE removal.action = 'remove'
                    AND removal.source_video_id = event.source_video_id AND removal.id > event.id)
        GROUP BY source_video_id
    )
    SELECT video.key, video.title, pending, approved, skipped, decided.archived, ends,
        coalesce(merges, 0), coalesce(splits, 0), coalesce(nudges, 0)
    FROM decided JOIN source_videos video ON video.id = decided.source_video_id
        LEFT JOIN mended USING (source_video_id)
    ORDER BY latest DESC, video.id DESC
""")
