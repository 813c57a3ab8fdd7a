"""Letting people in: passwords, sessions, tokens. Each change and its line in the audit log are one
transaction."""

from __future__ import annotations

import hashlib
import math
import secrets
from functools import cache
from threading import BoundedSemaphore
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db import audit, invites, people, sessions, sign_in_delays, tokens
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Person, Token
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.people import (
    LONGEST_PASSWORD,
    TOKEN_PREFIX,
    SignInRefused,
    TooSoon,
    Who,
    check_password,
    counters,
    person_name,
)
from heaters_pipeline.domain.roles import Role, lesser
from heaters_pipeline.settings import Settings

LONGEST_BROWSER = 200

_HASHER = PasswordHasher()
_HASHING = BoundedSemaphore(2)
"""Each password that is hashed takes 64 MiB for the time."""


def digest(secret: str) -> str:
    """What is kept of a session's or a token's secret: a random one of 256 bits needs no argon2."""
    return hashlib.sha256(secret.encode()).hexdigest()


def refuse_unless_guarded(session: Session, settings: Settings) -> None:
    """Raises InputError where other machines would reach an app that nobody can sign in to."""
    opened_by = settings.opened_by
    if opened_by is None or settings.signs_in_elsewhere:
        return
    if not people.exist(session) and not invites.let_in_an_admin(session):
        raise InputError(
            f"By {opened_by} other machines get in, and there is no admin who lets "
            "people in: run `heaters users add NAME --role admin` and start again."
        )


def add(session: Session, who: Who, name: str, role: Role, password: str) -> Person:
    check_password(password)
    return add_hashed(session, who, person_name(name), role, hashed(password))


def add_hashed(session: Session, who: Who, name: str, role: Role, password_hash: str) -> Person:
    person = people.add(session, name, role, password_hash)
    audit.note(session, who, "add person", person.name, role)
    return person


def set_role(session: Session, who: Who, person: Person, role: Role) -> None:
    """Ends the person's sessions and invitations; their tokens do at most what they may now."""
    was = person.role
    people.set_role(session, person, role)
    sessions.end_all(session, person)
    invites.end_of(session, person)
    audit.note(session, who, "change role", person.name, f"{was} to {role}")


def set_password(session: Session, who: Who, person: Person, password: str) -> None:
    """Ends the person's sessions; their tokens stay."""
    check_password(password)
    person.password_hash = hashed(password)
    sessions.end_all(session, person)
    audit.note(session, who, "change password", person.name)


def remove(session: Session, who: Who, person: Person) -> None:
    people.remove(session, person)
    audit.note(session, who, "remove person", person.name)


def end_sessions(session: Session, who: Who, person: Person) -> None:
    sessions.end_all(session, person)
    audit.note(session, who, "end sessions", person.name)


def end_session(session: Session, who: Who, session_id: int) -> Person:
    """Gives whose it was."""
    found = sessions.get(session, session_id)
    person = people.get(session, found.person_id)
    sessions.end(session, found.digest)
    audit.note(session, who, "end session", person.name, found.address)
    return person


def add_token(
    session: Session, who: Who, person: Person, name: str, role: Role | None, days: float
) -> str:
    """A secret that is told now and never again. Without a role the token has the person's."""
    role = role or Role(person.role)
    if lesser(role, Role(person.role)) != role:
        raise InputError(f"{person.name} is {person.role}, and no token of theirs can be {role}.")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = tokens.add(session, person, person_name(name), role, digest(secret), days)
    audit.note(session, who, "add token", person.name, f"{token.name}, {role}")
    return secret


class Holder(NamedTuple):
    """Of a token: for whom it acts, and as what."""

    name: str
    role: Role


def holder(session: Session, token: str) -> Holder | None:
    """None for one that is none, or not any more."""
    found = tokens.use(session, digest(token))
    if found is None:
        return None
    person, most = found
    return Holder(person.name, lesser(most, Role(person.role)))


def revoke_token(session: Session, who: Who, token_id: int) -> Token:
    token = tokens.get(session, token_id)
    session.delete(token)
    person = people.get(session, token.person_id)
    audit.note(session, who, "revoke token", person.name, token.name)
    return token


def sign_in(
    engine: Engine, name: str, password: str, *, address: str, browser: str, days: float
) -> str:
    """The secret of a new session. Raises TooSoon after too many failures, and SignInRefused, which
    says and takes the same whether there is such a person or not."""
    name = " ".join(name.split())
    counted = counters(name, address)
    with transaction(engine) as session:
        wait = sign_in_delays.begin(session, counted)
        person = people.find(session, name) if name.isprintable() else None
        sessions.sweep(session, days)
        sign_in_delays.sweep(session)
    refuse_if_too_soon(wait)
    is_right = _is_right((person.password_hash if person else None) or _nobodys_hash(), password)
    with transaction(engine) as session:
        # Whoever has been removed meanwhile, or has another password, is not let in.
        now = people.find(session, name, lock=True) if person and is_right else None
        if now is None or person is None or now.password_hash != person.password_hash:
            failed = person.name if person else "nobody"
            audit.note(session, Who(failed, address), "fail to sign in")
            secret = None
        else:
            if _HASHER.check_needs_rehash(str(now.password_hash)):
                now.password_hash = hashed(password)
            sign_in_delays.succeed(session, counted)
            secret = begin_session(session, now, address=address, browser=browser)
    if secret is None:
        raise SignInRefused("The name or the password is wrong.")
    return secret


def begin_session(session: Session, person: Person, *, address: str, browser: str) -> str:
    """The secret of a new session of somebody who has shown who they are."""
    secret = secrets.token_urlsafe(32)
    sessions.begin(session, person, digest(secret), address, browser[:LONGEST_BROWSER])
    audit.note(session, Who(person.name, address), "sign in")
    return secret


def refuse_if_too_soon(wait: float) -> None:
    """Raises TooSoon where there are seconds to wait."""
    if wait > 0:
        raise TooSoon(math.ceil(wait))


def change_password(
    engine: Engine,
    name: str,
    password: str,
    new_password: str,
    *,
    address: str,
    browser: str,
    days: float,
) -> str:
    """One's own, known by the present one; gives the secret of the only session that is left.
    Raises what `sign_in` does, and InputError for a new password that is none."""
    check_password(new_password)
    sign_in(engine, name, password, address=address, browser=browser, days=days)
    with transaction(engine) as session:
        person = people.named(session, name)
        set_password(session, Who(person.name, address), person, new_password)
    return sign_in(engine, name, new_password, address=address, browser=browser, days=days)


def sign_out(session: Session, secret: str, address: str) -> None:
    person = sessions.end(session, digest(secret))
    if person is not None:
        audit.note(session, Who(person.name, address), "sign out")


def hashed(password: str) -> str:
    with _HASHING:
        return _HASHER.hash(password)


def _is_right(password_hash: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        with _HASHING:
            return _HASHER.verify(password_hash, password)
    except VerifyMismatchError:
        return False


@cache
def _nobodys_hash() -> str:
    """Checked where no person has the name: an answer at once would tell so."""
    return hashed(secrets.token_urlsafe(32))
