"""What is outside Heaters and does not answer: a row for each, for as long as it lasts."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import Outage
from heaters_pipeline.domain.retries import probe_pause

MOST_COUNTED = 1000


def begin(session: Session, thing: str, reason: str) -> None:
    """Notes that a thing does not answer; the first note counts, the last reason stays."""
    session.execute(
        insert(Outage)
        .values(thing=thing, reason=reason, probe_at=sa.func.now() + probe_pause(0))
        .on_conflict_do_update(index_elements=["thing"], set_={"reason": reason})
    )


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
    found.probe_at = session.scalars(sa.select(sa.func.now())).one() + probe_pause(found.probes)
    return True
