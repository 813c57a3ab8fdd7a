"""What became of clips that are live no more: the decision that ended them, and the clips that have
their frames now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from heaters_pipeline.db.among import among
from heaters_pipeline.db.models import Clip, ReviewEvent
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.states import ClipState

LONGEST_CHAIN = 50
"""Merges and splits of merges and splits."""


class Replaced(NamedTuple):
    action: Action
    """What ended the clip."""
    actor: str
    successors: Sequence[int]
    """The live clips that show frames of it now, in film order."""


def replaced(session: Session, clip_ids: Iterable[int]) -> dict[int, Replaced]:
    """Of those of the clips that were superseded."""
    gone = _superseded(session, clip_ids)
    if not gone:
        return {}
    events = _events(session, [clip.last_event_id for clip in gone])
    became = {clip.id: _made(clip, events.get(clip.last_event_id or 0)) for clip in gone}
    live = _follow(session, became)
    found = {}
    for clip in gone:
        event = events.get(clip.last_event_id or 0)
        near = [each for each in live[clip.id] if _overlap(clip, each)]
        found[clip.id] = Replaced(
            Action(event.action) if event else Action.REPLAN,
            event.actor if event else "",
            [each.id for each in sorted(near, key=lambda each: each.start_frame)],
        )
    return found


def _follow(session: Session, became: dict[int, list[int]]) -> dict[int, list[Clip]]:
    """The live clips at the ends of the ways from each clip to what it became."""
    heads = {start: set(ids) for start, ids in became.items()}
    seen = {start: {start} for start in became}
    for _ in range(LONGEST_CHAIN):
        everything = set().union(*heads.values())
        gone = {clip.id: clip for clip in _superseded(session, everything)}
        if not gone:
            break
        events = _events(session, [clip.last_event_id for clip in gone.values()])
        for start, ids in heads.items():
            seen[start] |= ids
            made = [
                _made(gone[each], events.get(gone[each].last_event_id or 0))
                for each in ids
                if each in gone
            ]
            heads[start] = (ids - gone.keys()) | (set().union(*made) - seen[start])
    rows = session.exec(select(Clip).where(among(col(Clip.id), set().union(*heads.values()))))
    live = {clip.id: clip for clip in rows if clip.state != ClipState.SUPERSEDED}
    return {start: [live[each] for each in ids if each in live] for start, ids in heads.items()}


def _superseded(session: Session, clip_ids: Iterable[int]) -> Sequence[Clip]:
    ids = list(clip_ids)
    gone = among(col(Clip.id), ids), Clip.state == ClipState.SUPERSEDED
    return session.exec(select(Clip).where(*gone)).all() if ids else []


def _events(session: Session, ids: Iterable[int | None]) -> dict[int, ReviewEvent]:
    wanted = {each for each in ids if each is not None}
    rows = session.exec(select(ReviewEvent).where(among(col(ReviewEvent.id), wanted)))
    return {event.id: event for event in rows}


def _made(clip: Clip, event: ReviewEvent | None) -> list[int]:
    """What an event left alive of the clips that it found dead, or not at all."""
    if event is None:
        return []
    was: dict[int, Any] = {each["id"]: each["state"] for each in event.before}
    return [
        each["id"]
        for each in event.after
        if each["state"] != ClipState.SUPERSEDED
        and was.get(each["id"], ClipState.SUPERSEDED) == ClipState.SUPERSEDED
        and each["start_frame"] < clip.end_frame
        and clip.start_frame < each["end_frame"]
    ]


def _overlap(one: Clip, other: Clip) -> bool:
    return one.start_frame < other.end_frame and other.start_frame < one.end_frame
