"""Clips in the pipeline: which are due, and the steps that they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from heaters_pipeline.db import outages, webhooks
from heaters_pipeline.db.among import among
from heaters_pipeline.db.clips import locked
from heaters_pipeline.db.locks import is_at_work
from heaters_pipeline.db.models import Clip, ClipFile, SourceVideo
from heaters_pipeline.db.source_videos import WITHOUT_INDEX
from heaters_pipeline.domain import retries
from heaters_pipeline.domain.errors import Conflict, InputError, NotFound
from heaters_pipeline.domain.outages import STORAGE
from heaters_pipeline.domain.states import (
    AT_WORK,
    CLIP_STEPS,
    COMPLETE,
    EXPORT,
    GOES_ON,
    ClipState,
    Step,
    changed,
)
from heaters_pipeline.domain.webhooks import EventKind


class DueWork(NamedTuple):
    video_key: str
    last_event_id: int
    attempt: int
    clip_count: int


class Asked(NamedTuple):
    """What a run was asked for: the clips of a video up to a decision, and up to an attempt."""

    last_event_id: int = 2**63 - 1
    attempt: int = 2**31 - 1


class PutBack(NamedTuple):
    """Clips after a failure that may pass."""

    waiting: dict[int, datetime | None]
    """When they are tried again; None: as soon as what they need answers."""
    failed: list[int]
    """They were tried too often."""


class Abandoned(NamedTuple):
    video_key: str
    since: datetime
    """The run that died was alive then."""


def rested(undo_window_seconds: float) -> Any:
    """True of a decision past its undo window, by the database's clock alone."""
    return is_past(col(Clip.decided_at), undo_window_seconds)


def is_past(time: Any, seconds: float) -> Any:
    """SQL that is true of a time so long ago, by the database's clock."""
    return time <= sa.func.now() - timedelta(seconds=seconds)


def is_due(undo_window_seconds: float) -> Any:
    return sa.and_(
        sa.or_(
            sa.and_(col(Clip.state) == ClipState.REVIEW_APPROVED, rested(undo_window_seconds)),
            col(Clip.state).in_(GOES_ON),
        ),
        is_of_whole_video(),
        has_waited(Clip),
    )


def is_of_whole_video() -> Any:
    """True of clips whose video has got all that is made of it: while its proxy is being made there
    is no gold master, and until all scenes are cut, the run that cuts them has them."""
    video: Any = aliased(SourceVideo)
    return sa.exists().where(video.id == col(Clip.source_video_id), video.state.in_(COMPLETE))


def has_waited(rows: Any) -> Any:
    """True of a row whose pause before another try is over, by the database's clock, or that has
    none."""
    return sa.or_(rows.retry_at.is_(None), rows.retry_at <= sa.func.now())


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
        .where(is_due(undo_window_seconds))
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
    ready = sa.and_(col(Clip.state) == step.waiting, has_waited(Clip))
    if step is EXPORT:
        ready = sa.and_(ready, rested(undo_window_seconds), is_of_whole_video())
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
        clip.error = clip.retry_at = None
    return sorted(rows, key=lambda clip: clip.start_frame)


def finish(
    session: Session, clip_id: int, step: Step[ClipState], facts: ClipFile | None = None
) -> None:
    clip = _locked(session, clip_id)
    for name, value in (facts or {}).items():
        setattr(clip, name, value)
    clip.state = changed(ClipState(clip.state), step.done)
    clip.error, clip.tries, clip.retry_at = None, 0, None
    if step is EXPORT:
        webhooks.tell_of_clip(session, EventKind.EXPORTED, clip)


def fail(session: Session, clip_id: int, step: Step[ClipState], error: str) -> None:
    _fail(session, _locked(session, clip_id), step, error)


def _fail(session: Session, clip: Clip, step: Step[ClipState], error: str) -> None:
    clip.state = changed(ClipState(clip.state), step.failed)
    clip.error, clip.retry_at = error, None
    webhooks.tell_of_clip(session, EventKind.CLIP_FAILED, clip)


def held(session: Session, claimed: Sequence[Clip], step: Step[ClipState]) -> set[int]:
    """Those of some clips that are still in the step for which they were claimed, locked. Others
    were taken over, which counts as a try: their run seemed dead, as it does after a restart of the
    database."""
    before = {clip.id: clip.tries for clip in claimed}
    return {
        clip.id
        for clip in locked(session, before).values()
        if clip.state == step.doing and clip.tries == before[clip.id]
    }


def refuse_taken_over(session: Session, claimed: Clip, step: Step[ClipState]) -> None:
    """Raises Conflict where a clip is not held any more (`held`); locks it otherwise."""
    if not held(session, [claimed], step):
        raise Conflict("Another run has taken this clip over.")


def put_back(
    session: Session,
    step: Step[ClipState],
    errors: Mapping[int, str],
    *,
    chance: float,
    counted: bool = True,
) -> PutBack:
    """Puts clips of one video, whose step failed for a reason that may pass, back before it, all
    under one new attempt and due at one time. `errors` says why, by clip. One that has been tried
    too often fails. `chance` is a random number, 0 to 1.

    Not `counted` are tries that had no chance: they are due at once.
    """
    put, found = PutBack({}, []), locked(session, errors)
    held = [clip for clip in found.values() if clip.state in (step.waiting, step.doing)]
    if not held:
        return put
    attempt = next_attempt(session, held[0].source_video_id)
    for clip in held:
        clip.tries += counted
    most = max(clip.tries for clip in held)
    # Of the one that was tried most often, so that all come due together.
    pause = retries.pause(most, chance) if counted else None
    retry_at = session.scalars(sa.select(sa.func.now() + pause)).one() if pause else None
    for clip in held:
        if not retries.may_try_again(clip.tries):
            _fail(session, clip, step, errors[clip.id])
            put.failed.append(clip.id)
            continue
        clip.state = changed(ClipState(clip.state), step.waiting)
        clip.error, clip.retry_at, clip.attempt = errors[clip.id], retry_at, attempt
        put.waiting[clip.id] = retry_at
    return put


def put_back_left(
    session: Session, video_key: str, asked: Asked, undo_window_seconds: float, error: str
) -> None:
    """Puts back, as a try that failed, what a run that died left behind or never began of what it
    was asked for. While the storage does not answer, no try is counted. Where a step is at
    work on the video, the clips only get a new attempt."""
    counted = outages.get(session, STORAGE) is None
    for step, left in _left(session, video_key, asked, undo_window_seconds).items():
        errors = dict.fromkeys(left, error)
        put_back(session, step, errors, chance=retries.some_chance(), counted=counted)


def give_up(
    session: Session, video_key: str, asked: Asked, undo_window_seconds: float, error: str
) -> None:
    """Fails the steps that a run left behind, or never began, of what it was asked for. Where a
    step is at work on the video, the clips get a new attempt instead."""
    for step, left in _left(session, video_key, asked, undo_window_seconds).items():
        for clip in locked(session, left).values():
            _fail(session, clip, step, error)


def _left(
    session: Session, video_key: str, asked: Asked, undo_window_seconds: float
) -> dict[Step[ClipState], list[int]]:
    """The clips that are still due of what a run was asked for, by step. None where a step is at
    work on the video: those that it has not taken get a new attempt."""
    left = session.exec(
        select(Clip)
        .join(SourceVideo)
        .where(
            SourceVideo.key == video_key,
            col(Clip.last_event_id) <= asked.last_event_id,
            col(Clip.attempt) <= asked.attempt,
            is_due(undo_window_seconds),
        )
        .order_by(col(Clip.id))
        .with_for_update(of=Clip, key_share=True)
    ).all()
    if is_at_work(session, video_key):
        new_attempt(session, [clip.id for clip in left if clip.state not in AT_WORK])
        return {}
    found: dict[Step[ClipState], list[int]] = {}
    for clip in left:
        step = next(each for each in CLIP_STEPS if clip.state in (each.waiting, each.doing))
        found.setdefault(step, []).append(clip.id)
    return found


def abandoned(session: Session, limit: int) -> list[Abandoned]:
    """Videos with clips in the middle of a step while no run holds the video's lock: the run has
    died. None of them can be taken into a step before the session's transaction ends."""
    rows = session.execute(
        sa.select(col(SourceVideo.key), sa.func.max(col(Clip.updated_at)))
        .join(Clip, col(Clip.source_video_id) == col(SourceVideo.id))
        .where(col(Clip.state).in_(AT_WORK))
        .group_by(col(SourceVideo.key))
        .limit(limit)
    ).all()
    return [Abandoned(*row) for row in rows if not is_at_work(session, row[0])]


def take_over(session: Session, video_key: str, error: str) -> None:
    """Puts the clips that a dead run left in the middle of a step back before it, as a try that
    failed."""
    for step in CLIP_STEPS:
        left = session.exec(
            select(Clip.id)
            .join(SourceVideo)
            .where(SourceVideo.key == video_key, Clip.state == step.doing)
        ).all()
        put_back(session, step, dict.fromkeys(left, error), chance=retries.some_chance())


def failures(session: Session, video_key: str) -> Sequence[Clip]:
    """The clips of a video that failed, in film order."""
    return _of_video(session, video_key, col(Clip.state).in_([step.failed for step in CLIP_STEPS]))


def waiting_for_try(session: Session, video_key: str) -> Sequence[Clip]:
    """The clips of a video that are tried again by themselves, in film order."""
    waits = [step.waiting for step in CLIP_STEPS]
    return _of_video(session, video_key, col(Clip.state).in_(waits) & col(Clip.error).is_not(None))


def tried_again(session: Session, video_ids: Sequence[int]) -> dict[int, int]:
    """How many clips of each of the videos are tried again by themselves."""
    rows = session.execute(
        sa.select(col(Clip.source_video_id), sa.func.count())
        .where(
            col(Clip.source_video_id).in_(video_ids),
            col(Clip.state).in_([step.waiting for step in CLIP_STEPS]),
            col(Clip.error).is_not(None),
        )
        .group_by(col(Clip.source_video_id))
    )
    return dict(row._tuple() for row in rows)


def _of_video(session: Session, video_key: str, condition: Any) -> Sequence[Clip]:
    of_video = select(Clip).join(SourceVideo).where(SourceVideo.key == video_key, condition)
    return session.exec(of_video.order_by(col(Clip.start_frame))).all()


def retry_failed(
    session: Session,
    *,
    video_ids: Iterable[int] | None = None,
    state: ClipState | None = None,
) -> int:
    """Puts all clips that failed back before their steps, under a new attempt of their video; of
    these videos only, or in this state only. The number of clips."""
    number = 0
    for step in CLIP_STEPS:
        if state not in (None, step.failed):
            continue
        failed = select(Clip.id).where(Clip.state == step.failed)
        if video_ids is not None:
            failed = failed.where(among(col(Clip.source_video_id), video_ids))
        found = locked(session, session.exec(failed))
        attempts: dict[int, int] = {}
        for clip in found.values():
            if clip.state != step.failed:
                continue
            video_id = clip.source_video_id
            if video_id not in attempts:
                attempts[video_id] = next_attempt(session, video_id)
            clip.state = changed(ClipState(clip.state), step.waiting)
            clip.attempt = attempts[video_id]
            clip.error, clip.tries, clip.retry_at = None, 0, None
            number += 1
        session.flush()
    return number


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
    clip.attempt = next_attempt(session, clip.source_video_id)
    clip.error, clip.tries, clip.retry_at = None, 0, None
    return clip


def new_attempt(session: Session, clip_ids: Iterable[int]) -> None:
    """Makes the next run for these clips another one than any before."""
    attempts: dict[int, int] = {}
    for clip in locked(session, clip_ids).values():
        video_id = clip.source_video_id
        if video_id not in attempts:
            attempts[video_id] = next_attempt(session, video_id)
        clip.attempt = attempts[video_id]


def next_attempt(session: Session, video_id: int) -> int:
    """An attempt that no clip of the video has had: whichever of them are due, their run is a new
    one."""
    query = sa.select(sa.func.max(Clip.attempt)).where(col(Clip.source_video_id) == video_id)
    return 1 + int(session.scalars(query).one())


def _locked(session: Session, clip_id: int) -> Clip:
    clip = locked(session, [clip_id]).get(clip_id)
    if clip is None:
        raise NotFound(f"There is no clip {clip_id}.")
    return clip
