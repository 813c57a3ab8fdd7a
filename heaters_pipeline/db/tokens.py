"""Tokens, by which programs act for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import Person, Token
from heaters_pipeline.domain.errors import Conflict, NotFound
from heaters_pipeline.domain.roles import Role

NOTED = timedelta(minutes=1)
"""How exactly it is known when a token was used last: not every request shall write."""


def add(session: Session, person: Person, name: str, role: Role, digest: str, days: float) -> Token:
    if _find(session, person, name) is not None:
        raise Conflict(f"{person.name} has a token {name} already: revoke it, or choose a name.")
    expires_at = session.scalars(sa.select(sa.func.now() + timedelta(days=days))).one()
    token = Token(person_id=person.id, name=name, role=role, digest=digest, expires_at=expires_at)
    session.add(token)
    session.flush()
    return token


def use(session: Session, digest: str) -> tuple[Person, Role] | None:
    """For whom a token acts, and its role at most; None where there is no such token, or it has
    expired."""
    found = session.exec(
        select(Person, Token, sa.func.coalesce(Token.seen_at > sa.func.now() - NOTED, False))
        .join(Token)
        .where(Token.digest == digest, col(Token.expires_at) > sa.func.now())
    ).first()
    if found is None:
        return None
    person, token, is_noted = found
    if not is_noted:
        token.seen_at = session.scalars(sa.select(sa.func.now())).one()
    return person, Role(token.role)


def listed(session: Session) -> Sequence[tuple[Person, Token]]:
    """Those of everybody, by name; the expired ones, too."""
    order = sa.func.lower(Person.name), col(Token.name)
    return session.exec(select(Person, Token).join(Token).order_by(*order)).all()


def named(session: Session, person: Person, name: str) -> Token:
    token = _find(session, person, name)
    if token is None:
        raise NotFound(f"{person.name} has no token {name}: `heaters tokens list` names all.")
    return token


def get(session: Session, token_id: int) -> Token:
    token = session.get(Token, token_id)
    if token is None:
        raise NotFound("This token has been revoked already.")
    return token


def _find(session: Session, person: Person, name: str) -> Token | None:
    of_person = select(Token).where(Token.person_id == person.id, Token.name == name)
    return session.exec(of_person).first()
