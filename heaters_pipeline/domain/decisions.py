"""What a reviewer can decide on a clip, and what events keep of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

from heaters_pipeline.domain.annotations import Annotation, AnnotationChanges
from heaters_pipeline.domain.opinions import Opinion
from heaters_pipeline.domain.states import ClipState


class Action(StrEnum):
    """What an event did."""

    APPROVE = "approve"
    SKIP = "skip"
    ARCHIVE = "archive"
    GROUP = "group"
    UNGROUP = "ungroup"
    MERGE = "merge"
    SPLIT = "split"
    NUDGE = "nudge"
    ANNOTATE = "annotate"
    UNDO = "undo"
    REPLAN = "replan"
    """New cut points replaced clips that no reviewer had touched."""
    REMOVE = "remove"
    """The source video was removed, and its clips with it."""
    MOVE = "move"
    """A clip with a file of its own was found in its film, and lies there now; or the way back."""


DECISIONS = frozenset(Action) - {Action.UNDO, Action.REPLAN, Action.REMOVE, Action.MOVE}
"""What a reviewer decides on a clip, and can undo."""

BATCHED = frozenset({Action.APPROVE, Action.SKIP, Action.ARCHIVE, Action.ANNOTATE})
"""What a reviewer can decide on many clips at once."""

VERDICTS = frozenset({Action.APPROVE, Action.SKIP, Action.ARCHIVE, Action.GROUP})
"""What gives a clip another state and leaves it the same clip."""

APPROVALS = frozenset({Action.APPROVE, Action.GROUP})
"""Those of the verdicts after which the clip is wanted."""

COUNTED = DECISIONS - {Action.NUDGE, Action.ANNOTATE, Action.UNGROUP}
"""What the statistics count as a decision: the others prepare one, or tidy up after it."""


DONE: Mapping[Action, str] = {
    Action.APPROVE: "approved",
    Action.SKIP: "skipped",
    Action.ARCHIVE: "archived",
    Action.GROUP: "grouped",
    Action.UNGROUP: "taken apart the group of",
    Action.MERGE: "merged",
    Action.SPLIT: "split",
    Action.NUDGE: "moved a cut of",
    Action.ANNOTATE: "described",
    Action.UNDO: "taken back a decision on",
    Action.REPLAN: "replaced",
    Action.REMOVE: "removed",
    Action.MOVE: "moved",
}
"""What an actor has done, before the name of the clip."""


class Side(StrEnum):
    """Where a neighbour lies."""

    PREVIOUS = "previous"
    NEXT = "next"


class Snapshot(TypedDict):
    """What an event keeps of a clip: all that an undo may have to give back. Older events lack
    some fields."""

    id: int
    state: str
    version: int
    start_frame: int
    end_frame: int
    made_by: NotRequired[str]
    grouped_with_clip_id: NotRequired[int | None]
    labels: NotRequired[list[str]]
    rating: NotRequired[int | None]
    note: NotRequired[str | None]
    chosen_frames: NotRequired[list[int]]
    opinions: NotRequired[list[Opinion]]


@dataclass(frozen=True)
class Mark:
    """The clip gets a state of its own."""

    action: Literal[Action.APPROVE, Action.SKIP, Action.ARCHIVE]

    @property
    def state(self) -> ClipState:
        return _STATES[self.action]


_STATES = {
    Action.APPROVE: ClipState.REVIEW_APPROVED,
    Action.SKIP: ClipState.REVIEW_SKIPPED,
    Action.ARCHIVE: ClipState.REVIEW_ARCHIVED,
}

APPROVE = Mark(Action.APPROVE)
SKIP = Mark(Action.SKIP)
ARCHIVE = Mark(Action.ARCHIVE)


@dataclass(frozen=True)
class Group:
    """The clip and the one before it are approved and become one group."""

    action: ClassVar[Action] = Action.GROUP
    side: ClassVar[Side] = Side.PREVIOUS


@dataclass(frozen=True)
class Ungroup:
    """The clips of the group that the clip belongs to are in no group any more."""

    action: ClassVar[Action] = Action.UNGROUP


@dataclass(frozen=True)
class Merge:
    """One new clip replaces the clip and a neighbour."""

    action: ClassVar[Action] = Action.MERGE
    side: Side = Side.PREVIOUS


@dataclass(frozen=True)
class Split:
    """New clips replace the clip."""

    action: ClassVar[Action] = Action.SPLIT
    frames: Sequence[int]
    """First frames of the second and later parts, in any order."""


@dataclass(frozen=True)
class Nudge:
    """The cut between the clip and a neighbour moves: one gets the frames that the other loses."""

    action: ClassVar[Action] = Action.NUDGE
    side: Side
    frame: int
    """First frame of the clip that follows the cut."""


@dataclass(frozen=True)
class Annotate:
    """The clip gets labels, a rating, a note, or frames that are to be its keyframes."""

    action: ClassVar[Action] = Action.ANNOTATE
    changes: AnnotationChanges


Decision: TypeAlias = Mark | Group | Ungroup | Merge | Split | Nudge | Annotate
BatchedDecision: TypeAlias = Mark | Annotate


def was_made(decision: Decision, clip_id: int, after: Sequence[Snapshot]) -> bool:
    """Whether an event of the same action did just this to the clip. `after` is how the event left
    its clips."""
    clip = next(entry for entry in after if entry["id"] == clip_id)
    others = [entry for entry in after if entry is not clip]
    match decision:
        case Mark() | Ungroup():
            return True
        case Group():
            # The grouped clip comes first, before others of its group.
            return clip is after[0]
        case Merge(side):
            merged = [other for other in others if _was_replaced(other)]
            return _was_replaced(clip) and any(_cut(clip, side, other) for other in merged)
        case Split(frames):
            starts = {other["start_frame"] for other in others}
            made = starts.intersection(range(clip["start_frame"] + 1, clip["end_frame"]))
            return _was_replaced(clip) and {*frames} == made
        case Nudge(side, frame):
            return any(_cut(clip, side, other) == frame for other in others)
        case Annotate(changes):
            left = Annotation(
                tuple(clip["labels"]),
                clip["rating"],
                clip["note"],
                tuple(clip.get("chosen_frames", ())),
            )
            return left.changed(changes) == left


def _was_replaced(clip: Snapshot) -> bool:
    """Others that a merge or split changes are members of a group whose first clip it replaced."""
    return clip["state"] == ClipState.SUPERSEDED


def _cut(clip: Snapshot, side: Side, other: Snapshot) -> int | None:
    """The cut on that side of a clip, if the other clip lies there."""
    mine, theirs = (
        (clip["start_frame"], other["end_frame"])
        if side == Side.PREVIOUS
        else (clip["end_frame"], other["start_frame"])
    )
    return mine if mine == theirs else None


def placed_by(action: Action, before: Sequence[Snapshot], after: Sequence[Snapshot]) -> set[int]:
    """The cuts that a split made or a nudge moved, each as the first frame that follows it."""
    if action == Action.NUDGE:
        return {max(entry["start_frame"] for entry in after)}
    if action != Action.SPLIT:
        return set()
    old = {entry["id"] for entry in before}
    parts = [entry["start_frame"] for entry in after if entry["id"] not in old]
    return {frame for frame in parts if frame > min(parts)}


_ASPECTS = (
    ("state",),
    ("grouped_with_clip_id",),
    ("start_frame", "end_frame", "made_by"),
    ("labels",),
    ("rating",),
    ("note",),
    ("chosen_frames",),
    ("opinions",),
)
"""The fields of a clip that are undone together. A range is one of them: of two cuts of a clip, the
one that moved last goes back first."""


def touched(before: Iterable[Snapshot], after: Iterable[Snapshot]) -> dict[int, frozenset[str]]:
    """The fields that an event changed, by clip id: all fields of a clip that it made or
    replaced."""
    was: dict[int, Mapping[str, object]] = {entry["id"]: entry for entry in before}
    found: dict[int, frozenset[str]] = {}
    for entry in after:
        now: Mapping[str, object] = entry
        old = was.get(entry["id"])
        found[entry["id"]] = frozenset(
            field
            for aspect in _ASPECTS
            if old is None
            or ClipState.SUPERSEDED in (old["state"], now["state"])
            or any(old.get(field) != now.get(field) for field in aspect)
            for field in aspect
        )
    return found
