"""Invitations: links by which somebody becomes a person, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import Invite, Person
from heaters_pipeline.domain.errors import NotFound
from heaters_pipeline.domain.roles import Role

_OPEN = col(Invite.expires_at) > sa.func.now()


def add(session: Session, maker: Person | None, role: Role, digest: str, days: float) -> Invite:
    expires_at = session.scalars(sa.select(sa.func.now() + timedelta(days=days))).one()
    made_by = maker.id if maker else None
    invite = Invite(person_id=made_by, role=role, digest=digest, expires_at=expires_at)
    session.add(invite)
    session.flush()
    return invite


def find(session: Session, digest: str, *, lock: bool = False) -> Invite | None:
    """None for one that is used up, withdrawn or expired. Of two who use a locked one at once, the
    second finds nothing."""
    query = select(Invite).where(Invite.digest == digest, _OPEN)
    return session.exec(query.with_for_update() if lock else query).first()


def get(session: Session, invite_id: int) -> Invite:
    found = session.get(Invite, invite_id)
    if found is None:
        raise NotFound("This invitation has been used or withdrawn already.")
    return found


def listed(session: Session) -> Sequence[Invite]:
    """Those that still let somebody in, the newest first."""
    return session.exec(select(Invite).where(_OPEN).order_by(col(Invite.id).desc())).all()


def let_in_an_admin(session: Session) -> bool:
    """Whether one is open that makes an admin."""
    of_admins = sa.select(col(Invite.id)).where(_OPEN, col(Invite.role) == Role.ADMIN)
    return bool(session.scalar(sa.select(sa.exists(of_admins))))


def end_of(session: Session, maker: Person) -> None:
    """Withdraws all that the person has made."""
    session.execute(sa.delete(Invite).where(col(Invite.person_id) == maker.id))


def sweep(session: Session) -> None:
    """Deletes those that have expired. It waits for nobody."""
    old = sa.select(col(Invite.id)).where(~_OPEN).with_for_update(skip_locked=True)
    session.execute(sa.delete(Invite).where(col(Invite.id).in_(old)))
