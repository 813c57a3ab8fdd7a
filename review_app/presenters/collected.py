"""The clips of a collection as its page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from heaters_pipeline.db import handovers, replaced, review_queue
from heaters_pipeline.db.handovers import Taken
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.handover import Handover


@dataclass(frozen=True)
class Collected:
    clip: Clip
    video: SourceVideo
    lacks: str | None
    """Why it can't be handed over; None where it can."""
    successors: Sequence[int]
    """The clips that it became, where it is no more."""
    taken: Taken | None
    """The last time that somebody took its file."""


def collected(session: Session, ids: Sequence[int], handover: Handover) -> list[Collected]:
    """Clips in the order of `ids`. `handover` is of all of them."""
    lacks = {each.clip_id: each.why for each in handover.left_out}
    taken = handovers.of_clips(session, ids)
    became = replaced.replaced(session, ids)
    entries = {entry.clip.id: entry for entry in review_queue.queued(session, ids)}
    found = []
    for each in ids:
        clip, video, *_ = entries[each]
        gone = became.get(each)
        found.append(
            Collected(
                clip,
                video,
                _gone(gone.action, gone.actor) if gone else lacks.get(each),
                gone.successors if gone else (),
                taken[each][0] if each in taken else None,
            )
        )
    return found


_ENDED = {
    Action.MERGE: "was merged with a neighbour",
    Action.SPLIT: "was split",
    Action.NUDGE: "was cut elsewhere",
    Action.REMOVE: "went with its video",
    Action.REPLAN: "gave way to new cut points",
    Action.UNDO: "went when a decision was undone",
}


def _gone(action: Action, actor: str) -> str:
    how = _ENDED.get(action, "was replaced")
    return f"{how} by {actor}" if actor and action != Action.REPLAN else how
