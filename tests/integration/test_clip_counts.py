"""How many clips there are of each kind is kept while clips change, by many at once."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from heaters_pipeline.db import clip_counts, reviews
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.decisions import APPROVE, SKIP, Annotate, Split
from heaters_pipeline.domain.states import ClipState
from tests.rows import ready_video


def kept(session: Session) -> dict[str, int]:
    return {
        str(state): number
        for state in ClipState
        if (number := clip_counts.with_states(session, [state]))
    }


def counted(session: Session) -> dict[str, int]:
    return dict(Counter(session.exec(select(Clip.state))))


def decide(session: Session, clip: Clip, decision: object, version: int = 1) -> None:
    reviews.decide(session, actor="ann", clip_id=clip.id, version=version, decision=decision)


def test_the_counts_are_those_of_the_clips(engine: Engine) -> None:
    _, [first, second, third] = ready_video(engine)
    with transaction(engine) as session:
        assert kept(session) == counted(session) == {"pending_review": 3}
        decide(session, first, APPROVE)
        decide(session, second, Split([20]))
        decide(session, third, Annotate({"labels": ["night", "sea"]}))
        assert kept(session) == counted(session)
        assert clip_counts.labels(session) == {"night": 1, "sea": 1}
    with transaction(engine) as session:
        decide(session, third, Annotate({"labels": ["sea"]}), version=2)
        assert clip_counts.labels(session) == {"sea": 1}
        decide(session, third, Split([70]), version=3)
        assert clip_counts.labels(session) == {"sea": 2}, "of live clips"
        session.execute(sa.delete(Clip).where(col(Clip.id) == first.id))
        assert kept(session) == counted(session)


def test_an_undone_transaction_counts_nothing(engine: Engine) -> None:
    _, [first, *_] = ready_video(engine)
    with Session(engine) as session:
        decide(session, first, APPROVE)
        session.rollback()
        assert kept(session) == counted(session)


def test_nobody_waits_for_another_who_counts(engine: Engine) -> None:
    """Each has a row of its own, and there are no more rows than that."""
    _, clips = ready_video(engine, cuts=range(10, 100, 10))
    with transaction(engine) as one, transaction(engine) as another:
        one.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
        another.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
        decide(one, clips[0], APPROVE)
        decide(another, clips[1], APPROVE)
        decide(one, clips[2], SKIP)
        decide(another, clips[3], SKIP)
    with transaction(engine) as session:
        assert kept(session) == counted(session)
        decide(session, clips[4], APPROVE)
        decide(session, clips[5], APPROVE)
        rows = sa.text("SELECT count(*) FROM clip_counts WHERE name = 'review_approved'")
        assert session.scalar(rows) == 2
