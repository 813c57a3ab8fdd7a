"""The clips that wait for reviewers: leases, selections and counts.

A lease belongs to a page that a reviewer has open, named by a token: two tabs of one reviewer get
different clips, and closing one gives back that one's alone. A program that names no page has its
leases by the reviewer's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from heaters_pipeline.db import clip_counts, keyset, opinions
from heaters_pipeline.db.clips import free
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.db.prepared import Prepared, detached, given_ids
from heaters_pipeline.db.selection import FILM_ORDER, View
from heaters_pipeline.db.source_videos import WITHOUT_CUT_POINTS, WITHOUT_INDEX
from heaters_pipeline.domain.selection import STATES, Selection, Shown
from heaters_pipeline.domain.states import ClipState

EVERYTHING = Selection()


class Neighbour(NamedTuple):
    id: int
    state: ClipState
    start_frame: int
    end_frame: int


class QueuedClip(NamedTuple):
    clip: Clip
    video: SourceVideo
    previous: Neighbour | None
    """The live clip that ends where this one starts."""
    next: Neighbour | None
    """The live clip that starts where this one ends."""


class PendingCounts(NamedTuple):
    total: int
    with_others: int
    """How many of them are leased by other reviewers."""
    in_other_pages: int
    """How many are leased by other pages of the same reviewer."""

    @property
    def available(self) -> int:
        """How many the page has or can have."""
        return self.total - self.with_others - self.in_other_pages


def lease_queue(
    session: Session,
    reviewer: str,
    limit: int,
    lease_seconds: float,
    selection: Selection = EVERYTHING,
    likeness: Likeness | None = None,
    page: str | None = None,
    *,
    anew: bool = False,
) -> list[QueuedClip]:
    """The next pending clips of a selection for a reviewer's page, in its order, kept from others
    for `lease_seconds`.

    The page keeps the clips that it has, whose lease is renewed; next it gets those that the
    reviewer was handed before and nobody has now: after a reload, the same ones. Clips that another
    page has are passed over, even one of the same reviewer. A list that begins `anew`, as one in
    another order does, owes nothing to what was handed out before: its first clips come first.
    Clips on which the reviewer has given their opinion are not theirs any more.
    """
    if anew:
        _forget(session, reviewer, page)
    view = View(selection, STATES[Shown.PENDING], likeness)
    mine, before = _mine(reviewer, page), col(Clip.leased_by) == reviewer
    known = sa.or_(mine, sa.and_(before, sa.not_(_LEASED)))
    unknown = sa.and_(_not(mine), _not(before), sa.not_(_LEASED))
    leased: list[int] = []
    # Two queries: one that sorts all pending clips by whose they are takes four times as long.
    for wanted, order in ((known, [_not(mine), *view.order()]), (unknown, view.order())):
        statement = (
            view.of(sa.select(col(Clip.id)))
            .where(wanted, _for(reviewer, selection))
            .order_by(*order)
            .limit(limit - len(leased))
            .with_for_update(of=Clip, key_share=True, skip_locked=True)
        )
        leased += session.scalars(statement)
    lease(session, leased, reviewer, lease_seconds, page)
    return queued(session, leased, view)


def lease_also(
    session: Session,
    clip_ids: Iterable[int],
    reviewer: str,
    limit: int,
    lease_seconds: float,
    selection: Selection = EVERYTHING,
    likeness: Likeness | None = None,
    page: str | None = None,
) -> list[QueuedClip]:
    """Those of the clips that are in the selection and that no other page has, kept from others
    like those of `lease_queue`: first those that the page has."""
    view, mine = View(selection, STATES[Shown.PENDING], likeness), _mine(reviewer, page)
    leased = session.scalars(
        view.of(sa.select(col(Clip.id)))
        .where(
            col(Clip.id).in_(clip_ids),
            sa.or_(mine, sa.not_(_LEASED)),
            _for(reviewer, selection),
        )
        .order_by(_not(mine), *view.order())
        .limit(limit)
        .with_for_update(of=Clip, key_share=True, skip_locked=True)
    ).all()
    lease(session, leased, reviewer, lease_seconds, page)
    return queued(session, leased, view)


def selected(
    session: Session,
    selection: Selection,
    limit: int,
    offset: int = 0,
    *,
    by_itself: Shown = Shown.PENDING,
    likeness: Likeness | None = None,
    reviewer: str | None = None,
) -> list[QueuedClip]:
    """Clips of a selection, in its order, whoever has leased them. `by_itself` are the clips that
    the page shows where the selection names no state; `reviewer` asks for those alone that they can
    decide on."""
    view = View(selection, selection.states(by_itself), likeness)
    ids = view.of(sa.select(col(Clip.id))).order_by(*view.order()).limit(limit).offset(offset)
    if reviewer is not None:
        ids = ids.where(_for(reviewer, selection))
    return queued(session, session.scalars(ids).all(), view)


class Part(NamedTuple):
    """A part of a list."""

    clips: list[QueuedClip]
    next: str | None
    """Where the next one begins (`keyset`). None: this is the last."""


def part(
    session: Session,
    selection: Selection,
    limit: int,
    place: str | None,
    *,
    by_itself: Shown,
    likeness: Likeness | None = None,
) -> Part:
    """The clips of a selection from a place in its order on. Raises InputError for a place that is
    none of this order."""
    view = View(selection, selection.states(by_itself), likeness)
    order = [*view.order(), col(Clip.id)]
    ids = view.of(sa.select(col(Clip.id), keyset.cursor(order))).order_by(*order)
    if place is not None:
        ids = ids.where(keyset.after(order, place))
    found = session.execute(ids.limit(limit + 1)).all()
    shown = found[:limit]
    following = keyset.encoded(shown[-1][1]) if len(found) > limit else None
    return Part(queued(session, [clip_id for clip_id, _ in shown], view), following)


def selected_ids(
    session: Session,
    selection: Selection,
    *,
    by_itself: Shown = Shown.PENDING,
    likeness: Likeness | None = None,
    most: int | None = None,
) -> Sequence[int]:
    """All clips of a selection, or the first `most`, in its order."""
    view = View(selection, selection.states(by_itself), likeness)
    ids = view.of(sa.select(col(Clip.id))).order_by(*view.order()).limit(most)
    return session.scalars(ids).all()


def count(
    session: Session,
    selection: Selection,
    *,
    by_itself: Shown = Shown.PENDING,
    likeness: Likeness | None = None,
) -> int:
    """How many clips a selection has."""
    if selection.names_states_alone:
        return clip_counts.with_states(session, selection.states(by_itself))
    view = View(selection, selection.states(by_itself), likeness)
    return session.scalar(view.of(sa.select(sa.func.count()).select_from(Clip))) or 0


def lease(
    session: Session,
    clip_ids: Sequence[int],
    reviewer: str,
    lease_seconds: float,
    page: str | None = None,
) -> None:
    """Keeps those of the clips that are pending, and that no other page has, from others for
    `lease_seconds` from now."""
    if not clip_ids:
        return
    session.execute(
        sa.update(Clip)
        .where(
            col(Clip.id).in_(clip_ids),
            col(Clip.state) == ClipState.PENDING_REVIEW,
            sa.or_(_mine(reviewer, page), sa.not_(_LEASED)),
            opinions.can_decide(reviewer),
        )
        .values(
            leased_by=reviewer,
            leased_page=page,
            leased_until=sa.func.now() + timedelta(seconds=lease_seconds),
        )
    )


def release(session: Session, reviewer: str, page: str | None = None) -> None:
    """Gives back the clips that a page has, except those that a decision has locked. The reviewer
    gets them first when they ask again."""
    session.execute(
        sa.update(Clip)
        .where(col(Clip.id).in_(free(_mine(reviewer, page))))
        .values(leased_page=None, leased_until=None)
    )


def _forget(session: Session, reviewer: str, page: str | None) -> None:
    """Gives back the clips that a page has, and those that the reviewer was handed before and
    nobody has now: from then on they are anybody's."""
    handed = sa.and_(col(Clip.leased_by) == reviewer, sa.not_(_LEASED))
    for whose in (_mine(reviewer, page), handed):
        session.execute(
            sa.update(Clip)
            .where(col(Clip.id).in_(free(whose)))
            .values(leased_by=None, leased_page=None, leased_until=None)
        )


def pending_counts(
    session: Session,
    reviewer: str,
    selection: Selection = EVERYTHING,
    likeness: Likeness | None = None,
    page: str | None = None,
) -> PendingCounts:
    """Clips of a selection that wait for a decision of the reviewer's."""
    pending = replace(selection, state=(Shown.PENDING,))
    view = View(pending, STATES[Shown.PENDING], likeness)
    for_them = _for(reviewer, selection)
    for_others = view.of(sa.select(sa.func.count()).select_from(Clip)).where(
        opinions.BEGUN, sa.not_(for_them)
    )
    theirs = col(Clip.leased_by) != reviewer
    taken = sa.select(
        sa.func.count().filter(theirs), sa.func.count().filter(sa.not_(theirs))
    ).where(col(Clip.leased_until) > sa.func.now(), _not(_mine(reviewer, page)), for_them)
    return PendingCounts(
        count(session, pending, likeness=likeness) - session.scalars(for_others).one(),
        *session.execute(view.of(taken.select_from(Clip))).one(),
    )


_LEASED: Any = sa.func.coalesce(col(Clip.leased_until) > sa.func.now(), sa.false())
"""True of a clip that a lease keeps; never null."""


def _mine(reviewer: str, page: str | None) -> Any:
    """True of a clip that the page was handed last, also where its lease has run out. It may be
    null, so that an index serves it."""
    if page is not None:
        return col(Clip.leased_page) == page
    return sa.and_(col(Clip.leased_by) == reviewer, col(Clip.leased_page).is_(None))


def _for(reviewer: str, selection: Selection) -> Any:
    return opinions.in_queue(reviewer, of_those_that_differ=bool(selection.differ))


def _not(condition: Any) -> Any:
    """True where a condition is false or null."""
    return condition.is_not(sa.true())


def queued(session: Session, clip_ids: Sequence[int], view: View | None = None) -> list[QueuedClip]:
    """Clips with what a reviewer needs to see of them, in film order or in that of a view."""
    wanted = _QUEUED.where(col(Clip.id).in_(clip_ids))
    ordered = view.in_order(wanted) if view else wanted.order_by(*FILM_ORDER)
    return [_queued_clip(*row) for row in session.execute(ordered)]


def _queued_clip(clip: Clip, video: SourceVideo, *beside: Any) -> QueuedClip:
    return QueuedClip(
        clip,
        video,
        Neighbour(*beside[:4]) if beside[0] else None,
        Neighbour(*beside[4:]) if beside[4] else None,
    )


def _beside(other: Any) -> tuple[Any, Any]:
    """True of live clips of the same video."""
    same_video = other.source_video_id == col(Clip.source_video_id)
    return same_video, other.state != ClipState.SUPERSEDED


def _named(where: str, clip: Any) -> Iterable[Any]:
    return (getattr(clip, name).label(f"{where}_{name}") for name in Neighbour._fields)


def _select_queued(*of_clip: Any) -> Any:
    """These columns or entities of a clip and its video, and the columns of its neighbours."""
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
    return (
        sa.select(*of_clip, *_named("before", before), *_named("after", after))
        .select_from(Clip)
        .join(SourceVideo, col(SourceVideo.id) == col(Clip.source_video_id))
        .outerjoin(before, sa.and_(before.id == last_before, ends_here))
        .outerjoin(after, sa.and_(*_beside(after), begins_there))
    )


# Made once: SQLAlchemy takes longer to make it than Postgres to answer it.
_QUEUED = _select_queued(Clip, SourceVideo).options(WITHOUT_INDEX, WITHOUT_CUT_POINTS)

_OF_CLIP = sa.inspect(Clip).local_table.c
_OF_VIDEO = (
    *("id", "key", "title", "frame_count", "rate_num", "rate_den"),
    *("proxy_id", "proxy_width", "proxy_height", "proxy_codec", "proxy_description"),
    *("proxy_audio_filepath", "sprites"),
)
"""What reviewers need to see of a video."""

NOW = Prepared(
    _select_queued(
        *_OF_CLIP,
        *(getattr(SourceVideo, name).label(f"video_{name}") for name in _OF_VIDEO),
    )
    .where(col(Clip.id) == sa.any_(given_ids("clip_ids")))
    .order_by(*FILM_ORDER)
)
"""The same of the clips `clip_ids`, in film order; `now` reads the rows."""


def now(rows: Iterable[Any]) -> list[QueuedClip]:
    """The clips are objects of no session, and so are the videos, which have no more columns than
    reviewers need."""
    found = []
    for row in rows:
        of_clip, of_video = row[: len(_OF_CLIP)], row[len(_OF_CLIP) : -8]
        clip = detached(Clip, dict(zip(_OF_CLIP.keys(), of_clip, strict=True)))
        video = detached(SourceVideo, dict(zip(_OF_VIDEO, of_video, strict=True)))
        found.append(_queued_clip(clip, video, *row[-8:]))
    return found
