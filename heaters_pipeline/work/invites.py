"""Inviting people: whoever has the link chooses a name and a password, and is in."""

from __future__ import annotations

import secrets

from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db import audit, event_log, invites, sign_in_delays
from heaters_pipeline.db import people as rows
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Invite, Person
from heaters_pipeline.domain.errors import Conflict, NotFound
from heaters_pipeline.domain.people import Who, check_password, counters, person_name
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.work import people
from heaters_pipeline.work.people import digest


def invite(session: Session, who: Who, maker: Person | None, role: Role, days: float) -> str:
    """The secret of a link, that is told now and never again. `maker`: None where no person has
    signed in."""
    invites.sweep(session)
    secret = secrets.token_urlsafe(32)
    invites.add(session, maker, role, digest(secret), days)
    audit.note(session, who, "invite", detail=role)
    return secret


def withdraw(session: Session, who: Who, invite_id: int) -> Invite:
    found = invites.get(session, invite_id)
    session.delete(found)
    audit.note(session, who, "withdraw invitation", detail=found.role)
    return found


def role_of(engine: Engine, secret: str, *, address: str) -> Role:
    """What the link makes of whoever has it. Raises NotFound for one that lets nobody in, or not
    any more, and TooSoon after too many of these from one address."""
    counted = counters("", address)._replace(name=f"invite {digest(secret)}")
    with transaction(engine) as session:
        people.refuse_if_too_soon(sign_in_delays.begin(session, counted))
        found = invites.find(session, digest(secret))
        if found is not None:
            sign_in_delays.succeed(session, counted)
            return Role(found.role)
        audit.note(session, Who("nobody", address), "fail to use an invitation")
    raise _nothing()


def accept(
    engine: Engine, secret: str, name: str, password: str, *, address: str, browser: str
) -> str:
    """Makes whoever has the link a person, and uses it up; gives the secret of their session.
    Raises what `role_of` does, InputError for a name or a password that is none, and Conflict for
    the name of somebody else, also of one who was removed or was here before people signed in: the
    link stays good then."""
    role_of(engine, secret, address=address)
    name = person_name(name)
    check_password(password)
    hashed = people.hashed(password)
    with transaction(engine) as session:
        found = invites.find(session, digest(secret), lock=True)
        if found is None:
            raise _nothing()
        if rows.exist(session) and event_log.has_decided(session, name):
            raise Conflict(
                f"Somebody decided as {name} before: choose another name, or ask an admin to add "
                "you under this one."
            )
        who = Who(name, address)
        person = people.add_hashed(session, who, name, Role(found.role), hashed)
        session.delete(found)
        return people.begin_session(session, person, address=address, browser=browser)


def _nothing() -> NotFound:
    return NotFound(
        "This invitation has been used or withdrawn, or has expired: ask an admin for another."
    )
