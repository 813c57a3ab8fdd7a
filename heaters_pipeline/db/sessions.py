"""Browsers in which people are signed in. A session lasts until it has not been used for some days,
or until somebody ends it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import Person, SignIn
from heaters_pipeline.domain.errors import NotFound

NOTED = timedelta(minutes=1)
"""How exactly it is known when a session was used last: not every request shall write."""


def begin(session: Session, person: Person, digest: str, address: str, browser: str) -> None:
    session.add(SignIn(person_id=person.id, digest=digest, address=address, browser=browser))


def use(session: Session, digest: str, days: float) -> Person | None:
    """Whom the session is of; None where there is no such session, or it has ended."""
    found = session.exec(
        select(Person, SignIn, _used_within(NOTED))
        .join(SignIn)
        .where(SignIn.digest == digest, _used_within(timedelta(days=days)))
    ).first()
    if found is None:
        return None
    person, sign_in, is_noted = found
    if not is_noted:
        sign_in.seen_at = session.scalars(sa.select(sa.func.now())).one()
    return person


def listed(session: Session, days: float) -> Sequence[SignIn]:
    """Those of everybody, used last first."""
    alive = select(SignIn).where(_used_within(timedelta(days=days)))
    return session.exec(alive.order_by(col(SignIn.seen_at).desc())).all()


def get(session: Session, session_id: int) -> SignIn:
    found = session.get(SignIn, session_id)
    if found is None:
        raise NotFound("This session has ended already.")
    return found


def end(session: Session, digest: str) -> Person | None:
    """Gives whose session it was; None where it has ended already."""
    deleted = sa.delete(SignIn).where(col(SignIn.digest) == digest).returning(col(SignIn.person_id))
    person_id = session.scalar(deleted)
    return None if person_id is None else session.get(Person, person_id)


def end_all(session: Session, person: Person) -> None:
    session.execute(sa.delete(SignIn).where(col(SignIn.person_id) == person.id))


def sweep(session: Session, days: float) -> None:
    """Deletes those that have ended by themselves. It waits for nobody."""
    ended = sa.select(col(SignIn.id)).where(~_used_within(timedelta(days=days)))
    session.execute(
        sa.delete(SignIn).where(col(SignIn.id).in_(ended.with_for_update(skip_locked=True)))
    )


def _used_within(time: timedelta) -> Any:
    return col(SignIn.seen_at) > sa.func.now() - time
