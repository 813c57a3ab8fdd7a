"""Which clips a decision or an undo may change."""

from __future__ import annotations

from collections.abc import Container, Iterable

from sqlmodel import Session

from heaters_pipeline.db import clips
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.errors import Conflict, NotFound
from heaters_pipeline.domain.states import REVIEWED, ClipState, spoken

DECIDABLE = REVIEWED | {ClipState.PENDING_REVIEW}
"""Nobody has decided yet, or the pipeline has not acted on the decision."""


def lock(session: Session, clip_ids: Iterable[int]) -> dict[int, Clip]:
    """Locks the clips, in the order of their ids. Raises NotFound if one does not exist."""
    wanted = list(clip_ids)
    found = clips.locked(session, wanted)
    refuse_missing(wanted, found)
    return found


def refuse_missing(clip_ids: Iterable[int], found: Container[int]) -> None:
    """Raises NotFound if one of the clips was not found."""
    for clip_id in sorted(clip_ids):
        if clip_id not in found:
            raise NotFound(f"There is no clip {clip_id}.")


def refuse_unless_decidable(clip: Clip) -> None:
    """Raises Conflict if the pipeline has taken the clip."""
    if clip.state not in DECIDABLE:
        raise Conflict(f"Clip {clip.id} is {in_words(clip)} now, so its cuts can't be moved.")


def in_words(clip: Clip) -> str:
    """The clip's state as sentences name it."""
    return spoken(ClipState(clip.state))
