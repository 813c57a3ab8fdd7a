"""Which requests with an idempotency key were done, and what they were answered."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from heaters_pipeline.db.models import IdempotentRequest

KEPT = timedelta(days=1)
"""For so long a request can come again."""

AT_WORK = timedelta(minutes=1)
"""No answer takes longer than the transaction of its request by so much."""


def claim(session: Session, actor: str, key: str, digest: str) -> datetime | None:
    """Notes that this transaction does what the request asks for, and when; None where another one
    did. Waits for one that is at it."""
    return session.execute(
        insert(IdempotentRequest)
        .values(actor=actor, key=key, digest=digest)
        .on_conflict_do_nothing()
        .returning(col(IdempotentRequest.at))
    ).scalar()


def get(session: Session, actor: str, key: str) -> IdempotentRequest | None:
    return session.get(IdempotentRequest, (actor, key))


def is_at_work(session: Session, request: IdempotentRequest) -> bool:
    """Whether it may still be answered: the process that did it told nobody yet, or has died."""
    now = session.scalar(sa.select(sa.func.now()))
    return request.answer is None and now is not None and now - request.at < AT_WORK


def answered(session: Session, actor: str, key: str, answer: bytes) -> None:
    """Waits for no disk: whoever asks again after a crash is told that it was done."""
    session.execute(sa.text("SET LOCAL synchronous_commit = off"))
    session.execute(sa.update(IdempotentRequest).where(*_named(actor, key)).values(answer=answer))


def give_up(session: Session, actor: str, key: str, at: datetime) -> None:
    """What was claimed at this time was refused after all: it may be tried anew."""
    mine = *_named(actor, key), col(IdempotentRequest.at) == at
    session.execute(sa.delete(IdempotentRequest).where(*mine))


def forget(session: Session) -> int:
    """Forgets requests that are too old to come again; their number."""
    old = col(IdempotentRequest.at) < sa.func.now() - KEPT
    found = sa.delete(IdempotentRequest).where(old).returning(col(IdempotentRequest.key))
    return len(session.execute(found).all())


def _named(actor: str, key: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return col(IdempotentRequest.actor) == actor, col(IdempotentRequest.key) == key
