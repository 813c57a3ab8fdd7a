"""Clips: making them from cut points, handing them to reviewers, taking them into the pipeline.

What reviewers decide is in `reviews`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.locks import is_at_work
from heaters_pipeline.db.models import Clip, ReviewEvent, SourceVideo
from heaters_pipeline.db.selection import FILM_ORDER, View
from heaters_pipeline.db.source_videos import WITHOUT_CUT_POINTS, WITHOUT_INDEX, frame_slice
from heaters_pipeline.domain import frame_index
from heaters_pipeline.domain.annotations import Annotation
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action, Side
from heaters_pipeline.domain.errors import Conflict, InputError
from heaters_pipeline.domain.selection import STATES, Selection, Shown
from heaters_pipeline.domain.states import CLIP_STEPS, EXPORT, UNFINISHED, ClipState, Step, changed
from heaters_pipeline.domain.transitions import Transition, clean_range

LIVE = col(Clip.state) != ClipState.SUPERSEDED

_member: Any = aliased(Clip)

TOUCHED = sa.or_(
    col(Clip.state) != ClipState.PENDING_REVIEW,
    col(Clip.made_by) != Action.REPLAN,
    col(Clip.labels) != [],
    col(Clip.rating).is_not(None),
    col(Clip.note).is_not(None),
    sa.exists().where(
        _member.grouped_with_clip_id == col(Clip.id), _member.state != ClipState.SUPERSEDED
    ),
)
"""A reviewer has decided on the clip, made it, moved an end of it, said something of it or grouped
others with it: new cut points leave it as it is."""

NOTHING_SAID = Annotation()
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


class DueWork(NamedTuple):
    video_key: str
    last_event_id: int
    attempt: int
    clip_count: int


def get(session: Session, clip_id: int) -> Clip:
    """Raises InputError for an id that no clip has."""
    clip = session.get(Clip, clip_id)
    if clip is None:
        raise InputError(f"There is no clip {clip_id}.")
    return clip


def with_ids(session: Session, clip_ids: Iterable[int]) -> Sequence[Clip]:
    """Those of the clips that there are."""
    return session.exec(select(Clip).where(col(Clip.id).in_(clip_ids))).all()


def of_video(session: Session, video_id: int) -> Sequence[Clip]:
    """The video's live clips in film order."""
    return session.exec(
        select(Clip).where(Clip.source_video_id == video_id, LIVE).order_by(col(Clip.start_frame))
    ).all()


def judged(session: Session, video_id: int) -> Sequence[Clip]:
    """Live clips that a reviewer has touched, so that their ends count as seen."""
    return session.exec(
        select(Clip)
        .where(Clip.source_video_id == video_id, LIVE, TOUCHED)
        .order_by(col(Clip.start_frame))
    ).all()


def in_state(
    session: Session, states: Iterable[ClipState], limit: int, offset: int = 0
) -> list[tuple[Clip, SourceVideo]]:
    """Clips of any video, newest first."""
    rows = session.exec(
        select(Clip, SourceVideo)
        .join(SourceVideo)
        .options(WITHOUT_INDEX, WITHOUT_CUT_POINTS)
        .where(col(Clip.state).in_(list(states)))
        .order_by(col(Clip.id).desc())
        .limit(limit)
        .offset(offset)
    )
    return [(clip, video) for clip, video in rows]


def failed(session: Session) -> Sequence[Clip]:
    """Clips with an error, newest first."""
    return session.exec(
        select(Clip).where(col(Clip.error).is_not(None)).order_by(col(Clip.id).desc())
    ).all()


def counts_by_state(session: Session) -> dict[str, int]:
    rows = session.exec(select(Clip.state, sa.func.count()).where(LIVE).group_by(col(Clip.state)))
    return dict(rows.all())


def labels_in_use(session: Session) -> list[str]:
    """Those of live clips, most used first."""
    each = sa.func.unnest(Clip.labels).table_valued("label", name="each").render_derived()
    used = (
        sa.select(each.c.label)
        .select_from(Clip)
        .join(each, sa.true())
        .where(LIVE, col(Clip.labels) != sa.literal_column("'{}'"))
        .group_by(each.c.label)
        .order_by(sa.func.count().desc(), each.c.label)
    )
    return list(session.scalars(used))


def history(session: Session, clip_id: int) -> Sequence[ReviewEvent]:
    """Every decision that touched the clip, oldest first."""
    return session.exec(
        select(ReviewEvent)
        .where(col(ReviewEvent.clip_ids).contains([clip_id]))
        .order_by(col(ReviewEvent.id))
    ).all()


def group(session: Session, clip: Clip) -> Sequence[Clip]:
    """The live clips of its group, itself among them, in film order; none where it is in none."""
    first = clip.grouped_with_clip_id or clip.id
    found = session.exec(
        select(Clip)
        .where(LIVE, sa.or_(col(Clip.id) == first, col(Clip.grouped_with_clip_id) == first))
        .order_by(col(Clip.start_frame))
    ).all()
    return found if len(found) > 1 else []


def make(
    session: Session,
    video: SourceVideo,
    frames: FrameRange,
    made_by: Action,
    annotation: Annotation = NOTHING_SAID,
) -> Clip:
    """A new virtual clip: a row, no file."""
    clip = Clip(
        source_video_id=video.id,
        made_by=made_by,
        cut_points=cut_points(session, video, frames),
        trim=trim(video, frames),
        labels=list(annotation.labels),
        rating=annotation.rating,
        note=annotation.note,
    )
    session.add(clip)
    session.flush()
    return clip


def cut_points(session: Session, video: SourceVideo, frames: FrameRange) -> dict[str, Any]:
    """A clip's range in frames and in time. The times come from the frame index; the last frame of
    the video is shown for one frame's time at the nominal rate."""
    records = frame_slice(session, video.id, FrameRange(frames.start, frames.end + 1))
    start = frame_index.seconds(records[0].ticks)
    if len(records) > frames.length:
        end = frame_index.seconds(records[-1].ticks)
    else:
        end = frame_index.seconds(records[-1].ticks) + float(1 / video.rate)
    return {**frames.as_json(), "start_time_seconds": start, "end_time_seconds": end}


def save(session: Session, changed: Sequence[Clip]) -> None:
    """Writes what a decision can change of clips, all at once, and reads them back. They must be
    locked. Those that give up frames go before those that take them."""
    rows: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for clip in changed:
        rows[_gives_up_frames(clip)].append({"id": clip.id, **_decided(clip)})
    for some in rows.values():
        if some:
            session.execute(_SAVE, {"rows": some})
    ids = [clip.id for clip in changed]
    for clip in changed:
        session.expire(clip)
    locked(session, ids)


def _gives_up_frames(clip: Clip) -> bool:
    """`frames` are still those that the row has."""
    wanted = FrameRange.from_json(clip.cut_points)
    return clip.state == ClipState.SUPERSEDED or wanted.length < clip.frames.length


def _decided(clip: Clip) -> dict[str, Any]:
    values = {name: getattr(clip, name) for name in _DECIDED}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


_DECIDED = (
    *("state", "decided_at", "last_event_id", "error", "version", "leased_by", "leased_until"),
    *("cut_points", "made_by", "trim", "is_virtual", "clip_filepath", "exported_frames"),
    *("grouped_with_clip_id", "labels", "rating", "note"),
)

_NEW: Any = sa.func.jsonb_populate_recordset(
    sa.text("NULL::clips"), sa.bindparam("rows", type_=JSONB)
).table_valued("id", *_DECIDED, name="new")

_SAVE = (
    sa.update(Clip)
    .where(col(Clip.id) == _NEW.c.id)
    .values({name: _NEW.c[name] for name in _DECIDED})
    .execution_options(synchronize_session=False)
)


def locked(session: Session, clip_ids: Iterable[int]) -> dict[int, Clip]:
    """Those of the clips that there are, as they are now, locked in the order of their ids, so
    that no two decisions wait for each other; nor does who only names them, as a group's members
    name its first (`key_share`)."""
    rows = session.exec(
        select(Clip)
        .where(col(Clip.id).in_(sorted(clip_ids)))
        .order_by(col(Clip.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {clip.id: clip for clip in rows}


def reshape(session: Session, video: SourceVideo, clip: Clip, frames: FrameRange) -> None:
    """Gives a clip other frames; nothing is written yet."""
    clip.cut_points = cut_points(session, video, frames)
    clip.trim = trim(video, frames)


def trim(video: SourceVideo, frames: FrameRange) -> dict[str, int] | None:
    """What to keep of a clip so that it shows its own shot alone; None: all of it."""
    found = (video.scene_cut_points or {}).get("transitions", ())
    clean = clean_range(frames, [Transition(**each) for each in found])
    return None if clean == frames else clean.as_json()


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


def neighbour(session: Session, clip: Clip, side: Side) -> int | None:
    """The id of the live clip of the same video that lies right beside."""
    beside = (
        col(Clip.end_frame) == clip.start_frame
        if side == Side.PREVIOUS
        else col(Clip.start_frame) == clip.end_frame
    )
    return session.exec(
        select(Clip.id).where(Clip.source_video_id == clip.source_video_id, LIVE, beside)
    ).first()


def release(session: Session, reviewer: str) -> None:
    """Gives back what a reviewer has leased, but for what is being decided on right now."""
    session.execute(
        sa.update(Clip)
        .where(col(Clip.id).in_(_free(Clip.leased_by == reviewer)))
        .values(leased_by=None, leased_until=None)
    )


def _free(*conditions: Any) -> Any:
    """Ids of clips that nobody is writing to, locked: who would wait for rows in any order could
    be waited for."""
    return (
        sa.select(col(Clip.id)).where(*conditions).with_for_update(key_share=True, skip_locked=True)
    )


def _rested(undo_window_seconds: float) -> Any:
    """True of a decision past its undo window, by the database's clock alone."""
    return col(Clip.decided_at) <= sa.func.now() - timedelta(seconds=undo_window_seconds)


def _due(undo_window_seconds: float) -> Any:
    return sa.or_(
        sa.and_(col(Clip.state) == ClipState.REVIEW_APPROVED, _rested(undo_window_seconds)),
        col(Clip.state).in_(UNFINISHED),
    )


def due(session: Session, undo_window_seconds: float, limit: int) -> list[DueWork]:
    """Videos with clips that the pipeline may act on now: approved and past the undo window, or
    left unfinished by a run that died."""
    rows = session.execute(
        sa.select(
            col(SourceVideo.key),
            sa.func.coalesce(sa.func.max(Clip.last_event_id), 0),
            sa.func.sum(Clip.attempt),
            sa.func.count(),
        )
        .join(Clip, col(Clip.source_video_id) == col(SourceVideo.id))
        .where(_due(undo_window_seconds))
        .group_by(col(SourceVideo.key))
        .order_by(sa.func.min(Clip.decided_at))
        .limit(limit)
    )
    return [DueWork(*row) for row in rows]


def claim(
    session: Session, video_id: int, step: Step[ClipState], undo_window_seconds: float
) -> Sequence[Clip]:
    """Takes into `step` all clips of the video that are due for it, and says which.

    Undo competes for the same rows: whichever comes second finds them changed.
    """
    ready = col(Clip.state) == step.waiting
    if step is EXPORT:
        ready = sa.and_(ready, _rested(undo_window_seconds))
    rows = session.exec(
        select(Clip)
        .where(
            Clip.source_video_id == video_id,
            sa.or_(ready, col(Clip.state) == step.doing),
        )
        .order_by(col(Clip.start_frame))
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    for clip in rows:
        clip.state = changed(ClipState(clip.state), step.doing)
        clip.error = None
    return rows


def finish(
    session: Session, clip_id: int, step: Step[ClipState], facts: Mapping[str, Any] | None = None
) -> None:
    clip = _locked(session, clip_id)
    for name, value in (facts or {}).items():
        setattr(clip, name, value)
    clip.state = changed(ClipState(clip.state), step.done)


def fail(session: Session, clip_id: int, step: Step[ClipState], error: str) -> None:
    clip = _locked(session, clip_id)
    clip.state = changed(ClipState(clip.state), step.failed)
    clip.error = error


def give_up(
    session: Session,
    video_key: str,
    last_event_id: int,
    undo_window_seconds: float,
    error: str,
) -> None:
    """Fails the steps that a run left behind, or never began, on the clips of a video that were
    decided up to `last_event_id`. Where a step is at work they are asked for anew instead."""
    at_work = is_at_work(session, video_key)
    left = session.exec(
        select(Clip)
        .join(SourceVideo)
        .where(
            SourceVideo.key == video_key,
            col(Clip.last_event_id) <= last_event_id,
            _due(undo_window_seconds),
        )
        .order_by(col(Clip.id))
        .with_for_update(of=Clip, key_share=True)
    )
    for clip in left:
        if at_work:
            clip.attempt += 1
            continue
        step = next(each for each in CLIP_STEPS if clip.state in (each.waiting, each.doing))
        clip.state = changed(ClipState(clip.state), step.failed)
        clip.error = error


def retry(session: Session, clip_id: int) -> Clip:
    """Puts a clip that failed, or was left in the middle of a step, back before that step, under a
    new attempt.

    Raises InputError for any other clip, Conflict where a step is at work on its video.
    """
    clip = _locked(session, clip_id)
    step = next((each for each in CLIP_STEPS if clip.state in (each.doing, each.failed)), None)
    if step is None:
        raise InputError(f"Clip {clip_id} is {clip.state}: there is nothing to try again.")
    video = session.get_one(SourceVideo, clip.source_video_id, options=[WITHOUT_INDEX])
    if is_at_work(session, video.key):
        raise Conflict(f"A run is working on {video.title}: wait for it to end, or cancel it.")
    clip.state = changed(ClipState(clip.state), step.waiting)
    clip.attempt += 1
    clip.error = None
    return clip


def archive_rested(session: Session, undo_window_seconds: float) -> int:
    """Makes final the archive decisions that are past their undo window; says how many."""
    result = session.execute(
        sa.update(Clip)
        .where(
            col(Clip.id).in_(
                _free(col(Clip.state) == ClipState.REVIEW_ARCHIVED, _rested(undo_window_seconds))
            )
        )
        .values(state=changed(ClipState.REVIEW_ARCHIVED, ClipState.ARCHIVED))
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def _locked(session: Session, clip_id: int) -> Clip:
    clip = locked(session, [clip_id]).get(clip_id)
    if clip is None:
        raise InputError(f"There is no clip {clip_id}.")
    return clip
