"""Undoing decisions: one transaction that gives clips back what an event changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from heaters_pipeline.db import (
    artifacts,
    clip_exports,
    clips,
    event_log,
    group_exports,
    held_files,
    labels,
    review_queue,
)
from heaters_pipeline.db.clips import LIVE
from heaters_pipeline.db.decidable import (
    DECIDABLE,
    in_words,
    refuse_missing,
    refuse_unless_decidable,
)
from heaters_pipeline.db.event_log import removed_since, standing, standing_decisions
from heaters_pipeline.db.events import Outcome, Part, record, snapshot
from heaters_pipeline.db.held_files import Change, Held
from heaters_pipeline.db.models import Clip, ReviewEvent, SourceVideo
from heaters_pipeline.db.prepared import Prepared, given, given_ids, together
from heaters_pipeline.db.source_videos import WITHOUT_INDEX
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import DONE, VERDICTS, Action, Snapshot, touched
from heaters_pipeline.domain.errors import Conflict, Forbidden, Gone, InputError
from heaters_pipeline.domain.states import APPROVED, KEPT_WHILE_ARCHIVED, ClipState, can_be_given


def undo(
    session: Session,
    *,
    actor: str,
    event_id: int | None = None,
    lease_seconds: float = 0,
    page: str | None = None,
    only_own: bool = False,
) -> Outcome:
    """Undoes an event, with the whole batch that it belongs to: `event_id`, or the actor's latest
    that still stands. Clips that are pending again are leased to the actor's `page` for
    `lease_seconds`; a clip that was in the library leaves it.

    All or nothing: raises Conflict if a later event changed the same fields of one of the clips, if
    a group would lose its first clip, or if the pipeline is at work on one, and Gone if the event
    is undone, or its video removed, already. With `only_own` raises Forbidden for what somebody
    else decided.
    """
    events = _events_to_undo(session, actor, event_id)
    if only_own and (others := {event.actor for event in events} - {actor}):
        raise Forbidden(
            f"{others.pop()} decided that: they can undo it, or an admin, who gives a reason."
        )
    found, files = _hold(session, events, actor)
    parts = [
        Part([snapshot(found[entry["id"]]) for entry in event.after], [], event.id)
        for event in events
    ]
    moved: list[Clip] = []
    regrouped: set[int] = set()
    with session.no_autoflush:
        for event, part in zip(events, parts, strict=True):
            was = {entry["id"]: entry for entry in event.before}
            for entry in event.after:
                clip = found[entry["id"]]
                part.clips.append(clip)
                state, group = (clip.state, clip.opinions), clip.grouped_with_clip_id
                _give_back(session, clip, was.get(clip.id), entry, files)
                if (clip.state, clip.opinions) != state:
                    moved.append(clip)
                if clip.grouped_with_clip_id != group:
                    regrouped.update(filter(None, (group, clip.grouped_with_clip_id)))
                    joined = found.get(clip.grouped_with_clip_id or clip.id, clip)
                    files.refuse_loss([clip, joined], Change.GROUP)
        group_exports.forget_of(session, regrouped)
        leaving = [clip for clip in moved if clip.state not in KEPT_WHILE_ARCHIVED]
        artifacts.leave_library(session, leaving, files)
        outcome = record(session, actor, Action.UNDO, parts)
    _refuse_unless_groups_are_whole(session, found)
    review_queue.lease(session, [clip.id for clip in moved], actor, lease_seconds, page)
    return outcome


_asked: Any = aliased(ReviewEvent)
_FIRST: Any = (
    sa.select(sa.func.coalesce(_asked.batch_id, _asked.id))
    .where(_asked.id == given("event_id", sa.BigInteger))
    .scalar_subquery()
)
_BATCH = Prepared(
    standing_decisions()
    .where(sa.or_(col(ReviewEvent.id) == _FIRST, col(ReviewEvent.batch_id) == _FIRST))
    .order_by(col(ReviewEvent.id))
)
"""The events of the batch of `event_id` that stand, in the order of their ids."""


def _events_to_undo(session: Session, actor: str, event_id: int | None) -> Sequence[Any]:
    """The rows of the event, or of all events of its batch."""
    if event_id is None:
        latest = next(iter(event_log.latest(session, actor, 1)), None)
        if latest is None:
            raise InputError("You have no decision left to undo.")
        event_id = latest.id
    events = _BATCH(session, event_id=event_id)
    if event_id not in [event.id for event in events]:
        if session.get(ReviewEvent, event_id) is None:
            raise InputError(f"There is no decision {event_id}.")
        raise Gone("That decision has been undone already.")
    return events


_REMOVED = Prepared(
    sa.select(col(ReviewEvent.id)).where(
        col(ReviewEvent.id) == sa.any_(given_ids("event_ids")), removed_since()
    )
)
"""Those of the events whose video was removed since."""

_LATER = Prepared(
    standing()
    .where(
        col(ReviewEvent.id) >= given("event_id", sa.BigInteger),
        col(ReviewEvent.clip_ids).overlap(given_ids("clip_ids")),  # type: ignore[attr-defined]
    )
    .order_by(col(ReviewEvent.id))
)
"""The event and later ones, as far as they stand, of these clips."""


def _hold(session: Session, events: Sequence[Any], actor: str) -> tuple[dict[int, Clip], Held]:
    """Locks the clips that an undo concerns, and what files they have. What prevents it is read
    once they are locked: then no removal and no other decision can come in between."""
    concerned = _concerned(events)
    touched_by_us: dict[int, frozenset[str]] = {}
    for event in events:
        touched_by_us |= touched(event.before, event.after)
    ours = [event.id for event in events]
    locked, files, removed, standing_ones = together(
        session,
        clips.LOCK.asked(clip_ids=list(concerned)),
        held_files.HELD.asked(clip_ids=list(concerned)),
        _REMOVED.asked(event_ids=ours),
        _LATER.asked(event_id=min(ours), clip_ids=list(touched_by_us)),
    )
    found = clips.as_locked(session, locked)
    refuse_missing(concerned, found)
    if removed:
        raise Gone("Its video has been removed since, so this decision can't be undone any more.")
    _refuse_if_changed_since(ours, touched_by_us, standing_ones, actor)
    return found, held_files.as_held(files)


def _concerned(events: Iterable[Any]) -> set[int]:
    """The clips that an undo changes, and the first ones of the groups that they come back to."""
    changed = {clip_id for event in events for clip_id in event.clip_ids}
    groups = [entry.get("grouped_with_clip_id") for event in events for entry in event.before]
    return changed.union(first for first in groups if first is not None)


_leader: Any = aliased(Clip)
_BROKEN = Prepared(
    sa.select(_leader.id.label("first_id"), col(Clip.id).label("member_id"))
    .join(Clip, col(Clip.grouped_with_clip_id) == _leader.id)
    .where(
        _leader.id == sa.any_(given_ids("clip_ids")),
        LIVE,
        sa.or_(_leader.state == ClipState.SUPERSEDED, _leader.grouped_with_clip_id.is_not(None)),
    )
    .limit(1)
)
"""A member of a group whose first clip is one of these, and is replaced or in another group."""


def _refuse_unless_groups_are_whole(session: Session, firsts: Iterable[int]) -> None:
    for broken in _BROKEN(session, clip_ids=list(firsts)):
        raise Conflict(
            f"Clip {broken.member_id} or clip {broken.first_id}, the first of its group, was "
            "decided on since: undo that first."
        )


def _refuse_if_changed_since(
    ours: Collection[int],
    touched_by_us: Mapping[int, frozenset[str]],
    standing_ones: Sequence[Any],
    actor: str,
) -> None:
    """`standing_ones`: the events of the same clips since the first of `ours`."""
    if not {*ours} <= {event.id for event in standing_ones}:
        raise Gone("That decision has been undone already.")
    for later in standing_ones:
        same = [
            clip_id
            for clip_id, fields in touched(later.before, later.after).items()
            if fields & touched_by_us.get(clip_id, frozenset())
        ]
        if later.id not in ours and same:
            who = "You have" if later.actor == actor else f"{later.actor} has"
            done = DONE[Action(later.action)]
            if later.actor != actor and _is_opinion(later, same[0]):
                who, done = "Somebody has", "decided on"
            raise Conflict(f"{who} {done} clip {same[0]} since: undo that first.")


def _is_opinion(event: Any, clip_id: int) -> bool:
    """Whether it left the clip waiting for others, who must not learn of it (`domain.opinions`)."""
    state = next(entry["state"] for entry in event.after if entry["id"] == clip_id)
    return event.action in VERDICTS and state == ClipState.PENDING_REVIEW


_GIVEN_BACK = frozenset(
    {"made_by", "grouped_with_clip_id", "rating", "note", "chosen_frames", "opinions"}
)
"""What an undo sets as it was."""

_SAID = frozenset({"opinions", "state"})


def _give_back(
    session: Session, clip: Clip, before: Snapshot | None, after: Snapshot, files: Held
) -> None:
    """Sets what an event changed of a clip back to what it was. `before` is None of a clip that the
    event made."""
    left: Mapping[str, object] = after
    was: Mapping[str, object] = {"state": ClipState.SUPERSEDED} if before is None else before
    changed = {name: value for name, value in was.items() if value != left.get(name)}
    if "opinions" in changed and clip.opinions != left.get("opinions"):
        # Another undo gave the clip other frames: nobody has said anything of those.
        changed = {name: value for name, value in changed.items() if name not in _SAID}
    state = _state_before(session, clip, changed)
    if state is not None and not can_be_given(ClipState(clip.state), state):
        raise Conflict(f"Clip {clip.id} is {in_words(clip)} right now: undo when that is done.")
    if before is not None and not changed.keys().isdisjoint({"start_frame", "end_frame"}):
        refuse_unless_decidable(clip)
        files.refuse_loss([clip], Change.FRAMES)
        video = session.get_one(SourceVideo, clip.source_video_id, options=[WITHOUT_INDEX])
        clips.reshape(session, video, clip, FrameRange(before["start_frame"], before["end_frame"]))
        if not clip.is_virtual:
            clip_exports.outdate(session, [clip.id])
        if clip.opinions and "opinions" not in changed:  # which were about other frames
            clip.opinions, state = [], ClipState.PENDING_REVIEW
    clip.state = state or clip.state
    for name in _GIVEN_BACK & changed.keys():
        setattr(clip, name, changed[name])
    clip.chosen_frames = FrameRange.from_json(clip.cut_points).those_in(clip.chosen_frames)
    if before is not None and "labels" in changed:
        clip.labels = labels.current(session, before["labels"])


def _state_before(session: Session, clip: Clip, changed: Mapping[str, object]) -> ClipState | None:
    """The state that an undo gives back to a clip; None where the event left the state alone, and
    where the clip was approved before and still is. A clip that was in the pipeline goes through it
    again, unless it still has its files. An archived clip is final again after another undo
    window."""
    if "state" not in changed:
        return None
    state = ClipState(str(changed["state"]))
    if state in APPROVED and clip.state in APPROVED:
        return None
    if state == ClipState.ARCHIVED:
        return ClipState.REVIEW_ARCHIVED
    is_kept = clip.state == ClipState.REVIEW_ARCHIVED and state in KEPT_WHILE_ARCHIVED
    if is_kept and _has_what_it_had(session, clip, state):
        return state
    decided_by_people = DECIDABLE | {ClipState.SUPERSEDED}
    return state if state in decided_by_people else ClipState.REVIEW_APPROVED


def _has_what_it_had(session: Session, clip: Clip, state: ClipState) -> bool:
    """Whether an archived clip still has what it had in a state of the library. One that was taken
    out of the library since has not, even where it has a file."""
    has_keyframes = state in {ClipState.KEYFRAMED, ClipState.EMBEDDED, ClipState.EMBEDDING_FAILED}
    return not clip.is_virtual and (
        not has_keyframes or bool(artifacts.keyframes(session, clip.id))
    )
