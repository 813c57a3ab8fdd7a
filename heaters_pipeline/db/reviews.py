"""Decisions of reviewers: each one transaction that writes an event and the state it leads to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from heaters_pipeline.db import artifacts, clips
from heaters_pipeline.db.models import Clip, ReviewEvent, SourceVideo
from heaters_pipeline.db.source_videos import WITHOUT_INDEX
from heaters_pipeline.domain import cut_points
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import Conflict, Gone, InputError
from heaters_pipeline.domain.review import DECIDED_STATE, Action
from heaters_pipeline.domain.states import REVIEWED, ClipState, can_change

DECIDABLE = REVIEWED | {ClipState.PENDING_REVIEW}


class Decision(NamedTuple):
    event_id: int
    clips: list[Clip]
    """Every clip that the decision changed or made, as it is now."""
    unused: Sequence[str] = ()
    """Storage keys of files that no row names any more."""


def decide(
    session: Session,
    *,
    actor: str,
    clip_id: int,
    version: int,
    action: Action,
    frame: int | None = None,
    lease_seconds: float = 0,
) -> Decision:
    """Records what `actor` decided on the clip as he saw it (`version`).

    `frame` is the first frame of the second part of a split, a frame number of the source video.
    The clips that a split or merge makes are kept for `actor` for `lease_seconds`.
    A decision that is sent again, because its answer was lost, is found made and changes nothing.
    Raises Conflict if the clip has changed since, or if the pipeline has it; InputError if the
    action can't be done at all.
    """
    seen = clips.get(session, clip_id)
    if seen.version != version:
        made = _made_already(session, actor, clip_id, version, action)
        if made is not None:
            return made
        raise _stale(seen)
    previous_id = None
    if action in (Action.GROUP, Action.MERGE):
        previous_id = _previous_id(session, clip_id)
    found = _lock(session, {clip_id, previous_id} - {None})
    clip = found[clip_id]
    if clip.version != version:
        raise _stale(clip)
    previous = found[previous_id] if previous_id is not None else None
    if action in (Action.SPLIT, Action.MERGE):
        old = [previous, clip] if previous is not None else [clip]
        if previous is not None:
            _refuse_unless(previous, DECIDABLE, "merged with")
            ranges: Sequence[FrameRange] = [cut_points.merge(previous.frames, clip.frames)]
        else:
            ranges = _parts(clip, frame)
        # Only now: who joins a group locks its first clip before.
        members = set(_grouped_with(session, clip_id, previous_id)) - {clip_id, previous_id}
        rest = list(_lock(session, members).values())
        replaced = _replace(session, actor, action, old, ranges, rest)
        return _kept_for(session, actor, lease_seconds, replaced)
    before = [_snapshot(clip)]
    _move(clip, DECIDED_STATE[action])
    unused = artifacts.leave_library(session, clip)
    if previous is not None:
        gone = {ClipState.REVIEW_ARCHIVED, ClipState.ARCHIVED, ClipState.SUPERSEDED}
        _refuse_unless(previous, set(ClipState) - gone, "grouped with")
        clip.grouped_with_clip_id = previous.grouped_with_clip_id or previous.id
    return _record(session, actor, action, before, [clip])._replace(unused=unused)


def undo(
    session: Session, *, actor: str, event_id: int | None = None, lease_seconds: float = 0
) -> Decision:
    """Takes back an event: `event_id`, or the actor's latest that still stands. Clips that wait
    for a decision again are kept for `actor` for `lease_seconds`; one that was in the library
    already leaves it.

    Raises Conflict if a later event has changed one of its clips since, or if the pipeline is at
    work on one.
    """
    event = _event_to_undo(session, actor, event_id)
    found = _lock(session, event.clip_ids)
    _refuse_if_decided_since(session, event)
    was = {entry["id"]: entry for entry in event.before}
    before = [_snapshot(clip) for clip in found.values()]
    wanted = {entry["id"]: _state_before(entry, was.get(entry["id"])) for entry in event.after}
    for clip_id, state in wanted.items():
        clip = found[clip_id]
        if state is not None and not can_change(ClipState(clip.state), state):
            raise Conflict(f"Clip {clip_id} is {_words(clip)} right now: undo when that is done.")
    unused: list[str] = []
    # What the event made leaves its frames before what it replaced takes them back.
    for clip_id in sorted(found, key=lambda clip_id: clip_id in was):
        clip = found[clip_id]
        state = wanted[clip_id]
        if state is not None:
            clip.state = state
            unused += artifacts.leave_library(session, clip)
        clip.grouped_with_clip_id = was.get(clip_id, {}).get("grouped_with_clip_id")
        session.flush()
    undone = _record(
        session, actor, Action.UNDO, before, list(found.values()), undoes_event_id=event.id
    )
    return _kept_for(session, actor, lease_seconds, undone)._replace(unused=unused)


def replan(
    session: Session, video: SourceVideo, cuts: Iterable[int], longest: int | None = None
) -> Decision | None:
    """Lays the video's clips anew along `cuts`, none of them longer than `longest` frames. Clips
    that somebody has decided on, or made by a merge or a split, stay as they are; pending ones that
    already fit stay too, and get the trim that the video's transitions suggest now.

    None if no clip comes or goes.
    """
    if video.frame_count is None:
        raise InputError(f"{video.title} has no frame count yet: transcode it first.")
    live = _lock(session, [clip.id for clip in clips.of_video(session, video.id)])
    open_to_change = [
        clip
        for clip in live.values()
        if clip.state == ClipState.PENDING_REVIEW and clip.made_by == Action.REPLAN
    ]
    standing = {clip.frames for clip in open_to_change}
    kept = [clip.frames for clip in live.values() if clip.frames not in standing]
    planned = set(cut_points.plan_clips(video.frame_count, cuts, kept, longest))
    replaced = [clip for clip in open_to_change if clip.frames not in planned]
    for clip in live.values():
        if clip.state == ClipState.PENDING_REVIEW:
            clip.trim = clips.trim(video, clip.frames)
    missing = sorted(planned - standing)
    if not replaced and not missing:
        return None
    before = [_snapshot(clip) for clip in replaced]
    for clip in replaced:
        _move(clip, ClipState.SUPERSEDED)
    session.flush()
    made = [clips.make(session, video, frames, Action.REPLAN) for frames in missing]
    return _record(session, "pipeline", Action.REPLAN, before, replaced + made)


class Corrections(NamedTuple):
    """What reviewers had to mend of a detector's work."""

    merges: int
    """Cuts that were none."""
    splits: int
    """Cuts that had not been found."""


def corrections(session: Session, video_ids: Sequence[int]) -> dict[int, Corrections]:
    """Merges and splits that stand, of each of the videos that have any."""
    standing = _standing().where(col(ReviewEvent.source_video_id).in_(video_ids)).subquery()
    rows = session.execute(
        sa.select(
            standing.c.source_video_id,
            sa.func.count().filter(standing.c.action == Action.MERGE),
            sa.func.count().filter(standing.c.action == Action.SPLIT),
        )
        .where(standing.c.action.in_([Action.MERGE, Action.SPLIT]))
        .group_by(standing.c.source_video_id)
    )
    return {video_id: Corrections(merges, splits) for video_id, merges, splits in rows}


def latest(session: Session, actor: str, limit: int) -> Sequence[ReviewEvent]:
    """The actor's decisions that stand, newest first."""
    return session.exec(
        _standing()
        .where(ReviewEvent.actor == actor)
        .order_by(col(ReviewEvent.id).desc())
        .limit(limit)
    ).all()


def latest_on_clip(session: Session, clip_id: int) -> ReviewEvent | None:
    """The newest decision of a person on the clip that stands."""
    return session.exec(
        _standing()
        .where(
            col(ReviewEvent.clip_ids).contains([clip_id]),
            col(ReviewEvent.action) != Action.REPLAN,
        )
        .order_by(col(ReviewEvent.id).desc())
    ).first()


def count_since(session: Session, actor: str, since: datetime) -> int:
    """How many decisions of the actor stand that were made at `since` or later."""
    events = _standing().where(ReviewEvent.actor == actor, col(ReviewEvent.created_at) >= since)
    return session.exec(select(sa.func.count()).select_from(events.subquery())).one()


def _made_already(
    session: Session, actor: str, clip_id: int, version: int, action: Action
) -> Decision | None:
    events = session.exec(
        _standing().where(
            ReviewEvent.actor == actor,
            ReviewEvent.action == action,
            col(ReviewEvent.clip_ids).contains([clip_id]),
        )
    )
    for event in events:
        if any((entry["id"], entry["version"]) == (clip_id, version) for entry in event.before):
            now = [clips.get(session, entry["id"]) for entry in event.after]
            return Decision(event.id, now)
    return None


def _parts(clip: Clip, frame: int | None) -> tuple[FrameRange, FrameRange]:
    if frame is None:
        raise InputError("A split needs the frame that the second part starts with.")
    return cut_points.split(clip.frames, frame)


def _replace(
    session: Session,
    actor: str,
    action: Action,
    old: list[Clip],
    ranges: Sequence[FrameRange],
    members: list[Clip],
) -> Decision:
    """New clips of `ranges` in place of `old`; `members` of a group that an old one was the first
    of follow the first of the new ones."""
    before = [_snapshot(clip) for clip in [*old, *members]]
    for clip in old:
        _move(clip, ClipState.SUPERSEDED)
    # The old clips leave their frames before the new ones take them.
    session.flush()
    video = session.get_one(SourceVideo, old[0].source_video_id, options=[WITHOUT_INDEX])
    made = [clips.make(session, video, frames, action) for frames in ranges]
    for clip in members:
        clip.grouped_with_clip_id = made[0].id
    for clip in made:
        clip.grouped_with_clip_id = old[0].grouped_with_clip_id
    return _record(session, actor, action, before, [*old, *members, *made])


def _grouped_with(session: Session, *first: int | None) -> Sequence[int]:
    """The live clips of the groups that have one of `first` as their first."""
    return session.exec(
        select(Clip.id).where(
            col(Clip.grouped_with_clip_id).in_(first), Clip.state != ClipState.SUPERSEDED
        )
    ).all()


def _state_before(after: dict[str, Any], before: dict[str, Any] | None) -> ClipState | None:
    """The state that undoing an event gives back to a clip; None where the event left it alone.
    One that the pipeline had goes through it again: its files are gone."""
    if before is None:
        return ClipState.SUPERSEDED
    if before["state"] == after["state"]:
        return None
    state = ClipState(before["state"])
    decided_by_people = DECIDABLE | {ClipState.ARCHIVED, ClipState.SUPERSEDED}
    return state if state in decided_by_people else ClipState.REVIEW_APPROVED


def _record(
    session: Session,
    actor: str,
    action: Action,
    before: list[dict[str, Any]],
    touched: list[Clip],
    undoes_event_id: int | None = None,
) -> Decision:
    """Writes the event and stamps its clips with it."""
    was = {entry["id"]: entry["state"] for entry in before}
    for clip in touched:
        if clip.id in was:
            clip.version += 1
    event = ReviewEvent(
        source_video_id=touched[0].source_video_id,
        actor=actor,
        action=action,
        clip_ids=sorted(clip.id for clip in touched),
        before=before,
        after=[_snapshot(clip) for clip in touched],
        undoes_event_id=undoes_event_id,
    )
    session.add(event)
    session.flush()
    decided_at = session.scalar(sa.select(sa.func.now()))
    for clip in touched:
        if was.get(clip.id) == clip.state:
            continue
        clip.last_event_id = event.id
        clip.error = None
        pending = clip.state == ClipState.PENDING_REVIEW
        clip.decided_at = None if pending else decided_at
        if not pending:
            clip.leased_by = clip.leased_until = None
    session.flush()
    return Decision(event.id, touched)


def _kept_for(
    session: Session, reviewer: str, lease_seconds: float, decision: Decision
) -> Decision:
    pending = [clip.id for clip in decision.clips if clip.state == ClipState.PENDING_REVIEW]
    clips.lease(session, pending, reviewer, lease_seconds)
    return decision


def _previous_id(session: Session, clip_id: int) -> int:
    before: Any = aliased(Clip)
    this: Any = aliased(Clip)
    found = session.exec(
        select(before.id)
        .join(
            this,
            sa.and_(
                before.source_video_id == this.source_video_id,
                before.end_frame == this.start_frame,
            ),
        )
        .where(this.id == clip_id, before.state != ClipState.SUPERSEDED)
    ).first()
    if found is None:
        raise InputError(f"No clip comes right before clip {clip_id} in its video.")
    return int(found)


def _lock(session: Session, clip_ids: Iterable[int | None]) -> dict[int, Clip]:
    """The clips, locked in the order of their ids, so that no two decisions wait for each other."""
    wanted = sorted(clip_id for clip_id in clip_ids if clip_id is not None)
    rows = session.exec(
        select(Clip)
        .where(col(Clip.id).in_(wanted))
        .order_by(col(Clip.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    found = {clip.id: clip for clip in rows}
    for clip_id in wanted:
        if clip_id not in found:
            raise InputError(f"There is no clip {clip_id}.")
    return found


def _move(clip: Clip, state: ClipState) -> None:
    if not can_change(ClipState(clip.state), state):
        raise Conflict(f"Clip {clip.id} is {_words(clip)} already, so it can't become {state}.")
    clip.state = state


def _refuse_unless(previous: Clip, states: Iterable[ClipState], done: str) -> None:
    if previous.state not in set(states):
        raise Conflict(
            f"The clip before is {_words(previous)}, so this one can't be {done} it any more."
        )


def _stale(clip: Clip) -> Conflict:
    return Conflict(f"Clip {clip.id} has changed since you saw it: it is {_words(clip)} now.")


def _words(clip: Clip) -> str:
    return ClipState(clip.state).replace("_", " ")


def _snapshot(clip: Clip) -> dict[str, Any]:
    return {
        "id": clip.id,
        "state": str(clip.state),
        "version": clip.version,
        "start_frame": clip.start_frame,
        "end_frame": clip.end_frame,
        "grouped_with_clip_id": clip.grouped_with_clip_id,
    }


def _event_to_undo(session: Session, actor: str, event_id: int | None) -> ReviewEvent:
    newest = _standing().where(
        col(ReviewEvent.action) != Action.REPLAN,
        ReviewEvent.actor == actor if event_id is None else ReviewEvent.id == event_id,
    )
    event = session.exec(newest.order_by(col(ReviewEvent.id).desc())).first()
    if event is None and event_id is None:
        raise InputError("You have no decision left to undo.")
    if event is None:
        raise Gone("That decision has been undone already.")
    return event


def _refuse_if_decided_since(session: Session, event: ReviewEvent) -> None:
    later = session.exec(
        _standing()
        .where(
            col(ReviewEvent.id) > event.id,
            col(ReviewEvent.clip_ids).overlap(event.clip_ids),  # type: ignore[attr-defined]
        )
        .limit(1)
    ).first()
    if later is not None:
        raise Conflict(
            f"{later.actor} has decided since ({later.action}) on what this decision left: "
            "undo that first."
        )


def _standing() -> SelectOfScalar[ReviewEvent]:
    """Events that have not been undone, undo events themselves left out."""
    undoing: Any = aliased(ReviewEvent)
    return (
        select(ReviewEvent)
        .outerjoin(undoing, undoing.undoes_event_id == col(ReviewEvent.id))
        .where(undoing.id.is_(None), col(ReviewEvent.action) != Action.UNDO)
    )
