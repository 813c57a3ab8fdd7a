"""Writing events: a decision changes clips and leaves an event that tells how."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from heaters_pipeline.db import clips
from heaters_pipeline.db.models import Clip, ReviewEvent
from heaters_pipeline.domain.decisions import Action, Snapshot
from heaters_pipeline.domain.states import BEFORE_REVIEW, ClipState


class Outcome(NamedTuple):
    """What a decision, an undo or a replan led to."""

    event_id: int
    """The first event of a batch."""
    clips: list[Clip]
    """Every clip that it changed or made, as the clip is now."""
    events: int = 1
    """How many events the batch has."""


class Part(NamedTuple):
    """What one event is about."""

    before: list[Snapshot]
    """Each clip that it changes, as it was."""
    clips: list[Clip]
    """The changed clips as they shall be, and the clips that it made."""
    undoes_event_id: int | None = None


class _Written(NamedTuple):
    id: int
    at: datetime
    """By the database's clock."""


def snapshot(clip: Clip) -> Snapshot:
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
        "chosen_frames": list(clip.chosen_frames),
        "opinions": list(clip.opinions),
    }


def record(session: Session, actor: str, action: Action, parts: Sequence[Part]) -> Outcome:
    """Writes an event for each part, all in one batch, and their clips, each stamped with its
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
                before, now = was.get(clip.id), snapshot(clip)
                if _restarts_window(before, now):
                    _stamp(clip, event)
                if before is not None and not clip.is_virtual and _names_frames(before, now):
                    clip.keyframes_asked_at = event.at
        everything = [clip for part in parts for clip in part.clips]
        clips.save(session, everything)
    return Outcome(first, everything, len(parts))


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


def _restarts_window(before: Snapshot | None, now: Snapshot) -> bool:
    """Whether the undo window begins anew, because the pipeline would now do something else."""
    return (
        before is None
        or before["state"] != now["state"]
        or before["start_frame"] != now["start_frame"]
        or before["end_frame"] != now["end_frame"]
    )


def _names_frames(before: Snapshot, now: Snapshot) -> bool:
    """Whether a change may give the clip other keyframes."""
    return before["labels"] != now["labels"] or before["chosen_frames"] != now["chosen_frames"]


def _stamp(clip: Clip, event: _Written) -> None:
    clip.last_event_id = event.id
    clip.error, clip.tries, clip.retry_at = None, 0, None
    pending = clip.state in {ClipState.PENDING_REVIEW, *BEFORE_REVIEW}
    clip.decided_at = None if pending else event.at
    if not pending:
        clip.leased_by = clip.leased_page = clip.leased_until = None
