"""Clips in the pipeline: which are due, and the steps that they take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db.clips import free, locked
from heaters_pipeline.db.locks import is_at_work
from heaters_pipeline.db.models import Clip, ClipFile, SourceVideo
from heaters_pipeline.db.source_videos import WITHOUT_INDEX
from heaters_pipeline.domain.errors import Conflict, InputError, NotFound
from heaters_pipeline.domain.states import CLIP_STEPS, EXPORT, UNFINISHED, ClipState, Step, changed


class DueWork(NamedTuple):
    video_key: str
    last_event_id: int
    attempt: int
    clip_count: int


def _rested(undo_window_seconds: float) -> Any:
    """True of a decision past its undo window, by the database's clock alone."""
    return col(Clip.decided_at) <= sa.func.now() - timedelta(seconds=undo_window_seconds)


def _due(undo_window_seconds: float) -> Any:
    return sa.or_(
        sa.and_(col(Clip.state) == ClipState.REVIEW_APPROVED, _rested(undo_window_seconds)),
        col(Clip.state).in_(UNFINISHED),
    )


def due(session: Session, undo_window_seconds: float, limit: int) -> list[DueWork]:
    """Videos with clips that the pipeline may act on now: approved and past the undo window, or
    left unfinished by a run that died."""
    rows = session.execute(
        sa.select(
            col(SourceVideo.key),
            sa.func.coalesce(sa.func.max(Clip.last_event_id), 0),
            sa.func.max(Clip.attempt),
            sa.func.count(),
        )
        .join(Clip, col(Clip.source_video_id) == col(SourceVideo.id))
        .where(_due(undo_window_seconds))
        .group_by(col(SourceVideo.key))
        .order_by(sa.func.min(Clip.decided_at))
        .limit(limit)
    )
    return [DueWork(*row) for row in rows]


def claim(
    session: Session, video_id: int, step: Step[ClipState], undo_window_seconds: float
) -> Sequence[Clip]:
    """Takes all clips of the video that are due for `step` into it; returns them in film order.

    Decisions compete for the same rows, and whichever comes second finds them changed. A clip that
    is locked is waited for: the sensor asks for the same clips once, so one that is passed over
    here would wait for ever. Like decisions, it locks in the order of ids.
    """
    ready = col(Clip.state) == step.waiting
    if step is EXPORT:
        ready = sa.and_(ready, _rested(undo_window_seconds))
    rows = session.exec(
        select(Clip)
        .where(
            Clip.source_video_id == video_id,
            sa.or_(ready, col(Clip.state) == step.doing),
        )
        .order_by(col(Clip.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for clip in rows:
        clip.state = changed(ClipState(clip.state), step.doing)
        clip.error = None
    return sorted(rows, key=lambda clip: clip.start_frame)


def finish(
    session: Session, clip_id: int, step: Step[ClipState], facts: ClipFile | None = None
) -> None:
    clip = _locked(session, clip_id)
    for name, value in (facts or {}).items():
        setattr(clip, name, value)
    clip.state = changed(ClipState(clip.state), step.done)


def fail(session: Session, clip_id: int, step: Step[ClipState], error: str) -> None:
    clip = _locked(session, clip_id)
    clip.state = changed(ClipState(clip.state), step.failed)
    clip.error = error


def give_up(
    session: Session,
    video_key: str,
    last_event_id: int,
    undo_window_seconds: float,
    error: str,
) -> None:
    """Fails the steps that a run left behind, or never began, on the clips of a video that were
    decided up to `last_event_id`. Where a step is at work, they get a new attempt instead."""
    at_work = is_at_work(session, video_key)
    left = session.exec(
        select(Clip)
        .join(SourceVideo)
        .where(
            SourceVideo.key == video_key,
            col(Clip.last_event_id) <= last_event_id,
            _due(undo_window_seconds),
        )
        .order_by(col(Clip.id))
        .with_for_update(of=Clip, key_share=True)
    )
    for clip in left:
        if at_work:
            clip.attempt = _next_attempt(session, clip.source_video_id)
            continue
        step = next(each for each in CLIP_STEPS if clip.state in (each.waiting, each.doing))
        clip.state = changed(ClipState(clip.state), step.failed)
        clip.error = error


def retry(session: Session, clip_id: int) -> Clip:
    """Puts a clip that failed, or was left in the middle of a step, back before that step, under a
    new attempt.

    Raises InputError for any other clip, Conflict where a step is at work on its video.
    """
    clip = _locked(session, clip_id)
    step = next((each for each in CLIP_STEPS if clip.state in (each.doing, each.failed)), None)
    if step is None:
        raise InputError(f"Clip {clip_id} is {clip.state}: there is nothing to try again.")
    video = session.get_one(SourceVideo, clip.source_video_id, options=[WITHOUT_INDEX])
    if is_at_work(session, video.key):
        raise Conflict(f"A run is working on {video.title}: wait for it to end, or cancel it.")
    clip.state = changed(ClipState(clip.state), step.waiting)
    clip.attempt = _next_attempt(session, clip.source_video_id)
    clip.error = None
    return clip


def archive_rested(session: Session, undo_window_seconds: float) -> int:
    """Makes final the archive decisions that are past their undo window; returns their number."""
    result = session.execute(
        sa.update(Clip)
        .where(
            col(Clip.id).in_(
                free(col(Clip.state) == ClipState.REVIEW_ARCHIVED, _rested(undo_window_seconds))
            )
        )
        .values(state=changed(ClipState.REVIEW_ARCHIVED, ClipState.ARCHIVED))
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def _next_attempt(session: Session, video_id: int) -> int:
    """An attempt that no clip of the video has had: whichever of them are due, their run is a new
    one."""
    query = sa.select(sa.func.max(Clip.attempt)).where(col(Clip.source_video_id) == video_id)
    return 1 + int(session.scalars(query).one())


def _locked(session: Session, clip_id: int) -> Clip:
    clip = locked(session, [clip_id]).get(clip_id)
    if clip is None:
        raise NotFound(f"There is no clip {clip_id}.")
    return clip
