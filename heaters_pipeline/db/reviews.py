"""Decisions of reviewers: each one transaction that writes an event and the state it leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from heaters_pipeline.db import artifacts, clips, likeness, review_queue
from heaters_pipeline.db.events import Decision, Part, record, removed_since, snapshot, standing
from heaters_pipeline.db.models import Clip, ReviewEvent, SourceVideo
from heaters_pipeline.db.source_videos import WITHOUT_INDEX
from heaters_pipeline.domain import cut_points
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import Conflict, Gone, InputError, NotFound
from heaters_pipeline.domain.review import (
    COUNTED,
    DECIDED_STATE,
    DECISIONS,
    Action,
    Side,
    Wish,
    touched,
)
from heaters_pipeline.domain.states import REVIEWED, ClipState, can_change

DECIDABLE = REVIEWED | {ClipState.PENDING_REVIEW}
"""Nobody has decided yet, or the pipeline has not acted on it."""

GROUPABLE = frozenset(ClipState) - {
    ClipState.REVIEW_ARCHIVED,
    ClipState.ARCHIVED,
    ClipState.SUPERSEDED,
}


class BatchDecision(NamedTuple):
    decision: Decision | None
    """None where nothing could be decided."""
    refused: dict[int, str]
    """Why not, in a sentence, by clip id."""


def decide(
    session: Session,
    *,
    actor: str,
    clip_id: int,
    version: int,
    action: Action,
    side: Side = Side.PREVIOUS,
    frame: int | None = None,
    frames: Iterable[int] = (),
    changes: Mapping[str, Any] | None = None,
    lease_seconds: float = 0,
    page: str | None = None,
) -> Decision:
    """Records what `actor` decided on the clip as he saw it (`version`).

    `side` is where the neighbour of a merge or a nudge lies. `frame` and `frames` are first frames,
    numbers of the source video: of the second and later parts of a split, or of what is to follow
    the cut that a nudge moves. `changes` are an annotation's (`review.annotation_changes`).
    The clips that a split or merge makes are kept for the actor's `page` for `lease_seconds`.
    A decision that is sent again, because its answer was lost, is found made and changes nothing.
    Raises Conflict if the clip has changed since, or if the pipeline has it; InputError if the
    action can't be done at all.
    """
    wish = Wish(action, side, frozenset(frames if frame is None else {*frames, frame}), changes)
    seen = clips.get(session, clip_id)
    if seen.version != version:
        return _made_before(session, actor, wish, seen, version)
    ids = {clip_id}
    if action in (Action.GROUP, Action.MERGE, Action.NUDGE):
        ids.add(_neighbour_id(session, seen, side))
    pair = sorted(ids)
    if action in (Action.MERGE, Action.SPLIT, Action.GROUP):
        ids.update(_grouped_with(session, pair))
    if action == Action.GROUP:
        ids.update(_firsts(session, pair))
    found = _lock(session, ids)
    clip = found[clip_id]
    if _is_stale(clip, version):
        return _made_before(session, actor, wish, clip, version)
    # In film order, as neighbours have the same video.
    concerned = sorted((found[each] for each in pair), key=lambda each: each.start_frame)
    neighbour = next((each for each in concerned if each.id != clip_id), None)
    if neighbour is not None:
        _refuse_neighbour(neighbour, wish)
    if action in (Action.MERGE, Action.SPLIT):
        return _replace(session, actor, wish, concerned, lease_seconds, page)
    if action == Action.NUDGE:
        _refuse_unless_decidable(clip)
        return _nudge(session, actor, wish, concerned)
    refusal = _refusal(clip, action)
    if refusal is not None:
        raise refusal
    if neighbour is not None:
        return _group(session, actor, clip, neighbour)
    return _mark(session, actor, wish, [clip])


def decide_all(
    session: Session,
    *,
    actor: str,
    action: Action,
    versions: Mapping[int, int],
    changes: Mapping[str, Any] | None = None,
) -> BatchDecision:
    """Approves, skips, archives or annotates many clips (`versions` as they were seen, by id) in
    one batch, which is undone as one. What can be decided is; the rest is refused."""
    wish = Wish(action, changes=changes)
    found = clips.locked(session, versions)
    stale = {
        clip_id: version
        for clip_id, version in versions.items()
        if clip_id in found and _is_stale(found[clip_id], version)
    }
    made = _made_already(session, actor, wish, stale)
    refused = {each: f"There is no clip {each}." for each in versions if each not in found}
    wanted = []
    for clip_id, clip in found.items():
        if clip_id in made:
            continue
        refusal = _stale(clip) if clip_id in stale else _refusal(clip, action)
        if refusal is None:
            wanted.append(clip)
        else:
            refused[clip_id] = str(refusal)
    if not wanted:
        return BatchDecision(_as_made(session, made.values()) if made else None, refused)
    decision = _mark(session, actor, wish, wanted)
    decision.clips.extend(found[clip_id] for clip_id in made)
    return BatchDecision(decision, refused)


def _mark(session: Session, actor: str, wish: Wish, wanted: Sequence[Clip]) -> Decision:
    """Gives the clips a state or an annotation."""
    unused: Sequence[str] = ()
    parts = [Part([snapshot(clip)], [clip]) for clip in wanted]
    with session.no_autoflush:
        if wish.action == Action.ANNOTATE:
            for clip in wanted:
                for name, value in (wish.changes or {}).items():
                    setattr(clip, name, value)
        else:
            unused = artifacts.leave_library(session, wanted)
            for clip in wanted:
                clip.state = DECIDED_STATE[wish.action]
        return record(session, actor, wish.action, parts)._replace(unused=unused)


def _group(session: Session, actor: str, clip: Clip, neighbour: Clip) -> Decision:
    """Approves a clip and ties it to the group of the one before, with those that it was the first
    of a group for."""
    members = _lock(session, _grouped_with(session, [clip.id])).values()
    tied = [clip, *members]
    before = [snapshot(each) for each in tied]
    with session.no_autoflush:
        clip.state = DECIDED_STATE[Action.GROUP]
        for each in tied:
            each.grouped_with_clip_id = neighbour.grouped_with_clip_id or neighbour.id
        return record(session, actor, Action.GROUP, [Part(before, tied)])


def _replace(
    session: Session,
    actor: str,
    wish: Wish,
    old: Sequence[Clip],
    lease_seconds: float,
    page: str | None,
) -> Decision:
    """One new clip in place of two neighbours, or several in place of one. Those that an old one
    was the first of a group for follow the first of the new ones."""
    if wish.action == Action.MERGE:
        ranges: Sequence[FrameRange] = [cut_points.merge(*(clip.frames for clip in old))]
    else:
        ranges = cut_points.split(old[0].frames, *wish.frames)
    old_ids = [clip.id for clip in old]
    members = list(_lock(session, {*_grouped_with(session, old_ids)} - {*old_ids}).values())
    before = [snapshot(clip) for clip in [*old, *members]]
    for clip in old:
        if not can_change(ClipState(clip.state), ClipState.SUPERSEDED):
            raise _taken(clip, ClipState.SUPERSEDED)
        clip.state = ClipState.SUPERSEDED
    # The old clips leave their frames before the new ones take them.
    session.flush()
    video = session.get_one(SourceVideo, old[0].source_video_id, options=[WITHOUT_INDEX])
    said = old[0].annotation if len(old) == 1 else old[0].annotation.joined(old[1].annotation)
    made = clips.lay(session, video, ranges, wish.action, said)
    likeness.borrow(session, [clip.id for clip in made], old_ids)
    for clip in members:
        clip.grouped_with_clip_id = made[0].id
    for clip in made:
        clip.grouped_with_clip_id = old[0].grouped_with_clip_id
    decision = record(session, actor, wish.action, [Part(before, [*old, *members, *made])])
    review_queue.lease(session, [clip.id for clip in made], actor, lease_seconds, page)
    return decision


def _nudge(session: Session, actor: str, wish: Wish, pair: Sequence[Clip]) -> Decision:
    """Moves the cut between two neighbours, which stay the clips that they are."""
    if len(wish.frames) != 1:
        raise InputError("A cut moves to one frame: the first of the clip after it.")
    first, second = pair
    ranges = cut_points.move_cut(first.frames, second.frames, *wish.frames)
    before = [snapshot(clip) for clip in pair]
    video = session.get_one(SourceVideo, first.source_video_id, options=[WITHOUT_INDEX])
    with session.no_autoflush:
        for clip, frames in zip(pair, ranges, strict=True):
            clips.reshape(session, video, clip, frames)
            clip.made_by = Action.NUDGE
        return record(session, actor, wish.action, [Part(before, list(pair))])


def undo(
    session: Session,
    *,
    actor: str,
    event_id: int | None = None,
    lease_seconds: float = 0,
    page: str | None = None,
) -> Decision:
    """Takes back an event, with the batch that it is of: `event_id`, or the actor's latest that
    still stands. Clips that wait for a decision again are kept for the actor's `page` for
    `lease_seconds`; one that was in the library already leaves it.

    All or nothing: raises Conflict if a later event has changed the same of one of its clips since,
    or if the pipeline is at work on one, and Gone if it was undone, or the video removed, already.
    """
    events = _events_to_undo(session, actor, event_id)
    found = _lock(session, {clip_id for event in events for clip_id in event.clip_ids})
    _refuse_if_removed_since(session, events)
    _refuse_if_changed_since(session, events)
    parts = [
        Part([snapshot(found[entry["id"]]) for entry in event.after], [], event.id)
        for event in events
    ]
    moved: list[Clip] = []
    with session.no_autoflush:
        for event, part in zip(events, parts, strict=True):
            was = {entry["id"]: entry for entry in event.before}
            for entry in event.after:
                clip = found[entry["id"]]
                part.clips.append(clip)
                state = clip.state
                _give_back(session, clip, was.get(clip.id), entry)
                if clip.state != state:
                    moved.append(clip)
        unused = artifacts.leave_library(session, moved)
        undone = record(session, actor, Action.UNDO, parts)
    review_queue.lease(session, [clip.id for clip in moved], actor, lease_seconds, page)
    return undone._replace(unused=unused)


def replan(
    session: Session, video: SourceVideo, cuts: Iterable[int], longest: int | None = None
) -> Decision | None:
    """Lays the video's clips anew along `cuts`, none of them longer than `longest` frames. Clips
    that a reviewer has touched (`clips.TOUCHED`) stay as they are; others that already fit stay
    too, and pending ones get the trim that the video's transitions suggest now.

    None if no clip comes or goes.
    """
    if video.frame_count is None:
        raise InputError(f"{video.title} has no frame count yet: transcode it first.")
    live = _lock(session, [clip.id for clip in clips.of_video(session, video.id)])
    judged = {clip.id for clip in clips.judged(session, video.id)}
    open_to_change = [clip for clip in live.values() if clip.id not in judged]
    lying = {clip.frames for clip in open_to_change}
    kept = [clip.frames for clip in live.values() if clip.frames not in lying]
    planned = set(cut_points.plan_clips(video.frame_count, cuts, kept, longest))
    replaced = [clip for clip in open_to_change if clip.frames not in planned]
    missing = sorted(planned - lying)
    before = [snapshot(clip) for clip in replaced]
    with session.no_autoflush:
        changed = [*_retrim(video, live.values()), *replaced]
        for clip in replaced:
            clip.state = ClipState.SUPERSEDED
        # The old clips leave their frames before the new ones take them.
        clips.save(session, changed)
    if not replaced and not missing:
        return None
    made = clips.lay(session, video, missing, Action.REPLAN)
    return record(session, "pipeline", Action.REPLAN, [Part(before, replaced + made)])


def _retrim(video: SourceVideo, live: Iterable[Clip]) -> list[Clip]:
    """Gives pending clips the trim that the video's transitions suggest now; those it changes."""
    pending = [clip for clip in live if clip.state == ClipState.PENDING_REVIEW]
    trims = clips.trims(video, [clip.frames for clip in pending])
    changed = []
    for clip, trim in zip(pending, trims, strict=True):
        if clip.trim != trim:
            clip.trim = trim
            changed.append(clip)
    return changed


class Corrections(NamedTuple):
    """What reviewers had to mend of a detector's work."""

    merges: int
    """Cuts that were none."""
    splits: int
    """Cuts that had not been found."""


def corrections(session: Session, video_ids: Sequence[int]) -> dict[int, Corrections]:
    """Merges and splits that stand, of each of the videos that have any."""
    standing_ones = (
        standing()
        .where(col(ReviewEvent.source_video_id).in_(video_ids), sa.not_(removed_since()))
        .subquery()
    )
    rows = session.execute(
        sa.select(
            standing_ones.c.source_video_id,
            sa.func.count().filter(standing_ones.c.action == Action.MERGE),
            sa.func.count().filter(standing_ones.c.action == Action.SPLIT),
        )
        .where(standing_ones.c.action.in_([Action.MERGE, Action.SPLIT]))
        .group_by(standing_ones.c.source_video_id)
    )
    return {video_id: Corrections(merges, splits) for video_id, merges, splits in rows}


def latest(session: Session, actor: str, limit: int) -> Sequence[ReviewEvent]:
    """The actor's decisions that can be undone, newest first; of a batch the first event."""
    return session.exec(
        _decisions()
        .where(
            ReviewEvent.actor == actor,
            col(ReviewEvent.batch_id).is_(None),
            sa.not_(removed_since()),
        )
        .order_by(col(ReviewEvent.id).desc())
        .limit(limit)
    ).all()


def batch_sizes(session: Session, event_ids: Iterable[int]) -> dict[int, int]:
    """How many events there are in the batches that begin with these, where they begin any."""
    rows = session.exec(
        select(ReviewEvent.batch_id, sa.func.count() + 1)
        .where(col(ReviewEvent.batch_id).in_(event_ids))
        .group_by(col(ReviewEvent.batch_id))
    )
    return {batch_id: size for batch_id, size in rows if batch_id is not None}


def latest_on_clip(session: Session, clip_id: int) -> ReviewEvent | None:
    """The newest decision of a person on the clip that can be undone."""
    return session.exec(
        _decisions()
        .where(col(ReviewEvent.clip_ids).contains([clip_id]), sa.not_(removed_since()))
        .order_by(col(ReviewEvent.id).desc())
    ).first()


def count_since(session: Session, actor: str, since: datetime) -> int:
    """How many decisions of the actor stand that were made at `since` or later; moved cuts and
    annotations are none."""
    events = standing().where(
        ReviewEvent.actor == actor,
        col(ReviewEvent.action).in_(COUNTED),
        col(ReviewEvent.created_at) >= since,
    )
    return session.exec(select(sa.func.count()).select_from(events.subquery())).one()


def _decisions() -> SelectOfScalar[ReviewEvent]:
    """What people decided and nobody has undone."""
    return standing().where(col(ReviewEvent.action).in_(DECISIONS))


def _made_already(
    session: Session, actor: str, wish: Wish, versions: Mapping[int, int]
) -> dict[int, ReviewEvent]:
    """Standing events by which the actor did just this to clips of these versions, by clip id."""
    if not versions:
        return {}
    events = session.exec(
        standing().where(
            ReviewEvent.actor == actor,
            ReviewEvent.action == wish.action,
            col(ReviewEvent.clip_ids).overlap(list(versions)),  # type: ignore[attr-defined]
        )
    )
    return {
        entry["id"]: event
        for event in events
        for entry in event.before
        if versions.get(entry["id"]) == entry["version"] and wish.met(entry["id"], event.after)
    }


def _made_before(session: Session, actor: str, wish: Wish, clip: Clip, version: int) -> Decision:
    """The decision by which the actor did just this to the clip of that version. Raises Conflict
    where there is none."""
    made = _made_already(session, actor, wish, {clip.id: version})
    if not made:
        raise _stale(clip)
    return _as_made(session, made.values())


def _as_made(session: Session, events: Iterable[ReviewEvent]) -> Decision:
    events = list(events)
    ids = [entry["id"] for event in events for entry in event.after]
    now = {clip.id: clip for clip in clips.with_ids(session, ids)}
    return Decision(events[0].batch_id or events[0].id, [now[each] for each in ids])


def _events_to_undo(session: Session, actor: str, event_id: int | None) -> Sequence[ReviewEvent]:
    """The events of the batch, or the one that is of none, in the order of their ids."""
    if event_id is None:
        event = next(iter(latest(session, actor, 1)), None)
        if event is None:
            raise InputError("You have no decision left to undo.")
    else:
        event = session.exec(_decisions().where(ReviewEvent.id == event_id)).first()
        if event is None:
            if session.get(ReviewEvent, event_id) is None:
                raise InputError(f"There is no decision {event_id}.")
            raise Gone("That decision has been undone already.")
    first = event.batch_id or event.id
    batch = sa.or_(col(ReviewEvent.id) == first, col(ReviewEvent.batch_id) == first)
    return session.exec(_decisions().where(batch).order_by(col(ReviewEvent.id))).all()


def _refuse_if_removed_since(session: Session, events: Sequence[ReviewEvent]) -> None:
    """To be called when the clips are locked: a removal waits for them, and they for it."""
    ids = [event.id for event in events]
    gone = select(ReviewEvent.id).where(col(ReviewEvent.id).in_(ids), removed_since()).limit(1)
    if session.exec(gone).first() is not None:
        raise Gone("Its video has been removed since, so this decision can't be undone any more.")


def _refuse_if_changed_since(session: Session, events: Sequence[ReviewEvent]) -> None:
    """To be called when the clips are locked, so that nobody changes them any more."""
    ours = {event.id: event for event in events}
    touched_by_us: dict[int, frozenset[str]] = {}
    for event in events:
        touched_by_us |= touched(event.before, event.after)
    standing_ones = session.exec(
        standing()
        .where(
            col(ReviewEvent.id) >= min(ours),
            col(ReviewEvent.clip_ids).overlap(list(touched_by_us)),  # type: ignore[attr-defined]
        )
        .order_by(col(ReviewEvent.id))
    ).all()
    if not ours.keys() <= {event.id for event in standing_ones}:
        raise Gone("That decision has been undone already.")
    for later in standing_ones:
        same = (
            fields & touched_by_us.get(clip_id, frozenset())
            for clip_id, fields in touched(later.before, later.after).items()
        )
        if later.id not in ours and any(same):
            raise Conflict(
                f"{later.actor} has decided since ({later.action}) on what this decision left: "
                "undo that first."
            )


def _give_back(
    session: Session, clip: Clip, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> None:
    """Sets a clip back to what it was before an event (None: the event made it), in what the event
    changed."""
    was: Mapping[str, Any] = {"state": ClipState.SUPERSEDED} if before is None else before
    changed = {name: value for name, value in was.items() if value != after.get(name)}
    state = _state_before(changed)
    if state is not None and not can_change(ClipState(clip.state), state):
        raise Conflict(f"Clip {clip.id} is {_words(clip)} right now: undo when that is done.")
    if not changed.keys().isdisjoint({"start_frame", "end_frame"}):
        _refuse_unless_decidable(clip)
        video = session.get_one(SourceVideo, clip.source_video_id, options=[WITHOUT_INDEX])
        clips.reshape(session, video, clip, FrameRange.from_json(was))
    clip.state = state or clip.state
    for name in ("made_by", "grouped_with_clip_id", "labels", "rating", "note"):
        if name in changed:
            setattr(clip, name, changed[name])


def _state_before(changed: Mapping[str, Any]) -> ClipState | None:
    """The state that undoing an event gives back to a clip; None where the event left it alone.
    One that the pipeline had goes through it again: its files are gone. An archived one is final
    again after the undo window."""
    if "state" not in changed:
        return None
    state = ClipState(changed["state"])
    if state == ClipState.ARCHIVED:
        return ClipState.REVIEW_ARCHIVED
    decided_by_people = DECIDABLE | {ClipState.SUPERSEDED}
    return state if state in decided_by_people else ClipState.REVIEW_APPROVED


def _grouped_with(session: Session, first: Iterable[int]) -> Sequence[int]:
    """The live clips of the groups that have one of `first` as their first."""
    return session.exec(
        select(Clip.id).where(
            col(Clip.grouped_with_clip_id).in_(first), Clip.state != ClipState.SUPERSEDED
        )
    ).all()


def _firsts(session: Session, clip_ids: Iterable[int]) -> Sequence[int]:
    """The first clips of the groups that these belong to."""
    firsts = select(Clip.grouped_with_clip_id).where(col(Clip.id).in_(clip_ids))
    return [first for first in session.exec(firsts) if first is not None]


def _neighbour_id(session: Session, clip: Clip, side: Side) -> int:
    found = clips.neighbour(session, clip, side)
    if found is None:
        where = "before" if side == Side.PREVIOUS else "after"
        raise InputError(f"No clip comes right {where} clip {clip.id} in its video.")
    return found


def _lock(session: Session, clip_ids: Iterable[int]) -> dict[int, Clip]:
    """Locks clips that must be there."""
    wanted = sorted(clip_ids)
    found = clips.locked(session, wanted)
    for clip_id in wanted:
        if clip_id not in found:
            raise NotFound(f"There is no clip {clip_id}.")
    return found


def _refusal(clip: Clip, action: Action) -> Conflict | None:
    """Why the clip can't be marked so; None where it can."""
    wanted = DECIDED_STATE.get(action, ClipState(clip.state))
    return None if can_change(ClipState(clip.state), wanted) else _taken(clip, wanted)


def _refuse_neighbour(neighbour: Clip, wish: Wish) -> None:
    so = {
        Action.GROUP: "this one can't be grouped with it any more",
        Action.MERGE: "this one can't be merged with it any more",
        Action.NUDGE: "the cut between can't be moved any more",
    }
    if neighbour.state not in (GROUPABLE if wish.action == Action.GROUP else DECIDABLE):
        where = "before" if wish.side == Side.PREVIOUS else "after"
        raise Conflict(f"The clip {where} is {_words(neighbour)}, so {so[wish.action]}.")


def _refuse_unless_decidable(clip: Clip) -> None:
    if clip.state not in DECIDABLE:
        raise Conflict(f"Clip {clip.id} is {_words(clip)} already, so its cuts can't be moved.")


def _taken(clip: Clip, wanted: ClipState) -> Conflict:
    return Conflict(f"Clip {clip.id} is {_words(clip)} already, so it can't become {wanted}.")


def _is_stale(clip: Clip, version: int) -> bool:
    """Whether the clip is another one than was seen, or none any more: only an undo brings back
    what was superseded."""
    return clip.version != version or clip.state == ClipState.SUPERSEDED


def _stale(clip: Clip) -> Conflict:
    return Conflict(f"Clip {clip.id} has changed since you saw it: it is {_words(clip)} now.")


def _words(clip: Clip) -> str:
    return ClipState(clip.state).replace("_", " ")
