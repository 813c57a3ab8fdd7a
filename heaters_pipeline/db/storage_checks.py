"""What a check of the storage asks and notes: the ledger in the storage's own order, what has
changed since it was read, and how far the check has got."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import ObjectToDelete, StorageCheck, StoredObject
from heaters_pipeline.db.named_objects import is_named, named

GOES_ON_WITHIN = timedelta(days=2)
"""A check that broke off longer ago begins anew."""


def ledger_after(session: Session, key: str, limit: int) -> Sequence[StoredObject]:
    """The next entries of the ledger, in the order of the bytes of their keys."""
    return session.exec(
        select(StoredObject)
        .where(col(StoredObject.path) > key)
        .order_by(col(StoredObject.path))
        .limit(limit)
    ).all()


def ledger_size(session: Session) -> int:
    return session.exec(select(sa.func.count()).select_from(StoredObject)).one()


def sample(session: Session, number: int) -> Sequence[str]:
    """Some keys of the ledger, from all over it."""
    return session.exec(
        select(StoredObject.path).order_by(sa.func.md5(col(StoredObject.path))).limit(number)
    ).all()


def unknown(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the keys that neither the ledger knows nor any row names, nor wait to be deleted."""
    given = _given(keys)
    return set(
        session.scalars(
            sa.select(given.c.path).where(
                ~sa.exists().where(col(StoredObject.path) == given.c.path),
                ~sa.exists().where(col(ObjectToDelete.path) == given.c.path),
                ~is_named(given.c.path),
            )
        )
    )


def still_named(
    session: Session, keys: Collection[str], grace: timedelta
) -> Mapping[str, StoredObject]:
    """Those of the keys that rows name, as the ledger has them now, but for those that were entered
    within the `grace`: they may be on their way to the storage."""
    rows = session.exec(
        select(StoredObject).where(
            col(StoredObject.path) == sa.any_(sa.cast(list(keys), sa.ARRAY(sa.Text))),
            col(StoredObject.entered_at) <= sa.func.now() - grace,
            is_named(col(StoredObject.path)),
        )
    )
    return {row.path: row for row in rows}


def left_over(session: Session, grace: timedelta) -> list[str]:
    """What the ledger has had for longer than the `grace`, and no row names."""
    return list(
        session.exec(
            select(StoredObject.path)
            .where(
                col(StoredObject.entered_at) <= sa.func.now() - grace,
                ~is_named(col(StoredObject.path)),
            )
            .order_by(col(StoredObject.path))
        )
    )


class Named(NamedTuple):
    path: str
    video_id: int


def not_entered(session: Session) -> list[Named]:
    """What rows name and the ledger does not know."""
    names = named()
    rows = session.execute(
        sa.select(names.c.path, names.c.video_id)
        .distinct()
        .where(~sa.exists().where(col(StoredObject.path) == names.c.path))
        .order_by(names.c.path)
    )
    return [Named(*row) for row in rows]


class Seen(NamedTuple):
    """An object that was found right."""

    etag: str | None
    sha256: str | None
    """None where nobody has read it."""


def seen(session: Session, objects: Mapping[str, Seen]) -> None:
    """Notes what the storage calls the bytes of objects, by key, and the digests of those that had
    none."""
    if objects:
        row = sa.bindparam
        session.connection().execute(
            sa.update(StoredObject)
            .where(col(StoredObject.path) == row("key"))
            .values(
                etag=row("seen_etag"),
                sha256=sa.func.coalesce(col(StoredObject.sha256), row("seen_sha256")),
            ),
            [
                {"key": key, "seen_etag": each.etag, "seen_sha256": each.sha256}
                for key, each in objects.items()
            ],
        )


class Progress(NamedTuple):
    last_key: str
    """All keys up to this one have been looked at."""
    tally: dict[str, int]


def progress(session: Session, mode: str) -> Progress:
    """Where the last check of this mode broke off."""
    row = session.exec(
        select(StorageCheck).where(
            StorageCheck.mode == mode,
            col(StorageCheck.began_at) > sa.func.now() - GOES_ON_WITHIN,
        )
    ).first()
    return Progress(row.last_key, dict(row.tally)) if row else Progress("", {})


def save_progress(session: Session, mode: str, done: Progress) -> None:
    values: dict[str, Any] = {"last_key": done.last_key, "tally": done.tally}
    session.execute(
        insert(StorageCheck)
        .values(mode=mode, **values)
        .on_conflict_do_update(index_elements=["mode"], set_=values)
    )


def end(session: Session, mode: str) -> None:
    session.execute(sa.delete(StorageCheck).where(col(StorageCheck.mode) == mode))


def _given(keys: Iterable[str]) -> Any:
    paths = sa.func.unnest(sa.cast(list(keys), sa.ARRAY(sa.Text))).label("path")
    return sa.select(paths).subquery("given")
