"""What an older system knows of its clips, and what that becomes here.

The pipeline that Heaters succeeds cut a file of each clip before anybody had decided on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from heaters_pipeline.domain.annotations import Annotation
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.states import ClipState

NOBODY = "older system"
"""Who decided, where that is not known."""


class Fate(StrEnum):
    """What became of a clip in the older system."""

    PENDING = "pending"
    APPROVED = "approved"
    SKIPPED = "skipped"
    ARCHIVED = "archived"
    MERGED = "merged"
    SPLIT = "split"


REPLACED = frozenset({Fate.MERGED, Fate.SPLIT})
"""Other clips have the frames of such a one."""

STATE_OF: Mapping[Fate, ClipState] = {
    Fate.PENDING: ClipState.PENDING_REVIEW,
    Fate.APPROVED: ClipState.REVIEW_APPROVED,
    Fate.SKIPPED: ClipState.REVIEW_SKIPPED,
    Fate.ARCHIVED: ClipState.REVIEW_ARCHIVED,
    Fate.MERGED: ClipState.SUPERSEDED,
    Fate.SPLIT: ClipState.SUPERSEDED,
}

_FATE_OF: Mapping[str, Fate] = {
    Action.APPROVE: Fate.APPROVED,
    Action.GROUP: Fate.APPROVED,
    Action.SKIP: Fate.SKIPPED,
    Action.ARCHIVE: Fate.ARCHIVED,
    Action.MERGE: Fate.MERGED,
    Action.SPLIT: Fate.SPLIT,
}

_ACTION_OF: Mapping[Fate, Action] = {
    Fate.APPROVED: Action.APPROVE,
    Fate.SKIPPED: Action.SKIP,
    Fate.ARCHIVED: Action.ARCHIVE,
    # The clips that took its place in the older system are clips of their own here.
    Fate.MERGED: Action.REPLAN,
    Fate.SPLIT: Action.REPLAN,
}


@dataclass(frozen=True)
class OlderFilm:
    old_id: str
    title: str
    path: str | None = None
    """Of its own file, as the older system wrote it."""
    url: str | None = None


@dataclass(frozen=True)
class OlderEvent:
    action: str
    """`Action`'s approve, skip, archive, group, merge, split or undo."""
    actor: str
    at: datetime | None


@dataclass(frozen=True)
class OlderStill:
    frame: int
    """Of the clip, 0-based."""
    path: str


@dataclass(frozen=True)
class OlderVector:
    model: str
    strategy: str
    """`domain.vectors.Strategy`"""
    frame: int | None
    """Of the clip, 0-based; None where it is of the whole clip."""
    vector: Sequence[float]


@dataclass(frozen=True)
class OlderClip:
    old_id: str
    film_id: str
    """The film's id in the older system."""
    name: str
    path: str | None
    frames: FrameRange | None
    """Where it lies in its film by the older system's word, 0-based."""
    fate: Fate
    events: Sequence[OlderEvent] = ()
    """Oldest first."""
    reviewer: str | None = None
    decided_at: datetime | None = None
    grouped_with: str | None = None
    """The older id of the first clip of its group."""
    labels: Sequence[str] = ()
    rating: int | None = None
    note: str | None = None
    stills: Sequence[OlderStill] = ()
    vectors: Sequence[OlderVector] = ()

    @property
    def annotation(self) -> Annotation:
        return Annotation(tuple(self.labels), self.rating, self.note)

    def as_json(self) -> dict[str, Any]:
        fields = asdict(self)
        fields["decided_at"] = _written(self.decided_at)
        fields["events"] = [each | {"at": _written(each["at"])} for each in fields["events"]]
        fields["frames"] = self.frames and list(self.frames)
        return fields

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> OlderClip:
        known = dict(fields)
        known["fate"] = Fate(known["fate"])
        known["frames"] = FrameRange(*known["frames"]) if known["frames"] else None
        known["decided_at"] = _read(known["decided_at"])
        known["events"] = [
            OlderEvent(each["action"], each["actor"], _read(each["at"])) for each in known["events"]
        ]
        known["stills"] = [OlderStill(**each) for each in known["stills"]]
        known["vectors"] = [OlderVector(**each) for each in known["vectors"]]
        return cls(**known)


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class Decided(NamedTuple):
    """A decision to be written down."""

    action: Action
    actor: str
    at: datetime | None
    fate: Fate
    """That it led to."""
    undoes: int | None = None
    """Which of the decisions before it an undo takes back."""


def decisions(clip: OlderClip) -> list[Decided]:
    """What was decided on the clip, oldest first. An undo takes back the last decision that stands;
    a clip that was grouped was approved, and gets its group when all clips of it are here. Where
    that does not lead to what the older system says of the clip, one decision more does: its word
    counts."""
    made: list[Decided] = []
    standing: list[int] = []
    for event in clip.events:
        if event.action == Action.UNDO:
            if standing:
                gone = standing.pop()
                fate = made[standing[-1]].fate if standing else Fate.PENDING
                made.append(Decided(Action.UNDO, event.actor, event.at, fate, gone))
            continue
        standing.append(len(made))
        fate = _FATE_OF[event.action]
        made.append(Decided(_ACTION_OF[fate], event.actor, event.at, fate))
    led_to = made[standing[-1]].fate if standing else Fate.PENDING
    if led_to != clip.fate:
        who = clip.reviewer or NOBODY
        if clip.fate == Fate.PENDING:
            for gone in reversed(standing):
                left = standing[: standing.index(gone)]
                fate = made[left[-1]].fate if left else Fate.PENDING
                made.append(Decided(Action.UNDO, who, clip.decided_at, fate, gone))
        else:
            action = _ACTION_OF[clip.fate]
            made.append(Decided(action, who, clip.decided_at, clip.fate))
    return made
