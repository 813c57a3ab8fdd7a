"""Copies of selections that people ask for on a page: who wants which where, and how far it is.

Rows are the memory: a run that says nothing for `SILENCE` has died, and another one goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import HandoverCopy
from heaters_pipeline.domain import retries
from heaters_pipeline.domain.errors import Conflict, Gone, NotFound

SILENCE = timedelta(minutes=2)

DIED = "All its runs died: look at the runs of the job handover in Dagster, then copy again."


class DueCopy(NamedTuple):
    copy_id: int
    runs: int
    """With the one that is to be asked for."""


def ask(
    session: Session,
    *,
    actor: str,
    profile: str,
    selection: Mapping[str, str],
    title: str,
    destination: str,
) -> int:
    """Has the files of a selection copied; the copy's id. Raises Conflict while something is being
    copied to that place."""
    copy_id = session.scalar(
        insert(HandoverCopy)
        .values(
            actor=actor,
            profile=profile,
            selection=dict(selection),
            title=title,
            destination=destination,
            next_try_at=sa.func.now(),
        )
        .on_conflict_do_nothing(
            index_elements=["destination"], index_where=col(HandoverCopy.ended_at).is_(None)
        )
        .returning(col(HandoverCopy.id))
    )
    if copy_id is None:
        raise Conflict(f"Something is being copied to {destination}: wait for its end, or stop it.")
    return int(copy_id)


def get(session: Session, copy_id: int) -> HandoverCopy:
    found = session.get(HandoverCopy, copy_id)
    if found is None:
        raise NotFound(f"There is no copy {copy_id}.")
    return found


def latest(session: Session, limit: int) -> Sequence[HandoverCopy]:
    """The latest first."""
    return session.exec(
        select(HandoverCopy).order_by(col(HandoverCopy.id).desc()).limit(limit)
    ).all()


def due(session: Session, limit: int, waiting: Collection[int]) -> list[DueCopy]:
    """Copies for which a run is to be asked for now; they are not due again before `SILENCE` is
    over. Those that have had as many runs as work has tries end instead. `waiting`: copies with a
    run that has yet to begin."""
    found = session.exec(
        select(HandoverCopy)
        .where(col(HandoverCopy.ended_at).is_(None), col(HandoverCopy.next_try_at) <= sa.func.now())
        .where(col(HandoverCopy.id).not_in(waiting))
        .order_by(col(HandoverCopy.next_try_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    again = [copy for copy in found if retries.may_try_again(copy.runs)]
    for copy in found:
        if copy not in again:
            _end(session, copy.id, error=copy.error or DIED)
    for copy in again:
        copy.runs += 1
        copy.next_try_at = sa.func.now() + SILENCE  # type: ignore[assignment]
    return [DueCopy(copy.id, copy.runs) for copy in again]


def begin(session: Session, copy_id: int) -> HandoverCopy | None:
    """A run is at work on the copy; None where it has ended meanwhile."""
    copy = get(session, copy_id)
    begun = sa.update(HandoverCopy).where(_under_way(copy_id))
    session.execute(
        begun.values(
            tries=HandoverCopy.tries + 1,
            done=0,
            error=None,
            next_try_at=sa.func.now() + SILENCE,
        )
    )
    session.refresh(copy)
    return copy if copy.ended_at is None else None


def is_wanted(session: Session, copy_id: int, done: float) -> bool:
    """Whether nobody has stopped a copy of which this share is done; a sign of life of its run."""
    told = sa.update(HandoverCopy).where(_under_way(copy_id))
    said = told.values(done=done, next_try_at=sa.func.now() + SILENCE)
    return session.scalar(said.returning(col(HandoverCopy.id))) is not None


def end(
    session: Session, copy_id: int, *, files: int, new_files: int, left_out: str | None
) -> None:
    """All its files are there."""
    _end(session, copy_id, done=1, error=None, files=files, new_files=new_files, left_out=left_out)


def fail(session: Session, copy_id: int, error: str, pause: timedelta | None) -> None:
    """It is tried again after `pause`; without one it has ended."""
    if pause is None:
        _end(session, copy_id, error=error)
    else:
        again = sa.update(HandoverCopy).where(_under_way(copy_id))
        session.execute(again.values(done=0, error=error, next_try_at=sa.func.now() + pause))


def stop(session: Session, copy_id: int, actor: str) -> HandoverCopy:
    """Ends a copy; files that are there stay. Raises Gone where it has ended."""
    copy = get(session, copy_id)
    if not _end(session, copy_id, error=f"{actor} stopped it."):
        raise Gone(f"The copy to {copy.destination} has ended already.")
    session.refresh(copy)
    return copy


def forget_ended(session: Session, days: float) -> int:
    """Forgets copies that ended more than `days` ago; their number."""
    old = col(HandoverCopy.ended_at) < sa.func.now() - timedelta(days=days)
    gone = session.scalars(sa.delete(HandoverCopy).where(old).returning(col(HandoverCopy.id)))
    return len(gone.all())


def _under_way(copy_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(col(HandoverCopy.id) == copy_id, col(HandoverCopy.ended_at).is_(None))


def _end(session: Session, copy_id: int, **values: object) -> bool:
    """Whether it was under way."""
    ended = sa.update(HandoverCopy).where(_under_way(copy_id))
    said = ended.values(next_try_at=None, ended_at=sa.func.now(), **values)
    return session.scalar(said.returning(col(HandoverCopy.id))) is not None
