"""What is outside Heaters and does not answer: a row for each, for as long as it lasts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import Outage
from heaters_pipeline.domain.outages import probe_pause
from heaters_pipeline.domain.retries import some_chance

MOST_COUNTED = 1000


def begin(session: Session, thing: str, reason: str, wish: timedelta | None = None) -> bool:
    """Notes that a thing does not answer, and is not to be asked before `wish` is over. Whether
    nobody has noted it yet: the first note counts, the last reason stays."""
    wished = sa.func.now() + (wish or timedelta(0))
    paused = sa.func.now() + probe_pause(thing, 0, some_chance())
    is_first = session.execute(
        insert(Outage)
        .values(thing=thing, reason=reason, probe_at=sa.func.greatest(paused, wished))
        .on_conflict_do_nothing(index_elements=["thing"])
        .returning(col(Outage.thing))
    ).first()
    if is_first is None:
        session.execute(
            sa.update(Outage)
            .where(col(Outage.thing) == thing)
            .values(reason=reason, probe_at=sa.func.greatest(col(Outage.probe_at), wished))
        )
    return is_first is not None


def end(session: Session, thing: str) -> None:
    session.execute(sa.delete(Outage).where(col(Outage.thing) == thing))


def listed(session: Session) -> Sequence[Outage]:
    """The longest first."""
    return session.exec(select(Outage).order_by(col(Outage.since))).all()


def get(session: Session, thing: str) -> Outage | None:
    return session.exec(select(Outage).where(Outage.thing == thing)).first()


def claim_probe(session: Session, thing: str) -> bool:
    """Whether the caller is to ask the thing now whether it answers. Nobody else is before the next
    pause is over; it grows with each."""
    found = session.exec(
        select(Outage)
        .where(Outage.thing == thing, col(Outage.probe_at) <= sa.func.now())
        .with_for_update(skip_locked=True)
    ).first()
    if found is None:
        return False
    found.probes = min(found.probes + 1, MOST_COUNTED)
    pause = probe_pause(thing, found.probes, some_chance())
    found.probe_at = session.scalars(sa.select(sa.func.now())).one() + pause
    return True
