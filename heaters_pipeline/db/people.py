"""People and their roles. There is an admin as long as there is anybody."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import Person
from heaters_pipeline.db.prepared import Prepared
from heaters_pipeline.domain.errors import Conflict, InputError, NotFound
from heaters_pipeline.domain.roles import Role

_EXIST = Prepared(sa.select(sa.exists(sa.select(col(Person.id)))))


def exist(session: Session) -> bool:
    ((found,),) = _EXIST(session)
    return bool(found)


def number(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Person)) or 0


def listed(session: Session) -> Sequence[Person]:
    """By name."""
    return session.exec(select(Person).order_by(sa.func.lower(Person.name))).all()


def find(session: Session, name: str, *, lock: bool = False) -> Person | None:
    """Whatever the case of the letters. A locked one keeps role and password until the end of the
    transaction."""
    query = select(Person).where(sa.func.lower(Person.name) == sa.func.lower(name))
    return session.exec(query.with_for_update() if lock else query).first()


def find_subject(session: Session, subject: str) -> Person | None:
    """Whom a provider of OpenID Connect knows under this."""
    return session.exec(select(Person).where(Person.subject == subject)).first()


def named(session: Session, name: str) -> Person:
    person = find(session, name)
    if person is None:
        raise NotFound(f"There is no person {name}: `heaters users list` names all.")
    return person


def get(session: Session, person_id: int) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("Somebody has removed this person.")
    return person


def add(
    session: Session,
    name: str,
    role: Role,
    password_hash: str | None = None,
    subject: str | None = None,
) -> Person:
    """Without a password they sign in elsewhere, as `subject` where a provider says who they
    are."""
    _alone(session)
    if find(session, name) is not None:
        raise Conflict(f"There is a person {name} already: choose another name.")
    if role != Role.ADMIN and not exist(session):
        raise InputError(
            "The first person is an admin, who lets others in: `heaters users add NAME --role "
            "admin`."
        )
    person = Person(name=name, role=role, password_hash=password_hash, subject=subject)
    session.add(person)
    session.flush()
    return person


def set_role(session: Session, person: Person, role: Role) -> None:
    _alone(session)
    if role != Role.ADMIN:
        _refuse_if_last_admin(session, person)
    person.role = role
    session.flush()


def remove(session: Session, person: Person) -> None:
    """With their sessions, tokens and invitations; their decisions stay. The last of all may go."""
    _alone(session)
    if len(listed(session)) > 1:
        _refuse_if_last_admin(session, person)
    session.delete(person)
    session.flush()


def _alone(session: Session) -> None:
    """Of two admins who demote each other at once, one has to see what the other did."""
    session.execute(sa.text("LOCK TABLE people IN SHARE ROW EXCLUSIVE MODE"))


def _refuse_if_last_admin(session: Session, person: Person) -> None:
    others = select(Person.id).where(Person.role == Role.ADMIN, Person.id != person.id)
    if session.exec(others).first() is None:
        raise Conflict(f"{person.name} is the last admin: make somebody else one first.")
