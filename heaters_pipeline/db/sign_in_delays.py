"""Failed sign-ins, counted in Postgres, so that all processes of the review app know them."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import SignInDelay
from heaters_pipeline.domain.people import FOR_ADDRESS, FOR_NAME, Counters

FORGOTTEN = timedelta(days=1)
"""After this long without a try, what failed before counts no more."""


def begin(session: Session, counters: Counters) -> float:
    """Begins a try, which counts as failed until `succeed` says otherwise: of many at once no more
    get through than one after the other. Gives the seconds to wait where it is too soon for one;
    that is no try."""
    allowances = {counters.name: FOR_NAME, counters.address: FOR_ADDRESS}
    keys = sorted(allowances)  # in one order, so that two tries never wait for each other
    missing = [{"key": key} for key in keys]
    session.execute(insert(SignInDelay).values(missing).on_conflict_do_nothing())
    rows = session.exec(
        select(SignInDelay)
        .where(col(SignInDelay.key).in_(keys))
        .order_by(SignInDelay.key)
        .with_for_update()
    ).all()
    now: datetime = session.scalars(sa.select(sa.func.clock_timestamp())).one()
    wait = max((row.free_at - now).total_seconds() for row in rows)
    if wait > 0:
        return wait
    for row in rows:
        row.failures = 1 if row.tried_at < now - FORGOTTEN else row.failures + 1
        row.tried_at = now
        row.free_at = now + timedelta(seconds=allowances[row.key].pause(row.failures))
    return 0


def succeed(session: Session, counters: Counters) -> None:
    """Ends a try that has not failed. The others of the same address stay counted, else whoever
    knows one password could guess those of others without end."""
    session.execute(sa.delete(SignInDelay).where(col(SignInDelay.key) == counters.name))
    session.execute(
        sa.update(SignInDelay)
        .where(col(SignInDelay.key) == counters.address)
        .values(failures=sa.func.greatest(SignInDelay.failures - 1, 0), free_at=sa.func.now())
    )


def sweep(session: Session) -> None:
    """Deletes what counts no more. It waits for nobody."""
    old = (
        sa.select(col(SignInDelay.key))
        .where(col(SignInDelay.tried_at) < sa.func.now() - FORGOTTEN)
        .with_for_update(skip_locked=True)
    )
    session.execute(sa.delete(SignInDelay).where(col(SignInDelay.key).in_(old)))
