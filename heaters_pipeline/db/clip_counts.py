"""How many clips there are of each kind, without counting them: triggers on `clips` keep the
numbers (`sql/versions/0037_counts.py`), in the transaction that changes a clip."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import Session, col

from heaters_pipeline.db.models import ClipCount
from heaters_pipeline.domain.states import ClipState

_NUMBER = sa.func.sum(col(ClipCount.number))


def with_states(session: Session, states: Iterable[ClipState]) -> int:
    """How many clips have one of the states."""
    counted = sa.select(_NUMBER).where(
        col(ClipCount.kind) == "state", col(ClipCount.name).in_(states)
    )
    return int(session.scalar(counted) or 0)


def by_state(session: Session) -> dict[str, int]:
    """How many live clips have each state that some have."""
    counted = (
        sa.select(col(ClipCount.name), _NUMBER)
        .where(col(ClipCount.kind) == "state", col(ClipCount.name) != ClipState.SUPERSEDED)
        .group_by(col(ClipCount.name))
        .having(_NUMBER > 0)
    )
    return {name: int(number) for name, number in session.execute(counted)}


def labels(session: Session) -> dict[str, int]:
    """How many live clips have each label, most used first."""
    used = (
        sa.select(col(ClipCount.name), _NUMBER)
        .where(col(ClipCount.kind) == "label")
        .group_by(col(ClipCount.name))
        .having(_NUMBER > 0)
        .order_by(_NUMBER.desc(), col(ClipCount.name))
    )
    return {name: int(number) for name, number in session.execute(used)}
