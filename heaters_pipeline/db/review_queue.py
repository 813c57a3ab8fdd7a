"""The clips that wait for reviewers: leases, selections and counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from heaters_pipeline.db.clips import free
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.db.selection import FILM_ORDER, View
from heaters_pipeline.db.source_videos import WITHOUT_CUT_POINTS, WITHOUT_INDEX
from heaters_pipeline.domain.selection import STATES, Selection, Shown
from heaters_pipeline.domain.states import ClipState

EVERYTHING = Selection()


class QueuedClip(NamedTuple):
    clip: Clip
    video: SourceVideo
    previous: Clip | None
    """The live clip that ends where this one starts."""
    next: Clip | None
    """The live clip that starts where this one ends."""


class PendingCounts(NamedTuple):
    total: int
    with_others: int
    """How many of them are leased by other reviewers."""


def lease_queue(
    session: Session,
    reviewer: str,
    limit: int,
    lease_seconds: float,
    selection: Selection = EVERYTHING,
    likeness: Likeness | None = None,
) -> list[QueuedClip]:
    """The next pending clips of a selection for a reviewer, in its order, kept from others for
    `lease_seconds`.

    What he was handed before comes first and is renewed, also where its lease has run out and
    nobody has taken it; clips leased by others are passed over.
    """
    view = View(selection, STATES[Shown.PENDING], likeness)
    free = (
        view.of(sa.select(col(Clip.id)))
        .where(sa.not_(_with_others(reviewer)))
        .order_by(*view.order())
        .with_for_update(of=Clip, key_share=True, skip_locked=True)
    )
    # Two queries: one that sorts all pending clips by whose they are takes four times as long.
    leased = session.scalars(free.where(Clip.leased_by == reviewer).limit(limit)).all()
    others = free.where(col(Clip.leased_by).is_distinct_from(reviewer))
    leased = [*leased, *session.scalars(others.limit(limit - len(leased)))]
    lease(session, leased, reviewer, lease_seconds)
    return queued(session, leased, view)


def selected(
    session: Session,
    selection: Selection,
    limit: int,
    offset: int = 0,
    *,
    by_itself: Shown = Shown.PENDING,
    likeness: Likeness | None = None,
) -> list[QueuedClip]:
    """Clips of a selection, in its order, whoever has leased them; `by_itself` are those of a page
    that is asked for none in particular."""
    view = View(selection, selection.states(by_itself), likeness)
    ids = view.of(sa.select(col(Clip.id))).order_by(*view.order()).limit(limit).offset(offset)
    return queued(session, session.scalars(ids).all(), view)


def selected_ids(
    session: Session,
    selection: Selection,
    *,
    by_itself: Shown = Shown.PENDING,
    likeness: Likeness | None = None,
) -> Sequence[int]:
    """All clips of a selection, in its order."""
    view = View(selection, selection.states(by_itself), likeness)
    return session.scalars(view.of(sa.select(col(Clip.id))).order_by(*view.order())).all()


def count(
    session: Session,
    selection: Selection,
    *,
    by_itself: Shown = Shown.PENDING,
    likeness: Likeness | None = None,
) -> int:
    """How many clips a selection has."""
    view = View(selection, selection.states(by_itself), likeness)
    return session.scalar(view.of(sa.select(sa.func.count()).select_from(Clip))) or 0


def lease(session: Session, clip_ids: Sequence[int], reviewer: str, lease_seconds: float) -> None:
    """Keeps those of the clips that are pending, and that no other reviewer has, from others for
    `lease_seconds` from now."""
    session.execute(
        sa.update(Clip)
        .where(
            col(Clip.id).in_(clip_ids),
            col(Clip.state) == ClipState.PENDING_REVIEW,
            sa.not_(_with_others(reviewer)),
        )
        .values(
            leased_by=reviewer,
            leased_until=sa.func.now() + timedelta(seconds=lease_seconds),
        )
    )


def pending_counts(
    session: Session,
    reviewer: str,
    selection: Selection = EVERYTHING,
    likeness: Likeness | None = None,
) -> PendingCounts:
    """Clips of a selection that wait for a decision."""
    view = View(selection, STATES[Shown.PENDING], likeness)
    counted = sa.select(sa.func.count(), sa.func.count().filter(_with_others(reviewer)))
    return PendingCounts(*session.execute(view.of(counted.select_from(Clip))).one())


def _with_others(reviewer: str) -> Any:
    """True of a clip that another reviewer's lease keeps; never null."""
    return sa.func.coalesce(
        sa.and_(col(Clip.leased_by) != reviewer, col(Clip.leased_until) > sa.func.now()),
        sa.false(),
    )


def queued(session: Session, clip_ids: Sequence[int], view: View | None = None) -> list[QueuedClip]:
    """Clips with all that a reviewer needs to see of them, in film order or a view's."""
    before: Any = aliased(Clip)
    after: Any = aliased(Clip)
    earlier: Any = aliased(Clip)
    # By its start, which has an index, and not by its end.
    last_before = (
        sa.select(earlier.id)
        .where(*_beside(earlier), earlier.start_frame < col(Clip.start_frame))
        .order_by(earlier.start_frame.desc())
        .limit(1)
        .correlate(Clip)
        .scalar_subquery()
    )
    ends_here = before.end_frame == col(Clip.start_frame)
    begins_there = after.start_frame == col(Clip.end_frame)
    statement = (
        select(Clip, SourceVideo, before, after)
        .join(SourceVideo, col(SourceVideo.id) == col(Clip.source_video_id))
        .outerjoin(before, sa.and_(before.id == last_before, ends_here))
        .outerjoin(after, sa.and_(*_beside(after), begins_there))
        .options(WITHOUT_INDEX, WITHOUT_CUT_POINTS)
        .where(col(Clip.id).in_(clip_ids))
    )
    ordered = view.in_order(statement) if view else statement.order_by(*FILM_ORDER)
    return [QueuedClip(*row) for row in session.exec(ordered)]


def _beside(other: Any) -> tuple[Any, Any]:
    """True of live clips of the same video."""
    same_video = other.source_video_id == col(Clip.source_video_id)
    return same_video, other.state != ClipState.SUPERSEDED


def release(session: Session, reviewer: str) -> None:
    """Gives back what a reviewer has leased, but for what is being decided on right now."""
    session.execute(
        sa.update(Clip)
        .where(col(Clip.id).in_(free(Clip.leased_by == reviewer)))
        .values(leased_by=None, leased_until=None)
    )
