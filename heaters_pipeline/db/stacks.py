"""Clips that show the same, in stacks over all clips of a view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from heaters_pipeline.db import repeats
from heaters_pipeline.db.models import Clip
from heaters_pipeline.db.selection import View
from heaters_pipeline.domain.repeats import stacks

MOST = 1000
"""Clips that are looked at. Where more hang together, each is shown by itself: a stack of only some
of them might hide a clip that no page shows."""


def of_view(
    session: Session, clip_ids: Sequence[int], view: View, least_score: float
) -> list[list[int]]:
    """The stacks of the view in which the clips are, each in the order of the view. All that hangs
    together is looked at, so that another page of the view finds the same stacks."""
    known: set[int] = set()
    pairs: list[tuple[int, int]] = []
    waiting = set(clip_ids)
    while waiting:
        known |= waiting
        if len(known) > MOST:
            return []
        found = repeats.of_clips(session, sorted(waiting), least_score)
        pairs += [(each.clip_id, each.other_id) for each in found]
        others = {each.other_id for each in found} - known
        waiting = set(session.scalars(_of(view, others))) if others else set()
    if not pairs:
        return []
    order: Sequence[int] = session.scalars(_of(view, known).order_by(*view.order())).all()
    kept = set(order)
    return stacks(order, [pair for pair in pairs if kept.issuperset(pair)])


def _of(view: View, clip_ids: set[int]) -> Any:
    return view.of(sa.select(col(Clip.id))).where(col(Clip.id).in_(clip_ids))
