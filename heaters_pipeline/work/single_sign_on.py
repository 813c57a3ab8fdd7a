"""Letting in people who sign in elsewhere: at a proxy, or at a provider of OpenID Connect."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db import audit, people, sign_in_delays
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Person
from heaters_pipeline.domain.errors import Conflict, Forbidden
from heaters_pipeline.domain.people import Counters, Who, counters, person_name
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.domain.single_sign_on import Arrival
from heaters_pipeline.work.people import begin_session, digest, refuse_if_too_soon, set_role


def by_name(session: Session, name: str, role: Role | None, *, address: str) -> Person:
    """Whom a trusted proxy names; a new person, if need be, of that role. Raises Forbidden where
    there is no role for newcomers, and InputError for a name that can't be one."""
    name = person_name(name)
    found = people.find(session, name)
    if found is not None:
        return found
    try:
        return _add(session, Arrival("", name, role), address)
    except Conflict:  # another request of the same page was first
        return people.named(session, name)


class Try(NamedTuple):
    """A way back from a provider, which counts as failed until it has not."""

    address: str
    counters: Counters


def begin(engine: Engine, state: str, *, address: str) -> Try:
    """Raises TooSoon after too many that failed from one address. `state`: what the way back says
    of the way out."""
    counted = counters("", address)._replace(name=f"oidc {digest(state)}")
    with transaction(engine) as session:
        refuse_if_too_soon(sign_in_delays.begin(session, counted))
    return Try(address, counted)


def sign_in(
    engine: Engine, begun: Try, arrival: Arrival, role: Role | None, *, browser: str
) -> str:
    """The secret of a new session for whom a provider knows; a new person, if need be, of the role
    that their claims give, or else of `role`. Raises Forbidden where there is none, and for the
    name of somebody who does not sign in there."""
    address = begun.address
    with transaction(engine) as session:
        person = people.find_subject(session, arrival.subject)
        if person is None:
            _refuse_name_of_another(session, arrival.name)
            person = _add(session, arrival._replace(role=arrival.role or role), address)
        elif arrival.role is not None and arrival.role != person.role:
            set_role(session, Who(person.name, address), person, arrival.role)
        sign_in_delays.succeed(session, begun.counters)
        return begin_session(session, person, address=address, browser=browser)


def _refuse_name_of_another(session: Session, name: str) -> None:
    """Else whoever chooses their name at the provider would choose whose rights they have."""
    if people.find(session, name) is not None:
        raise Forbidden(
            f"There is a person {name} who does not sign in this way: ask an admin, who may remove "
            "them; their decisions stay."
        )


def _add(session: Session, arrival: Arrival, address: str) -> Person:
    if arrival.role is None:
        raise Forbidden(f"Nobody here knows {arrival.name}: ask an admin to let you in.")
    person = people.add(session, arrival.name, arrival.role, subject=arrival.subject or None)
    audit.note(session, Who(person.name, address), "add person", person.name, arrival.role)
    return person
