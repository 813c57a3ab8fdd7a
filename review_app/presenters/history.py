"""What the decisions on a clip changed of it, in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from heaters_pipeline.db.models import Clip, ReviewEvent
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.opinions import Opinion, told
from heaters_pipeline.domain.states import ClipState
from review_app.presenters.texts import DEEDS, count, words

Snapshot = Mapping[str, Any]

NOTHING = "none"


class Change(NamedTuple):
    what: str
    before: str | None
    """None where there was none of it before."""
    after: str
    clips: Sequence[int] = ()
    """Other clips that it is about, named after its words."""


@dataclass(frozen=True)
class Entry:
    event_id: int
    actor: str
    action: Action
    when: datetime
    changes: Sequence[Change]
    undoes: Action | None
    """What the decision was that it takes back."""
    is_undone: bool


def entries(clip_id: int, events: Sequence[ReviewEvent]) -> list[Entry]:
    """The events that touched the clip, in the order given."""
    undone = {event.undoes_event_id for event in events}
    actions = {event.id: Action(event.action) for event in events}
    return [
        Entry(
            event_id=event.id,
            actor=event.actor,
            action=Action(event.action),
            when=event.created_at,
            changes=list(changes(clip_id, event.before, event.after)),
            undoes=actions.get(event.undoes_event_id or 0),
            is_undone=event.id in undone,
        )
        for event in events
    ]


def seen_by(reviewer: str, clip: Clip, events: Sequence[ReviewEvent]) -> Sequence[ReviewEvent]:
    """The events without those that give opinions of others, or took them back, before two people
    have decided on the clip."""
    if clip.state != ClipState.PENDING_REVIEW or told(clip.opinions):
        return events
    return [each for each in events if each.actor == reviewer or not _gives_opinion(clip.id, each)]


def _gives_opinion(clip_id: int, event: ReviewEvent) -> bool:
    was, now = (
        [entry.get("opinions", []) for entry in entries if entry["id"] == clip_id]
        for entries in (event.before, event.after)
    )
    return bool(was and now) and was != now


def changes(
    clip_id: int, before: Iterable[Snapshot], after: Iterable[Snapshot]
) -> Iterator[Change]:
    """What an event that found clips as in `before` and left them as in `after` did to one."""
    found = {entry["id"]: entry for entry in before}
    left = {entry["id"]: entry for entry in after}
    was, now = found.get(clip_id), left.get(clip_id)
    if now is None:
        yield Change("Gone", None, "with its video")
        return
    gone = now["state"] == ClipState.SUPERSEDED
    if was is None or gone != (was["state"] == ClipState.SUPERSEDED):
        # A merge, a split, new cut points, or the undo of one.
        others = [each for each in left if gone != (left[each]["state"] == ClipState.SUPERSEDED)]
        changed = [each for each in others if _state(found, each) != left[each]["state"]]
        near = [each for each in changed if _overlap(now, left[each])]
        yield Change("Became", None, "", near) if gone else Change("Made", None, _frames(now), near)
        return
    if _frames(was) != _frames(now):
        yield Change("Frames", _frames(was), _frames(now))
    if was["state"] != now["state"]:
        yield Change("State", words(was["state"]), words(now["state"]))
    if was.get("grouped_with_clip_id") != now.get("grouped_with_clip_id"):
        first = now.get("grouped_with_clip_id")
        yield Change("Group", None, "with" if first else "left", [first] if first else [])
    for name, text in _DESCRIBED:
        if was.get(name) != now.get(name):
            old, new = was.get(name), now.get(name)
            yield Change(
                words(name).capitalize(),
                text(old) if old else NOTHING,
                text(new) if new else NOTHING,
            )


def _said(opinions: Sequence[Opinion]) -> str:
    return ", ".join(
        f"{DEEDS[Action(each['action'])].lower()} by {each['actor']}" for each in opinions
    )


_DESCRIBED: Sequence[tuple[str, Callable[[Any], str]]] = (
    ("labels", ", ".join),
    ("rating", str),
    ("note", str),
    ("chosen_frames", lambda frames: ", ".join(map(count, frames))),
    ("opinions", _said),
)


def _state(found: Mapping[int, Snapshot], clip_id: int) -> str | None:
    return found[clip_id]["state"] if clip_id in found else None


def _overlap(one: Snapshot, other: Snapshot) -> bool:
    return bool(one["start_frame"] < other["end_frame"] and other["start_frame"] < one["end_frame"])


def _frames(entry: Snapshot) -> str:
    return f"{count(entry['start_frame'])} – {count(entry['end_frame'] - 1)}"  # noqa: RUF001
