"""Objects in the storage that wait to be deleted.

The transaction that drops the last row which names an object enters the object here; it is deleted
later (`work.objects.delete_due`). So no crash in between leaves an object behind. An object that a
row names again by then is not deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db import ledger
from heaters_pipeline.db.models import ObjectToDelete, StoredObject
from heaters_pipeline.db.named_objects import is_named

LONGEST_PAUSE = timedelta(days=1)
NAMED_WITHIN = timedelta(days=1)


def enter(
    session: Session, paths: Iterable[str], reason: str, *, after: timedelta = timedelta(0)
) -> None:
    """No row names these objects any more, nor does the ledger after this. `reason` says why; they
    are due `after` some time."""
    wanted = sorted(set(paths))
    if not wanted:
        return
    paths_given = sa.func.unnest(sa.cast(wanted, sa.ARRAY(sa.Text))).label("path")
    given = sa.select(paths_given).subquery("given")
    due_at = sa.func.now() + after
    weighed = sa.select(
        given.c.path, col(StoredObject.bytes), sa.literal(reason), due_at
    ).join_from(given, StoredObject, col(StoredObject.path) == given.c.path, isouter=True)
    session.execute(
        insert(ObjectToDelete)
        .from_select(["path", "bytes", "reason", "next_try_at"], weighed)
        .on_conflict_do_update(index_elements=["path"], set_={"tries": 0, "next_try_at": due_at})
    )
    ledger.forget(session, wanted)


def expect(session: Session, path: str) -> None:
    """An object is about to be written that belongs to no video yet, so that the ledger can't have
    it: unless a row names it within a day, it is deleted."""
    if not session.scalar(sa.select(is_named(sa.literal(path)))):
        enter(session, [path], "no video came to have it", after=NAMED_WITHIN)


def keep(session: Session, paths: Iterable[str]) -> None:
    """These objects are about to be written, so they are not to be deleted. Waits for whoever is
    deleting one at the moment."""
    session.execute(
        sa.delete(ObjectToDelete).where(col(ObjectToDelete.path).in_(sorted(set(paths))))
    )


def claim(session: Session, limit: int) -> list[str]:
    """Objects that are to be deleted now, oldest first. Until the transaction ends, nobody else
    gets them or writes them anew. Those that a row names again are not to be deleted any more."""
    is_due = col(ObjectToDelete.next_try_at) <= sa.func.now()
    is_wanted = is_named(col(ObjectToDelete.path))
    session.execute(
        sa.delete(ObjectToDelete)
        .where(is_due, is_wanted)
        .execution_options(synchronize_session=False)
    )
    return list(
        session.exec(
            select(ObjectToDelete.path)
            .where(is_due, ~is_wanted)
            .order_by(col(ObjectToDelete.next_try_at), col(ObjectToDelete.path))
            .limit(limit)
            .with_for_update(of=ObjectToDelete, skip_locked=True)
        )
    )


def settle(session: Session, claimed: Iterable[str], failures: Mapping[str, str]) -> None:
    """Ends a claim. Each object in `failures`, with its sentence, is tried again after a pause that
    doubles from a minute to a day."""
    keep(session, set(claimed) - failures.keys())
    for path, sentence in failures.items():
        pause = sa.func.least(
            timedelta(minutes=1) * sa.func.power(2, sa.func.least(ObjectToDelete.tries, 20)),
            LONGEST_PAUSE,
        )
        session.execute(
            sa.update(ObjectToDelete)
            .where(col(ObjectToDelete.path) == path)
            .values(
                tries=ObjectToDelete.tries + 1,
                error=sentence,
                next_try_at=sa.func.now() + pause,
            )
        )


def failing(session: Session) -> tuple[int, str | None]:
    """How many objects could not be deleted at the last try, and why one of them."""
    number, sentence = session.execute(
        sa.select(sa.func.count(), sa.func.min(ObjectToDelete.error)).where(
            col(ObjectToDelete.error).is_not(None)
        )
    ).one()
    return int(number), sentence
