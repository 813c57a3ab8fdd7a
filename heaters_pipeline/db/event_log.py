"""Reading the log of events: which of them stand, and what they say of actors and videos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from heaters_pipeline.db.models import ReviewEvent
from heaters_pipeline.db.prepared import given
from heaters_pipeline.domain.decisions import (
    APPROVALS,
    COUNTED,
    DECISIONS,
    VERDICTS,
    Action,
    placed_by,
    touched,
)

E = TypeVar("E", bound=Any)
"""An event, as a row or in another form."""


# Made once, here and below: SQLAlchemy takes longer to make it than Postgres to answer it.
@cache
def standing() -> SelectOfScalar[ReviewEvent]:
    """Events that nobody has undone, without undo events themselves."""
    undoing: Any = aliased(ReviewEvent)
    return (
        select(ReviewEvent)
        .outerjoin(undoing, undoing.undoes_event_id == col(ReviewEvent.id))
        .where(undoing.id.is_(None), col(ReviewEvent.action) != Action.UNDO)
    )


@cache
def standing_decisions() -> SelectOfScalar[ReviewEvent]:
    """Events of people that nobody has undone."""
    return standing().where(col(ReviewEvent.action).in_(DECISIONS))


@cache
def removed_since() -> Any:
    """True of an event if its video was removed after it, or the video of another event of its
    batch: a batch can only be undone whole."""
    removal: Any = aliased(ReviewEvent)
    other: Any = aliased(ReviewEvent)
    first = sa.func.coalesce(ReviewEvent.batch_id, ReviewEvent.id)
    found = (
        sa.select(sa.true())
        .select_from(other)
        .join(removal, removal.source_video_id == other.source_video_id)
        .where(
            sa.or_(other.id == first, other.batch_id == first),
            removal.action == sa.literal(Action.REMOVE, literal_execute=True),
            removal.id > other.id,
        )
        .limit(1)
    )
    # As a value: Postgres would turn EXISTS into a join of all events with all batches.
    return sa.func.coalesce(found.scalar_subquery(), sa.false())


def latest(
    session: Session, actor: str, limit: int, before: int | None = None
) -> Sequence[ReviewEvent]:
    """The actor's decisions that can be undone, newest first; of a batch the first event. `before`
    is the id of an event: only older ones. Those that came from an older system are as old as they
    were there."""
    other: Any = aliased(ReviewEvent)
    its_time = sa.select(other.created_at).where(other.id == before).scalar_subquery()
    age: Any = sa.tuple_(col(ReviewEvent.created_at), col(ReviewEvent.id))
    is_older = age < sa.tuple_(its_time, sa.literal(before))
    return session.exec(
        standing_decisions()
        .where(
            ReviewEvent.actor == actor,
            sa.true() if before is None else is_older,
            col(ReviewEvent.batch_id).is_(None),
            sa.not_(removed_since()),
        )
        .order_by(col(ReviewEvent.created_at).desc(), col(ReviewEvent.id).desc())
        .limit(limit)
    ).all()


def latest_on_clip(session: Session, clip_id: int) -> ReviewEvent | None:
    """The newest decision on the clip that can be undone."""
    return session.exec(
        standing_decisions()
        .where(col(ReviewEvent.clip_ids).contains([clip_id]), sa.not_(removed_since()))
        .order_by(col(ReviewEvent.id).desc())
    ).first()


def verdicts_on(clip_ids: Any, actions: Iterable[Action] = VERDICTS) -> SelectOfScalar[ReviewEvent]:
    """Decisions that may have given one of the clips its state; `newest` reads them."""
    return standing().where(
        col(ReviewEvent.clip_ids).overlap(clip_ids),  # type: ignore[attr-defined]
        col(ReviewEvent.action).in_(actions),
    )


_APPROVALS = verdicts_on(given("clip_ids"), APPROVALS)


def approvals(session: Session, clip_ids: Iterable[int]) -> dict[int, ReviewEvent]:
    """The newest decision that approved each clip and stands, by clip id; a clip that nobody has
    approved is left out."""
    wanted = set(clip_ids)
    if not wanted:
        return {}
    return newest(session.scalars(_APPROVALS, {"clip_ids": list(wanted)}), wanted)


def newest(verdicts: Iterable[E], clip_ids: Collection[int]) -> dict[int, E]:
    """By clip id."""
    return {
        clip_id: event
        for event in sorted(verdicts, key=lambda event: event.id)
        for clip_id, fields in touched(event.before, event.after).items()
        if clip_id in clip_ids and "state" in fields
    }


def batch_sizes(session: Session, event_ids: Iterable[int]) -> dict[int, int]:
    """How many events the batches have that begin with these events; an event that begins no batch
    is left out."""
    rows = session.exec(
        select(ReviewEvent.batch_id, sa.func.count() + 1)
        .where(col(ReviewEvent.batch_id).in_(event_ids))
        .group_by(col(ReviewEvent.batch_id))
    )
    return {batch_id: size for batch_id, size in rows if batch_id is not None}


def has_decided(session: Session, actor: str) -> bool:
    found = sa.exists().where(col(ReviewEvent.actor) == actor)
    return bool(session.scalar(sa.select(found)))


def count_since(session: Session, actor: str, since: datetime) -> int:
    """How many decisions the actor made at `since` or later that stand. Moved cuts and annotations
    do not count."""
    events = standing().where(
        ReviewEvent.actor == actor,
        col(ReviewEvent.action).in_(COUNTED),
        col(ReviewEvent.created_at) >= since,
    )
    return session.exec(select(sa.func.count()).select_from(events.subquery())).one()


def placed(video_ids: Any) -> SelectOfScalar[ReviewEvent]:
    """Splits and nudges that stand; `placed_by_video` reads them."""
    return standing().where(
        col(ReviewEvent.source_video_id).in_(video_ids),
        col(ReviewEvent.action).in_([Action.SPLIT, Action.NUDGE]),
        sa.not_(removed_since()),
    )


_PLACED = placed(sa.bindparam("video_ids", expanding=True))


def placed_cuts(session: Session, video_ids: Iterable[int]) -> defaultdict[int, set[int]]:
    """The cuts that reviewers made by splits or moved by nudges that stand, by video; those from
    before its removal are not the video's any more."""
    return placed_by_video(session.scalars(_PLACED, {"video_ids": list(video_ids)}))


def placed_by_video(events: Iterable[Any]) -> defaultdict[int, set[int]]:
    """The cuts that splits and nudges placed, by video."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for event in events:
        found[event.source_video_id] |= placed_by(event.action, event.before, event.after)
    return found


class Corrections(NamedTuple):
    """How often reviewers corrected a detector."""

    merges: int
    """False cuts."""
    splits: int
    """Missed cuts: each part of a split after the first, as `statistics` counts them."""


def corrections(session: Session, video_ids: Sequence[int]) -> dict[int, Corrections]:
    """Merges and splits that stand, by video; a video without any is left out."""
    found = (
        standing()
        .where(col(ReviewEvent.source_video_id).in_(video_ids), sa.not_(removed_since()))
        .subquery()
    )
    length = sa.func.jsonb_array_length
    missed = sa.func.sum(length(found.c.after) - length(found.c.before) - 1)
    rows = session.execute(
        sa.select(
            found.c.source_video_id,
            sa.func.count().filter(found.c.action == Action.MERGE),
            sa.func.coalesce(missed.filter(found.c.action == Action.SPLIT), 0),
        )
        .where(found.c.action.in_([Action.MERGE, Action.SPLIT]))
        .group_by(found.c.source_video_id)
    )
    return {video_id: Corrections(merges, splits) for video_id, merges, splits in rows}
