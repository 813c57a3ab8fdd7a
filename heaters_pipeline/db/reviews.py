"""Decisions of reviewers: each is one transaction that writes an event and changes its clips."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from sqlmodel import Session, col, select

from heaters_pipeline.db import (
    artifacts,
    clip_exports,
    clips,
    group_exports,
    held_files,
    labels,
    likeness,
    opinions,
    people,
    review_queue,
)
from heaters_pipeline.db.decidable import (
    DECIDABLE,
    in_words,
    lock,
    refuse_missing,
    refuse_unless_decidable,
)
from heaters_pipeline.db.event_log import standing
from heaters_pipeline.db.events import Outcome, Part, record, snapshot
from heaters_pipeline.db.held_files import Change, Held
from heaters_pipeline.db.models import Clip, ReviewEvent, SourceVideo
from heaters_pipeline.db.prepared import detached, together
from heaters_pipeline.db.source_videos import WITHOUT_INDEX
from heaters_pipeline.domain import cut_points
from heaters_pipeline.domain.annotations import Annotation, AnnotationChanges
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import (
    Annotate,
    BatchedDecision,
    Decision,
    Group,
    Mark,
    Merge,
    Nudge,
    Side,
    Split,
    Ungroup,
    was_made,
)
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError
from heaters_pipeline.domain.opinions import Rules, Weighed, weigh
from heaters_pipeline.domain.states import APPROVED, ClipState, can_be_given, spoken

APPROVED_BY_GROUP = frozenset({ClipState.PENDING_REVIEW, ClipState.REVIEW_SKIPPED})
"""A clip in one of these states is approved when the clip after it is grouped with it."""

GROUPABLE = APPROVED | APPROVED_BY_GROUP


@dataclass
class _Say:
    """What somebody's decision counts, where two people decide."""

    session: Session
    actor: str
    is_admin: bool
    rules: Rules

    @cached_property
    def number_of_people(self) -> int:
        return people.number(self.session)

    def weighed(self, clip: Clip, decision: BatchedDecision) -> Weighed | None:
        """What the decision leads to; None where one person decides. Raises Conflict where this one
        has no say."""
        if not isinstance(decision, Mark) or not self.is_shared(clip):
            return None
        return weigh(
            clip.opinions,
            self.actor,
            decision.action,
            clip_id=clip.id,
            waits=clip.state == ClipState.PENDING_REVIEW,
            is_admin=self.is_admin,
            people=self.number_of_people,
        )

    def is_shared(self, clip: Clip) -> bool:
        """Whether two people decide on the clip. What has begun goes on, whatever rules say now;
        what one person has decided stays theirs."""
        is_asked = self.rules.ask(clip.id, clip.source_video_id, clip.labels)
        return bool(clip.opinions) or (is_asked and clip.state == ClipState.PENDING_REVIEW)


class BatchOutcome(NamedTuple):
    outcome: Outcome | None
    """None where nothing could be decided."""
    refused: dict[int, str]
    """Why a clip was refused, in a sentence, by clip id."""


def decide(
    session: Session,
    *,
    actor: str,
    clip_id: int,
    version: int,
    decision: Decision,
    lease_seconds: float = 0,
    page: str | None = None,
    is_admin: bool = False,
) -> Outcome:
    """Records what `actor` decided on the clip as they saw it (`version`).

    Where two people decide (`domain.opinions`), the clip gets its state once they agree. Clips that
    a split or merge makes are leased to the actor's `page` for `lease_seconds`. If the same
    decision was made before, because its answer was lost, the earlier outcome is returned and
    nothing changes.
    Raises Conflict if the clip has changed since, or if the pipeline has taken it; InputError if
    the decision is impossible on this clip.
    """
    pair, ids = [clip_id], {clip_id}
    if not isinstance(decision, Mark | Annotate):
        seen = clips.get(session, clip_id)
        if seen.version != version:
            return _made_before(session, actor, decision, seen, version)
        if isinstance(decision, Group | Merge | Nudge):
            ids.add(_neighbour_id(session, seen, decision.side))
        pair = sorted(ids)
        if isinstance(decision, Group | Merge | Split):
            ids.update(_grouped_with(session, pair))
        if isinstance(decision, Group):
            ids.update([*_firsts(session, pair), *_grouped_with(session, [clip_id])])
        if isinstance(decision, Ungroup):
            first = seen.grouped_with_clip_id or clip_id
            ids.update([first, *_grouped_with(session, [first])])
    found, rules, files = _hold(session, ids)
    refuse_missing(ids, found)
    clip = found[clip_id]
    if _is_stale(clip, version):
        return _made_before(session, actor, decision, clip, version)
    # In film order: neighbours have the same video.
    concerned = sorted((found[each] for each in pair), key=lambda each: each.start_frame)
    match decision:
        case Merge():
            _refuse_unless_open(concerned, clip, decision)
            ranges = [cut_points.merge(*(each.frames for each in concerned))]
            return _replace(session, actor, decision, concerned, ranges, files, lease_seconds, page)
        case Split():
            ranges = [*cut_points.split(clip.frames, *decision.frames)]
            return _replace(session, actor, decision, concerned, ranges, files, lease_seconds, page)
        case Nudge():
            _refuse_unless_open(concerned, clip, decision)
            refuse_unless_decidable(clip)
            return _nudge(session, actor, decision, concerned, files)
        case Group():
            _refuse_unless_open(concerned, clip, decision)
            _refuse_unless_markable(clip, ClipState.REVIEW_APPROVED)
            _refuse_if_shared(_Say(session, actor, is_admin, rules), concerned)
            return _group(session, actor, clip, concerned[0], files)
        case Ungroup():
            first = clip.grouped_with_clip_id or clip_id
            members = [each for each in found.values() if each.grouped_with_clip_id == first]
            return _ungroup(session, actor, found[first], members, files)
        case Mark() | Annotate():
            _refuse_unless_markable(clip, _wanted(clip, decision))
            weighed = _Say(session, actor, is_admin, rules).weighed(clip, decision)
            opinions_now = {clip.id: weighed} if weighed else {}
            return _mark(session, actor, decision, [clip], opinions_now, files)


def decide_all(
    session: Session,
    *,
    actor: str,
    versions: Mapping[int, int],
    decision: BatchedDecision,
    is_admin: bool = False,
) -> BatchOutcome:
    """Makes the decision on many clips, in one batch, which is undone as one. `versions` are the
    clips as they were seen, by id. Clips on which it can't be made are refused."""
    found, rules, files = _hold(session, versions)
    stale = {
        clip_id: version
        for clip_id, version in versions.items()
        if clip_id in found and _is_stale(found[clip_id], version)
    }
    made = _made_already(session, actor, decision, stale)
    refused = {each: f"There is no clip {each}." for each in versions if each not in found}
    say = _Say(session, actor, is_admin, rules)
    wanted: list[Clip] = []
    weighed: dict[int, Weighed] = {}
    for clip_id, clip in found.items():
        if clip_id in made:
            continue
        try:
            if clip_id in stale:
                raise _stale(clip)
            _refuse_if_impossible(clip, decision, files)
            if (opinions_now := say.weighed(clip, decision)) is not None:
                weighed[clip_id] = opinions_now
        except HeatersError as refusal:
            refused[clip_id] = str(refusal)
        else:
            wanted.append(clip)
    if not wanted:
        return BatchOutcome(_as_made(session, made.values()) if made else None, refused)
    outcome = _mark(session, actor, decision, wanted, weighed, files)
    outcome.clips.extend(found[clip_id] for clip_id in made)
    return BatchOutcome(outcome, refused)


class _Locked(NamedTuple):
    clips: dict[int, Clip]
    """Locked; those of the ids that exist. They are objects of no session: `record` writes them."""
    rules: Rules
    files: Held


def _hold(session: Session, clip_ids: Collection[int]) -> _Locked:
    """Locks clips, and reads what a decision on them depends on once they are locked."""
    ids = list(clip_ids)
    locked, rules, files = together(
        session,
        clips.LOCK.asked(clip_ids=ids),
        opinions.RULES.asked(),
        held_files.HELD.asked(clip_ids=ids),
    )
    found = {row.id: detached(Clip, row._asdict()) for row in locked}
    return _Locked(found, opinions.as_rules(rules), held_files.as_held(files))


def _mark(
    session: Session,
    actor: str,
    decision: BatchedDecision,
    wanted: Sequence[Clip],
    weighed: Mapping[int, Weighed],
    files: Held,
) -> Outcome:
    """Gives the clips a state or an annotation; those of which two people decide, by id in
    `weighed`, another opinion, and the state only where it holds."""
    parts = [Part([snapshot(clip)], [clip]) for clip in wanted]
    if isinstance(decision, Annotate):
        changes = _with_current_labels(session, decision.changes)
        for clip in wanted:
            kept, clip.rating, clip.note, chosen = _annotated(clip, changes)
            clip.labels, clip.chosen_frames = [*kept], [*chosen]
    else:
        open_ones = {clip_id for clip_id, each in weighed.items() if not each.holds}
        settled = [clip for clip in wanted if clip.id not in open_ones]
        if _leaves_library(decision):
            artifacts.leave_library(session, settled, files)
        for clip in settled:
            clip.state = decision.state
        for clip in wanted:
            if clip.id in weighed:
                clip.opinions = weighed[clip.id].opinions
                clip.leased_by = clip.leased_page = clip.leased_until = None
    return record(session, actor, decision.action, parts)


def _group(session: Session, actor: str, clip: Clip, previous: Clip, files: Held) -> Outcome:
    """Approves a clip and the one before it and ties the clip to the group of that one, with the
    members of the group that the clip was the first of."""
    members = lock(session, _grouped_with(session, [clip.id])).values()
    tied = [clip, *members]
    changed = [*tied, previous] if previous.state in APPROVED_BY_GROUP else tied
    before = [snapshot(each) for each in changed]
    files.refuse_loss([previous], Change.GROUP)
    artifacts.leave_library(session, [clip], files)
    for each in (clip, previous):
        if each in changed:
            each.state = ClipState.REVIEW_APPROVED
    for each in tied:
        each.grouped_with_clip_id = previous.grouped_with_clip_id or previous.id
    return record(session, actor, Group.action, [Part(before, changed)])


def _ungroup(
    session: Session, actor: str, first: Clip, members: Sequence[Clip], files: Held
) -> Outcome:
    """Unties the members of a group from its first clip."""
    if not members:
        raise InputError(f"Clip {first.id} is in no group.")
    files.refuse_loss([first], Change.GROUP)
    group = [first, *members]
    before = [snapshot(each) for each in group]
    group_exports.forget(session, [first.id])
    for each in members:
        each.grouped_with_clip_id = None
    return record(session, actor, Ungroup.action, [Part(before, group)])


def _replace(
    session: Session,
    actor: str,
    decision: Merge | Split,
    old: Sequence[Clip],
    ranges: Sequence[FrameRange],
    files: Held,
    lease_seconds: float,
    page: str | None,
) -> Outcome:
    """Makes clips of these ranges in place of old ones. Members of a group that an old clip was the
    first of follow the first new clip, into its group if it is in one."""
    old_ids = [clip.id for clip in old]
    members = list(lock(session, {*_grouped_with(session, old_ids)} - {*old_ids}).values())
    before = [snapshot(clip) for clip in [*old, *members]]
    for clip in old:
        _refuse_unless_markable(clip, ClipState.SUPERSEDED)
        clip.state = ClipState.SUPERSEDED
    artifacts.leave_library(session, old, files)
    # The old clips leave their frames before the new ones take them.
    clips.save(session, old)
    video = session.get_one(SourceVideo, old[0].source_video_id, options=[WITHOUT_INDEX])
    annotation = old[0].annotation
    for other in old[1:]:
        annotation = annotation.joined(other.annotation)
    made = clips.lay(session, video, ranges, decision.action, annotation)
    likeness.borrow(session, [clip.id for clip in made], old_ids)
    group = old[0].grouped_with_clip_id
    for clip in members:
        clip.grouped_with_clip_id = group or made[0].id
    made[0].group_name = old[0].group_name if members else None
    for clip in made:
        clip.grouped_with_clip_id = group
    outcome = record(session, actor, decision.action, [Part(before, [*old, *members, *made])])
    review_queue.lease(session, [clip.id for clip in made], actor, lease_seconds, page)
    return outcome


def _nudge(
    session: Session, actor: str, decision: Nudge, pair: Sequence[Clip], files: Held
) -> Outcome:
    """Moves the cut between two neighbours, which keep their ids."""
    first, second = pair
    ranges = cut_points.move_cut(first.frames, second.frames, decision.frame)
    before = [snapshot(clip) for clip in pair]
    video = session.get_one(SourceVideo, first.source_video_id, options=[WITHOUT_INDEX])
    files.refuse_loss(pair, Change.FRAMES)
    artifacts.leave_library(session, pair, files)
    clip_exports.outdate(session, [clip.id for clip in pair if not clip.is_virtual])
    for clip, frames in zip(pair, ranges, strict=True):
        clips.reshape(session, video, clip, frames, [decision.frame])
        clip.made_by = decision.action
        if clip.opinions:  # which were about other frames
            clip.opinions, clip.state = [], ClipState.PENDING_REVIEW
    return record(session, actor, decision.action, [Part(before, list(pair))])


# --- Decisions that are sent again ----------------------------------------------------------------


def _made_already(
    session: Session, actor: str, decision: Decision, versions: Mapping[int, int]
) -> dict[int, ReviewEvent]:
    """Standing events by which the actor made this decision on clips of these versions, by clip
    id."""
    if not versions:
        return {}
    events = session.exec(
        standing().where(
            ReviewEvent.actor == actor,
            ReviewEvent.action == decision.action,
            col(ReviewEvent.clip_ids).overlap(list(versions)),  # type: ignore[attr-defined]
        )
    )
    return {
        entry["id"]: event
        for event in events
        for entry in event.before
        if versions.get(entry["id"]) == entry["version"]
        and was_made(decision, entry["id"], event.after)
    }


def _made_before(
    session: Session, actor: str, decision: Decision, clip: Clip, version: int
) -> Outcome:
    """The outcome of this decision if the actor made it on the clip of that version. Raises
    Conflict otherwise."""
    made = _made_already(session, actor, decision, {clip.id: version})
    if not made:
        raise _stale(clip)
    return _as_made(session, made.values())


def _as_made(session: Session, events: Iterable[ReviewEvent]) -> Outcome:
    events = list(events)
    ids = [entry["id"] for event in events for entry in event.after]
    now = {clip.id: clip for clip in clips.with_ids(session, ids)}
    return Outcome(events[0].batch_id or events[0].id, [now[each] for each in ids])


# --- Clips nearby ---------------------------------------------------------------------------------


def _grouped_with(session: Session, first: Iterable[int]) -> Sequence[int]:
    """The live clips of the groups that have one of `first` as their first."""
    return session.exec(
        select(Clip.id).where(
            col(Clip.grouped_with_clip_id).in_(first), Clip.state != ClipState.SUPERSEDED
        )
    ).all()


def _firsts(session: Session, clip_ids: Iterable[int]) -> Sequence[int]:
    """The first clips of the groups that these clips belong to."""
    firsts = select(Clip.grouped_with_clip_id).where(col(Clip.id).in_(clip_ids))
    return [first for first in session.exec(firsts) if first is not None]


def _neighbour_id(session: Session, clip: Clip, side: Side) -> int:
    found = clips.neighbour(session, clip, side)
    if found is None:
        where = "before" if side == Side.PREVIOUS else "after"
        raise InputError(f"No clip comes right {where} clip {clip.id} in its video.")
    return found


# --- Refusals -------------------------------------------------------------------------------------

_PREVENTED = {
    Group.action: "this one can't be grouped with it any more",
    Merge.action: "this one can't be merged with it any more",
    Nudge.action: "the cut between can't be moved any more",
}


def _refuse_unless_open(pair: Sequence[Clip], clip: Clip, decision: Group | Merge | Nudge) -> None:
    """Raises Conflict if the clip's neighbour is in a state that prevents the decision."""
    (neighbour,) = (each for each in pair if each is not clip)
    if neighbour.state not in (GROUPABLE if isinstance(decision, Group) else DECIDABLE):
        where = "before" if decision.side == Side.PREVIOUS else "after"
        prevented = _PREVENTED[decision.action]
        raise Conflict(f"The clip {where} is {in_words(neighbour)}, so {prevented}.")


def _wanted(clip: Clip, decision: BatchedDecision) -> ClipState:
    """The state that the decision gives the clip."""
    return decision.state if isinstance(decision, Mark) else ClipState(clip.state)


def _refuse_if_shared(say: _Say, grouped: Sequence[Clip]) -> None:
    """Grouping approves, which one person can't where two decide."""
    for clip in grouped:
        if clip.state not in APPROVED and say.is_shared(clip):
            raise Conflict(
                f"Two people decide on clip {clip.id}: approve it, and group it once both have."
            )


def _with_current_labels(session: Session, changes: AnnotationChanges) -> AnnotationChanges:
    """Labels that were renamed since the page was loaded under their new names."""
    renamed = changes.copy()
    if "labels" in changes:
        renamed["labels"] = labels.current(session, changes["labels"])
    if "add_labels" in changes:
        renamed["add_labels"] = labels.current(session, changes["add_labels"])
    if "remove_labels" in changes:
        renamed["remove_labels"] = labels.current(session, changes["remove_labels"])
    return renamed


def _refuse_if_impossible(clip: Clip, decision: BatchedDecision, files: Held) -> None:
    if isinstance(decision, Annotate):
        _annotated(clip, decision.changes)
    _refuse_unless_markable(clip, _wanted(clip, decision))
    if _leaves_library(decision):
        files.refuse_leaving([clip])


def _leaves_library(decision: BatchedDecision) -> bool:
    """Whether clips lose their files by the decision. Those of archived ones stay until it is
    final."""
    return isinstance(decision, Mark) and decision.state != ClipState.REVIEW_ARCHIVED


def _annotated(clip: Clip, changes: AnnotationChanges) -> Annotation:
    """Raises InputError where the clip can't have that annotation."""
    outside = set(changes.get("chosen_frames", ())) - {
        *clip.frames.those_in(changes.get("chosen_frames", ()))
    }
    if outside:
        raise InputError(
            f"Frame {min(outside)} is not in clip {clip.id}, which has frames "
            f"{clip.start_frame} to {clip.end_frame - 1}."
        )
    return clip.annotation.changed(changes)


def _refuse_unless_markable(clip: Clip, wanted: ClipState) -> None:
    """Raises Conflict if the clip can't get that state."""
    if not can_be_given(ClipState(clip.state), wanted):
        raise Conflict(f"Clip {clip.id} is {in_words(clip)} now, so it can't be {spoken(wanted)}.")


def _is_stale(clip: Clip, version: int) -> bool:
    """Whether the clip has changed since it was seen, or is superseded: only an undo brings back a
    superseded clip."""
    return clip.version != version or clip.state == ClipState.SUPERSEDED


def _stale(clip: Clip) -> Conflict:
    return Conflict(f"Clip {clip.id} has changed since you saw it: it is {in_words(clip)} now.")
