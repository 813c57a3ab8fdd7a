"""The log of decisions: what an event holds, how events and what they change are written, which
of them stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from heaters_pipeline.db import clips
from heaters_pipeline.db.models import Clip, ReviewEvent
from heaters_pipeline.domain.review import Action
from heaters_pipeline.domain.states import ClipState


class Decision(NamedTuple):
    event_id: int
    """Of a batch, the first."""
    clips: list[Clip]
    """Every clip that the decision changed or made, as it is now."""
    events: int = 1
    """How many there are in the batch."""
    unused: Sequence[str] = ()
    """Storage keys of files that no row names any more."""


class Part(NamedTuple):
    """What one event is about."""

    before: list[dict[str, Any]]
    """`snapshot` of each clip that it changes."""
    clips: list[Clip]
    """These clips as they are to be, and those that it made."""
    undoes_event_id: int | None = None


class _Written(NamedTuple):
    id: int
    at: datetime
    """By the database's clock."""


def snapshot(clip: Clip) -> dict[str, Any]:
    """What an event keeps of a clip: all that undoing it may have to give back."""
    return {
        "id": clip.id,
        "state": str(clip.state),
        "version": clip.version,
        "start_frame": clip.cut_points["start_frame"],
        "end_frame": clip.cut_points["end_frame"],
        "made_by": str(clip.made_by),
        "grouped_with_clip_id": clip.grouped_with_clip_id,
        "labels": list(clip.labels),
        "rating": clip.rating,
        "note": clip.note,
    }


def record(session: Session, actor: str, action: Action, parts: Sequence[Part]) -> Decision:
    """Writes an event for each part, all of them one batch, and their clips, each stamped with its
    event. Takes as many statements for five hundred parts as for two."""
    with session.no_autoflush:
        for part in parts:
            changed = {entry["id"] for entry in part.before}
            for clip in part.clips:
                clip.version += clip.id in changed
        head, *rest = parts
        written = _insert(session, actor, action, [head])
        first = written[0].id
        if rest:
            written += _insert(session, actor, action, rest, batch_id=first)
        for event, part in zip(written, parts, strict=True):
            was = {entry["id"]: entry for entry in part.before}
            for clip in part.clips:
                if _is_news(was.get(clip.id), clip):
                    _stamp(clip, event)
        everything = [clip for part in parts for clip in part.clips]
        clips.save(session, everything)
    return Decision(first, everything, len(parts))


def _insert(
    session: Session,
    actor: str,
    action: Action,
    parts: Sequence[Part],
    batch_id: int | None = None,
) -> list[_Written]:
    rows = [
        {
            "source_video_id": part.clips[0].source_video_id,
            "actor": actor,
            "action": action,
            "clip_ids": sorted(clip.id for clip in part.clips),
            "batch_id": batch_id,
            "before": part.before,
            "after": [snapshot(clip) for clip in part.clips],
            "undoes_event_id": part.undoes_event_id,
        }
        for part in parts
    ]
    written = sa.insert(ReviewEvent).returning(
        col(ReviewEvent.id), col(ReviewEvent.created_at), sort_by_parameter_order=True
    )
    return [_Written(*row) for row in session.execute(written, rows)]


def _is_news(before: dict[str, Any] | None, clip: Clip) -> bool:
    """Whether the pipeline must wait for the undo window to pass anew: what it would do has
    changed."""
    now = snapshot(clip)
    return before is None or any(
        before[name] != now[name] for name in ("state", "start_frame", "end_frame")
    )


def _stamp(clip: Clip, event: _Written) -> None:
    clip.last_event_id = event.id
    clip.error = None
    pending = clip.state == ClipState.PENDING_REVIEW
    clip.decided_at = None if pending else event.at
    if not pending:
        clip.leased_by = clip.leased_page = clip.leased_until = None


def standing() -> SelectOfScalar[ReviewEvent]:
    """Events that have not been undone, undo events themselves left out."""
    undoing: Any = aliased(ReviewEvent)
    return (
        select(ReviewEvent)
        .outerjoin(undoing, undoing.undoes_event_id == col(ReviewEvent.id))
        .where(undoing.id.is_(None), col(ReviewEvent.action) != Action.UNDO)
    )


def removed_since() -> Any:
    """True of an event after which its video was removed, or that of another one of its batch,
    which can only be undone whole."""
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
    # A value, not EXISTS, which Postgres makes a join of all events with all batches of.
    return sa.func.coalesce(found.scalar_subquery(), sa.false())
