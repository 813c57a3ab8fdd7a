"""A model of the review in memory: what docs/review.md promises, in the simplest words that can
be run. It shares no code with what it is compared with.

A film is a list of clips; an event keeps the clips that it changed as they were and as it left
them; an undo gives back what differs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

PENDING, APPROVED, SKIPPED = "pending_review", "review_approved", "review_skipped"
ARCHIVED, ARCHIVED_FOR_GOOD, REPLACED = "review_archived", "archived", "superseded"

STEPS = {
    "export": (APPROVED, "exporting", "exported", "export_failed"),
    "keyframe": ("exported", "keyframing", "keyframed", "keyframe_failed"),
    "embed": ("keyframed", "embedding", "embedded", "embedding_failed"),
}
"""The states of a clip before, in, after, and after a failure of each step of the pipeline."""

DECIDABLE = {PENDING, APPROVED, SKIPPED, ARCHIVED}
"""The pipeline has not acted on the clip."""
WORKING = {doing for _, doing, _, _ in STEPS.values()}
WANTED = {state for states in STEPS.values() for state in states}
"""Approved, however far the pipeline has come."""

MARKS = {"approve": APPROVED, "skip": SKIPPED, "archive": ARCHIVED}


class Refused(Exception):
    """The decision or undo changes nothing."""


@dataclass(frozen=True)
class Reviewer:
    name: str
    page: str


@dataclass(frozen=True)
class ModelClip:
    id: int
    start: int
    end: int
    state: str = PENDING
    made_by: str = "replan"
    group: int | None = None
    labels: tuple[str, ...] = ()
    rating: int | None = None
    note: str | None = None
    chosen: tuple[int, ...] = ()
    opinions: tuple[tuple[str, str], ...] = ()
    """Who wants what, where two people decide."""
    has_file: bool = False
    version: int = 1
    page: str | None = None
    """The page that has leased it."""

    def with_range(self, start: int, end: int) -> ModelClip:
        chosen = tuple(frame for frame in self.chosen if start <= frame < end)
        return replace(self, start=start, end=end, chosen=chosen)

    def without_file(self) -> ModelClip:
        return replace(self, has_file=False)


ASPECTS = {
    "state": ("state",),
    "group": ("group",),
    "range": ("start", "end", "made_by"),
    "labels": ("labels",),
    "rating": ("rating",),
    "note": ("note",),
    "chosen": ("chosen",),
    "opinions": ("opinions",),
}
"""The fields of a clip that are undone together."""

Clips = Mapping[int, ModelClip]


@dataclass(frozen=True)
class Asked:
    """A decision on one clip as it was seen."""

    clip: int
    version: int
    action: str
    side: str = "previous"
    """Of the neighbour that is merged or nudged."""
    frames: tuple[int, ...] = ()
    """Of a split or a nudge."""
    changes: tuple[tuple[str, object], ...] = ()
    """Fields of an annotation and their new values."""


@dataclass
class Event:
    asked: Asked
    by: Reviewer
    before: dict[int, ModelClip]
    """Each clip that it changed."""
    after: dict[int, ModelClip]
    """The same clips, and those that it made."""
    batch: int
    """The number of the batch's first event."""
    undone: bool = False

    def touched(self) -> set[tuple[int, str]]:
        """The aspects that it changed, by clip: all of a clip that it made or replaced."""
        return {
            (clip_id, aspect)
            for clip_id, now in self.after.items()
            for aspect, fields in ASPECTS.items()
            if clip_id not in self.before
            or REPLACED in (now.state, self.before[clip_id].state)
            or any(getattr(now, each) != getattr(self.before[clip_id], each) for each in fields)
        }


class Review:
    """A film of which several reviewers decide on clips. What is refused raises Refused."""

    def __init__(self, edges: Sequence[int]) -> None:
        self.clips = {
            number: ModelClip(number, *frames) for number, frames in enumerate(pairwise(edges))
        }
        self.events: list[Event] = []
        self.undos = 0
        self.asks_two = False
        """Whether two people decide on each clip that nobody has decided on."""

    # --- Looking ----------------------------------------------------------------------------------

    def live(self) -> list[ModelClip]:
        """In film order."""
        clips = [clip for clip in self.clips.values() if clip.state != REPLACED]
        return sorted(clips, key=lambda clip: clip.start)

    def standing(self) -> list[Event]:
        return [event for event in self.events if not event.undone]

    def members(self, first: int, clips: Clips | None = None) -> list[ModelClip]:
        """Of the group that a clip is the first of, without that one."""
        of = (clips or self.clips).values()
        return [clip for clip in of if clip.group == first and clip.state != REPLACED]

    def _neighbour(self, clip: ModelClip, side: str) -> ModelClip:
        for other in self.live():
            edges = (other.end, clip.start) if side == "previous" else (other.start, clip.end)
            if edges[0] == edges[1]:
                return other
        raise Refused("It has no neighbour there.")

    # --- Deciding ---------------------------------------------------------------------------------

    def decide(self, by: Reviewer, asked: Asked) -> Event:
        """The event of the decision: a new one, or the earlier one if it was made before."""
        made = self._made_before(by, asked)
        return made or self._record(by, asked, self._change(by, asked), len(self.events))

    def decide_all(self, by: Reviewer, all_asked: Sequence[Asked]) -> set[int]:
        """The clips that were refused. The others, and those of which it was decided before, are
        not."""
        refused, possible = set(), []
        for asked in all_asked:
            try:
                if self._made_before(by, asked) is None:
                    possible.append((asked, self._change(by, asked)))
            except Refused:
                refused.add(asked.clip)
        batch = len(self.events)
        for asked, after in possible:
            self._record(by, asked, after, batch)
        return refused

    def _record(self, by: Reviewer, asked: Asked, after: Iterable[ModelClip], batch: int) -> Event:
        before, left = {}, {}
        for clip in after:
            if clip.id in self.clips:
                before[clip.id] = was = self.clips[clip.id]
                clip = replace(clip, version=was.version + 1)
            left[clip.id] = clip if clip.state == PENDING else replace(clip, page=None)
        self.clips |= left
        self.events.append(Event(asked, by, before, left, batch))
        return self.events[-1]

    def _change(self, by: Reviewer, asked: Asked) -> list[ModelClip]:
        """The clips that the decision changes or makes, as it leaves them."""
        clip = self.clips[asked.clip]
        match asked.action:
            case "approve" | "skip" | "archive":
                return [self._opined(by, clip, asked.action)]
            case "annotate":
                return [self._annotated(clip, dict(asked.changes))]
            case "group":
                return self._grouped(clip)
            case "ungroup":
                return self._ungrouped(clip)
            case "merge":
                return self._merged(by, self._pair(clip, asked.side))
            case "split":
                return self._split(by, clip, asked.frames)
            case "nudge":
                return self._nudged(self._pair(clip, asked.side), *asked.frames)
        raise AssertionError(asked.action)

    def _opined(self, by: Reviewer, clip: ModelClip, action: str) -> ModelClip:
        """The clip with the decision, or with one more opinion."""
        marked = self._marked(clip, MARKS[action])
        if not self._is_shared(clip):
            return marked
        if clip.state != PENDING:
            raise Refused("It is settled.")
        if by.name in (name for name, _ in clip.opinions):
            raise Refused("They have had their say.")
        said = (*clip.opinions, (by.name, action))
        holds = len(said) > 2 or (len(said) == 2 and said[0][1] == action)
        return replace(marked if holds else clip, opinions=said, page=None)

    def _is_shared(self, clip: ModelClip) -> bool:
        return bool(clip.opinions) or (self.asks_two and clip.state == PENDING)

    def _marked(self, clip: ModelClip, state: str) -> ModelClip:
        if clip.state in WORKING:
            raise Refused("The pipeline works on it.")
        if state == APPROVED and clip.state in WANTED - {APPROVED, "export_failed"}:
            raise Refused("It is in the library, or on its way.")
        return replace(clip, state=state, has_file=clip.has_file and state == ARCHIVED)

    def _annotated(self, clip: ModelClip, changes: dict[str, object]) -> ModelClip:
        clip = replace(clip, **changes)
        if clip.with_range(clip.start, clip.end) != clip:
            raise Refused("A chosen frame is not in the clip.")
        return clip

    def _grouped(self, clip: ModelClip) -> list[ModelClip]:
        previous = self._neighbour(clip, "previous")
        if previous.state not in WANTED | {PENDING, SKIPPED}:
            raise Refused("The clip before is archived.")
        if any(each.state not in WANTED and self._is_shared(each) for each in (clip, previous)):
            raise Refused("Two people decide on one of them.")
        first = previous.id if previous.group is None else previous.group
        changed = [self._marked(clip, APPROVED), *self.members(clip.id)]
        changed = [replace(each, group=first) for each in changed]
        if previous.state in (PENDING, SKIPPED):
            changed.append(self._marked(previous, APPROVED))
        return changed

    def _ungrouped(self, clip: ModelClip) -> list[ModelClip]:
        first = clip.id if clip.group is None else clip.group
        members = self.members(first)
        if not members:
            raise Refused("It is in no group.")
        return [self.clips[first], *(replace(each, group=None) for each in members)]

    def _pair(self, clip: ModelClip, side: str) -> list[ModelClip]:
        """A clip and its neighbour in film order; neither may be the pipeline's."""
        pair = sorted([clip, self._neighbour(clip, side)], key=lambda each: each.start)
        if not {each.state for each in pair} <= DECIDABLE:
            raise Refused("The pipeline has taken one of them.")
        return pair

    def _merged(self, by: Reviewer, pair: Sequence[ModelClip]) -> list[ModelClip]:
        first, second = pair
        ratings = [each.rating for each in pair if each.rating is not None]
        notes = dict.fromkeys(each.note for each in pair if each.note is not None)
        whole = replace(
            first,
            end=second.end,
            labels=tuple(dict.fromkeys(first.labels + second.labels)),
            rating=max(ratings, default=None),
            note="\n".join(notes) or None,
            chosen=tuple(sorted({*first.chosen, *second.chosen})),
        )
        return self._replaced(by, pair, [whole], "merge")

    def _split(self, by: Reviewer, clip: ModelClip, frames: Iterable[int]) -> list[ModelClip]:
        if clip.state not in DECIDABLE:
            raise Refused("The pipeline has taken it.")
        if not all(clip.start < frame < clip.end for frame in frames):
            raise Refused("A frame is not within the clip.")
        edges = sorted({clip.start, clip.end, *frames})
        parts = [clip.with_range(*frames) for frames in pairwise(edges)]
        return self._replaced(by, [clip], parts, "split")

    def _replaced(
        self,
        by: Reviewer,
        old: Sequence[ModelClip],
        new: Iterable[ModelClip],
        made_by: str,
    ) -> list[ModelClip]:
        """New pending clips in place of old ones; members of an old one's group follow the first
        new one, into its group if it has one."""
        made = [
            replace(
                each,
                id=len(self.clips) + number,
                state=PENDING,
                opinions=(),
                made_by=made_by,
                has_file=False,
                version=1,
                page=by.page,
            )
            for number, each in enumerate(new)
        ]
        first = made[0].id if made[0].group is None else made[0].group
        members = {each.id: each for one in old for each in self.members(one.id)}
        followers = [members[each] for each in members.keys() - {each.id for each in old}]
        return [
            *(replace(each.without_file(), state=REPLACED) for each in old),
            *(replace(each, group=first) for each in followers),
            *made,
        ]

    def _nudged(self, pair: Sequence[ModelClip], frame: int) -> list[ModelClip]:
        first, second = pair
        if not first.start < frame < second.end:
            raise Refused("Each must keep a frame.")
        moved = [first.with_range(first.start, frame), second.with_range(frame, second.end)]
        return [
            replace(
                each.without_file(),
                made_by="nudge",
                opinions=(),
                state=PENDING if each.opinions else each.state,
            )
            for each in moved
        ]

    # --- Decisions that are sent again ------------------------------------------------------------

    def _made_before(self, by: Reviewer, asked: Asked) -> Event | None:
        """The standing event of the same decision on the clip of that version; None if the clip is
        as it was seen."""
        clip = self.clips[asked.clip]
        if clip.version == asked.version and clip.state != REPLACED:
            return None
        for event in self.standing():
            was = event.before.get(asked.clip)
            as_seen = was is not None and was.version == asked.version
            if as_seen and event.by.name == by.name and self._is_same(event, asked, was):
                return event
        raise Refused("The clip has changed since.")

    def _is_same(self, event: Event, asked: Asked, was: ModelClip) -> bool:
        if event.asked.action != asked.action:
            return False
        if asked.action == "annotate":
            left = event.after[asked.clip]
            return replace(left, **dict(asked.changes)) == left
        if asked.action in ("merge", "nudge"):
            seen = event.before[event.asked.clip]
            return (_cut(was, asked), asked.frames) == (_cut(seen, event.asked), event.asked.frames)
        # Of a group that is taken apart, whichever of its clips was named.
        on_this = asked.action == "ungroup" or event.asked.clip == asked.clip
        return on_this and {*asked.frames} == {*event.asked.frames}

    # --- Undoing ----------------------------------------------------------------------------------

    def latest(self, by: Reviewer) -> Event | None:
        """The reviewer's latest event that stands, of a batch the first."""
        own = [event for event in self.standing() if event.by.name == by.name]
        return self.events[own[-1].batch] if own else None

    def undo(self, by: Reviewer, event: Event, *, only_own: bool = False) -> None:
        """Takes back the event with its batch."""
        batch = [each for each in self.events if each.batch == event.batch]
        if event.undone:
            raise Refused("It is undone already.")
        if only_own and event.by.name != by.name:
            raise Refused("Somebody else decided that.")
        touched = set().union(*(each.touched() for each in batch))
        later = [each for each in self.standing() if each.batch > event.batch]
        if any(each.touched() & touched for each in later):
            raise Refused("A later decision changed the same.")
        given = [
            self._given_back(by, each.before.get(clip_id), after)
            for each in batch
            for clip_id, after in each.after.items()
        ]
        clips = self.clips | {clip.id: clip for clip in given}
        if not _groups_are_whole(clips):
            raise Refused("A clip was grouped, merged or split since.")
        self.clips = clips
        self.undos += len(batch)
        for each in batch:
            each.undone = True

    def _given_back(self, by: Reviewer, before: ModelClip | None, after: ModelClip) -> ModelClip:
        now = self.clips[after.id]
        before = before or replace(after, state=REPLACED)
        changed = {
            aspect
            for aspect, fields in ASPECTS.items()
            if any(getattr(before, each) != getattr(after, each) for each in fields)
        }
        if "opinions" in changed and now.opinions != after.opinions:
            changed -= {"opinions", "state"}  # another undo voided them
        given, voids = now, False
        if "range" in changed:
            if (before.start, before.end) != (after.start, after.end):
                if now.state not in DECIDABLE:
                    raise Refused("The pipeline has taken the clip.")
                given = given.with_range(before.start, before.end)
                voids = bool(now.opinions) and "opinions" not in changed
            given = replace(given, made_by=before.made_by)
        for each in changed & {"group", "labels", "rating", "note", "chosen", "opinions"}:
            given = replace(given, **{each: getattr(before, each)})
        given = given.with_range(given.start, given.end)
        if voids:
            given = self._with_state_of(by, replace(given, opinions=()), PENDING)
        elif "state" in changed:
            given = self._with_state_of(by, given, before.state)
        elif "opinions" in changed and given.state == PENDING:
            given = replace(given, page=self._leased(by, given))
        return replace(given, version=now.version + 1)

    def _with_state_of(self, by: Reviewer, clip: ModelClip, wanted: str) -> ModelClip:
        if wanted in WANTED and clip.state in WANTED:
            # It was approved before and is still: the pipeline is not disturbed.
            return clip
        if clip.state in WORKING:
            raise Refused("The pipeline works on it.")
        kept = clip.state == ARCHIVED and clip.has_file and wanted in WANTED
        if wanted in WANTED and not kept:
            wanted = APPROVED
        elif wanted == ARCHIVED_FOR_GOOD:
            wanted = ARCHIVED
        if wanted == REPLACED and clip.state not in DECIDABLE:
            raise Refused("The pipeline has taken it.")
        leased = self._leased(by, clip) if wanted == PENDING else None
        return replace(clip, state=wanted, has_file=kept, page=leased)

    def _leased(self, by: Reviewer, clip: ModelClip) -> str | None:
        """The page that has a clip after an undo which leaves it pending."""
        spoken = by.name in (name for name, _ in clip.opinions)
        return clip.page or (None if spoken and len(clip.opinions) < 2 else by.page)

    # --- The pipeline and the queue ---------------------------------------------------------------

    def claim(self, step: str) -> list[ModelClip]:
        """The clips that a step takes, in film order."""
        waiting, doing, _, _ = STEPS[step]
        taken = [clip for clip in self.live() if clip.state in (waiting, doing)]
        self._set(taken, state=doing)
        return taken

    def end(self, step: str, clip: ModelClip, *, well: bool) -> None:
        _, _, done, failed = STEPS[step]
        has_file = self.clips[clip.id].has_file or (well and step == "export")
        self._set([clip], state=done if well else failed, has_file=has_file)

    def retry(self) -> None:
        """All that failed is due again."""
        for waiting, _, _, failed in STEPS.values():
            self._set([clip for clip in self.live() if clip.state == failed], state=waiting)

    def archive_for_good(self) -> None:
        archived = [clip for clip in self.live() if clip.state == ARCHIVED]
        self._set(archived, state=ARCHIVED_FOR_GOOD, has_file=False)

    def can_be_leased(self, by: Reviewer) -> set[int]:
        return {
            clip.id
            for clip in self.live()
            if clip.state == PENDING and clip.page in (None, by.page)
            if len(clip.opinions) < 2 and by.name not in (name for name, _ in clip.opinions)
        }

    def lease(self, by: Reviewer, clip_ids: Collection[int]) -> None:
        self._set([self.clips[each] for each in clip_ids], page=by.page)

    def release(self, by: Reviewer) -> None:
        self._set([clip for clip in self.live() if clip.page == by.page], page=None)

    def _set(self, clips: Iterable[ModelClip], **fields: object) -> None:
        for clip in clips:
            self.clips[clip.id] = replace(self.clips[clip.id], **fields)


def _cut(clip: ModelClip, asked: Asked) -> int:
    return clip.start if asked.side == "previous" else clip.end


def _groups_are_whole(clips: Clips) -> bool:
    """Whether each group's first clip is live and in no other group."""
    firsts = {
        clips[clip.group]
        for clip in clips.values()
        if clip.group is not None and clip.state != REPLACED
    }
    return all(first.state != REPLACED and first.group is None for first in firsts)
