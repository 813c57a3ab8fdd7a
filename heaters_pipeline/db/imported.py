"""Clips of older systems: what they were there, and where they are now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from heaters_pipeline.db import clips, events, labels
from heaters_pipeline.db.among import among
from heaters_pipeline.db.models import Clip, ImportedClip, ReviewEvent, SourceVideo
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action, Snapshot
from heaters_pipeline.domain.older import NOBODY, STATE_OF, OlderClip, decisions
from heaters_pipeline.domain.states import APPROVED, ClipState, SourceState


class Known(NamedTuple):
    """A clip of an older system that was registered here."""

    row_id: int
    clip_id: int | None
    is_whole: bool
    """Whether all that is known of it is here."""
    is_removed: bool
    """Whether the video of its file was removed before it was placed in its film."""


def known(session: Session, system: str) -> dict[str, Known]:
    """Those of an older system, by their ids there."""
    rows = session.execute(
        sa.select(
            col(ImportedClip.old_id),
            col(ImportedClip.id),
            col(ImportedClip.clip_id),
            col(ImportedClip.record).is_(None),
            sa.and_(
                col(ImportedClip.placed_in_id).is_(None),
                sa.func.coalesce(col(SourceVideo.state) == SourceState.REMOVED, sa.false()),
            ),
        )
        .outerjoin(SourceVideo, col(SourceVideo.id) == col(ImportedClip.video_id))
        .where(col(ImportedClip.system) == system)
    )
    return {old_id: Known(*rest) for old_id, *rest in rows}


def known_one(session: Session, system: str, old_id: str) -> ImportedClip | None:
    """The one with this id there, if it was registered."""
    return session.exec(_one(system, old_id)).first()


def _one(system: str, old_id: str) -> SelectOfScalar[ImportedClip]:
    return select(ImportedClip).where(ImportedClip.system == system, ImportedClip.old_id == old_id)


def of_clip(session: Session, clip_id: int) -> ImportedClip | None:
    """The one that is this clip here."""
    return session.exec(select(ImportedClip).where(ImportedClip.clip_id == clip_id)).first()


def clip_ids(system: str) -> Any:
    """A query of the clips here that came from an older system."""
    return sa.select(col(ImportedClip.clip_id)).where(
        col(ImportedClip.system) == system, col(ImportedClip.clip_id).is_not(None)
    )


def of_film(session: Session, film_id: int) -> Sequence[ImportedClip]:
    """The clips with files that were cut from a film, in the order of their places in it."""
    return session.exec(
        select(ImportedClip)
        .where(ImportedClip.film_id == film_id, col(ImportedClip.video_id).is_not(None))
        .order_by(col(ImportedClip.start_frame).nulls_last(), col(ImportedClip.id))
    ).all()


def placed_in(session: Session, film_id: int) -> Sequence[ImportedClip]:
    """The clips that lie in a film now, in the order of their places in it; without those that got
    another file."""
    return session.exec(
        select(ImportedClip)
        .where(ImportedClip.placed_in_id == film_id, col(ImportedClip.clip_id).is_not(None))
        .order_by(col(ImportedClip.placed_frame))
    ).all()


def register(
    session: Session,
    system: str,
    clip: OlderClip,
    film_id: int,
    video_id: int | None,
) -> ImportedClip:
    """The row of a clip whose file is the source video `video_id`; the one that is there already,
    where there is one."""
    frames = clip.frames
    session.execute(
        insert(ImportedClip)
        .values(
            system=system,
            old_id=clip.old_id,
            film_id=film_id,
            video_id=video_id,
            record=clip.as_json(),
            start_frame=frames and frames.start,
            end_frame=frames and frames.end,
        )
        .on_conflict_do_nothing(index_elements=["system", "old_id"])
    )
    return session.exec(_one(system, clip.old_id)).one()


def is_clip_file(session: Session, key: str) -> bool:
    """Whether the video is made of a clip's file. Two clips with the same bytes are two."""
    return (
        session.exec(
            select(ImportedClip.id)
            .join(SourceVideo, col(SourceVideo.id) == col(ImportedClip.video_id))
            .where(SourceVideo.key == key)
        ).first()
        is not None
    )


class ClipFile(NamedTuple):
    """What a video is that is made of a clip's file."""

    film_id: int
    """The film that its clip was cut from or, where it `is_placed`, lies in now."""
    is_placed: bool
    problem: str | None
    """Why the clip was not placed in its film, in a sentence."""


def clip_files(session: Session, video_ids: Sequence[int]) -> dict[int, ClipFile]:
    """Those of the videos that are made of clips' files, by their ids."""
    rows = session.execute(
        sa.select(
            col(ImportedClip.video_id),
            sa.func.coalesce(col(ImportedClip.placed_in_id), col(ImportedClip.film_id)),
            col(ImportedClip.placed_in_id).is_not(None),
            col(ImportedClip.problem),
        ).where(among(col(ImportedClip.video_id), video_ids))
    )
    return {video_id: ClipFile(*rest) for video_id, *rest in rows}


def stays_empty(session: Session, video_id: int) -> bool:
    """Whether no clips are laid in a video: the clip of its file lies in the film now; or clips
    with files of their own were cut from it, and nobody has sought their places yet."""
    left = sa.and_(
        col(ImportedClip.video_id) == video_id, col(ImportedClip.placed_in_id).is_not(None)
    )
    unsought = sa.and_(
        col(ImportedClip.film_id) == video_id,
        col(ImportedClip.video_id).is_not(None),
        col(ImportedClip.sought_at).is_(None),
    )
    found = select(ImportedClip.id).where(sa.or_(left, unsought)).limit(1)
    return session.exec(found).first() is not None


def adopt(session: Session, video_id: int) -> None:
    """Gives the clip of a video that is made of an older clip's file all that was decided on that
    one, as events of those who did, at their times. Does nothing a second time."""
    row = session.exec(
        select(ImportedClip)
        .where(ImportedClip.video_id == video_id, col(ImportedClip.clip_id).is_(None))
        .with_for_update()
    ).first()
    if row is None or row.record is None:
        return
    [clip] = clips.lock_live(session, video_id).values()
    _write_decisions(session, clip, OlderClip.from_json(row.record))
    if clip.state == ClipState.REVIEW_APPROVED:
        # Its own file and stills are about to come (`work.older_files`). Where they don't, it is
        # exported as any other.
        clip.retry_at = session.scalar(sa.select(sa.func.now() + sa.text("interval '1 day'")))
    row.clip_id = clip.id


def lay_replaced(session: Session, row: ImportedClip, film: SourceVideo) -> None:
    """A clip that others had replaced in the older system: a row of the film's past, without a
    file."""
    older = OlderClip.from_json(row.record or {})
    frames = older.frames or FrameRange(0, 1)
    rate = float(film.rate) if film.rate_num else 0.0
    times = {
        f"{end}_time_seconds": frame / rate if rate else 0.0
        for end, frame in zip(("start", "end"), frames, strict=True)
    }
    clip = Clip(
        source_video_id=film.id,
        state=ClipState.SUPERSEDED,
        made_by=Action.REPLAN,
        cut_points=frames.as_json() | times,
    )
    session.add(clip)
    session.flush()
    session.refresh(clip)
    _write_decisions(session, clip, older)
    row.clip_id, row.record = clip.id, None


def _write_decisions(session: Session, clip: Clip, older: OlderClip) -> None:
    """All in the order in which they were made; `clip` may be superseded by the last of them."""
    written: list[int] = []
    clip.state = ClipState.PENDING_REVIEW
    made = decisions(older)
    times = [decision.at or older.decided_at for decision in made]
    if older.annotation != clips.NOTHING_SAID:
        was = events.snapshot(clip)
        clip.labels = labels.current(session, older.labels)
        clip.rating, clip.note = older.rating, older.note
        who, at = older.reviewer or NOBODY, min(filter(None, times), default=older.decided_at)
        _write(session, clip, was, Action.ANNOTATE, who, at)
    for decision, at in zip(made, times, strict=True):
        was = events.snapshot(clip)
        clip.state = STATE_OF[decision.fate]
        undoes = written[decision.undoes] if decision.undoes is not None else None
        event = _write(session, clip, was, decision.action, decision.actor, at, undoes)
        written.append(event.id)
        clip.last_event_id = event.id
        clip.decided_at = None if clip.state == ClipState.PENDING_REVIEW else event.created_at


def _write(
    session: Session,
    clip: Clip,
    was: Snapshot,
    action: Action,
    actor: str,
    at: datetime | None,
    undoes: int | None = None,
) -> ReviewEvent:
    """An event of a time that may be long ago; None: not known. It is as old as that, but neither
    older than the events before it, which it is undone before, nor of the future."""
    clip.version += 1
    before = sa.select(sa.func.max(col(ReviewEvent.created_at))).where(
        col(ReviewEvent.clip_ids).overlap(  # type: ignore[attr-defined]
            [clip.id, clip.grouped_with_clip_id or clip.id]
        ),
        col(ReviewEvent.actor) != "pipeline",
    )
    its_own = sa.literal(at, sa.DateTime(timezone=True))
    latest = sa.func.greatest(its_own, before.scalar_subquery())
    created_at = sa.select(sa.func.least(sa.func.now(), latest))
    event = ReviewEvent(
        source_video_id=clip.source_video_id,
        actor=actor,
        action=action,
        clip_ids=[clip.id],
        before=[was],
        after=[events.snapshot(clip)],
        undoes_event_id=undoes,
        created_at=session.execute(created_at).scalar_one(),
    )
    session.add(event)
    session.flush()
    session.refresh(event)
    return event


def write_group(session: Session, clip_id: int, first_id: int, older: OlderClip) -> bool:
    """Groups a clip with the first one of its group, as the older system had them; whether it was
    done now. Not where that was done before, or either is another clip by now."""
    if clip_id == first_id or _was_grouped(session, clip_id):
        return False
    found = clips.locked(session, [clip_id, first_id])
    clip, first = found[clip_id], found[first_id]
    if first.grouped_with_clip_id or not {clip.state, first.state} <= APPROVED:
        return False
    was = events.snapshot(clip)
    clip.grouped_with_clip_id = first.id
    grouped = [each for each in older.events if each.action == Action.GROUP]
    who, at = (
        (grouped[-1].actor, grouped[-1].at)
        if grouped
        else (older.reviewer or NOBODY, older.decided_at)
    )
    clip.last_event_id = _write(session, clip, was, Action.GROUP, who, at).id
    return True


def _was_grouped(session: Session, clip_id: int) -> bool:
    found = select(ReviewEvent.id).where(
        col(ReviewEvent.clip_ids).contains([clip_id]), ReviewEvent.action == Action.GROUP
    )
    return session.exec(found.limit(1)).first() is not None


def settle(session: Session, row_id: int) -> None:
    """Nothing of the clip is left to be taken over: whatever it lacks, the pipeline makes."""
    row = session.get_one(ImportedClip, row_id)
    row.record = None
    if row.clip_id is not None:
        clip = clips.locked(session, [row.clip_id])[row.clip_id]
        if clip.state == ClipState.REVIEW_APPROVED:
            clip.retry_at = None


def sought(session: Session, row_id: int, problem: str | None) -> None:
    """The clip was sought in its film just now; why it was not placed there, in a sentence."""
    row = session.get_one(ImportedClip, row_id)
    row.sought_at, row.problem = session.scalar(sa.select(sa.func.now())), problem


def register_placed(
    session: Session, film: SourceVideo, clip: Clip, own_id: str, video_id: int
) -> ImportedClip:
    """The row, by the id `own_id`, of a clip of the film for which the video `video_id` is made: it
    had no file of its own, or one with other frames. The row of that one lets the clip go."""
    session.execute(
        sa.update(ImportedClip).where(col(ImportedClip.clip_id) == clip.id).values(clip_id=None)
    )
    row = ImportedClip(
        system=film.key,
        old_id=own_id,
        film_id=film.id,
        video_id=video_id,
        clip_id=clip.id,
        start_frame=clip.start_frame,
        end_frame=clip.end_frame,
        placed_in_id=film.id,
        placed_frame=clip.start_frame,
    )
    session.add(row)
    session.flush()
    return row
