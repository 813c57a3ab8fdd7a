"""Collections of clips that all reviewers share. A clip is in a collection once, at one place.

A clip that is taken out, and a collection that is removed, stay in the tables and can be brought
back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db.among import among
from heaters_pipeline.db.models import Clip, Collection, CollectionClip
from heaters_pipeline.db.selection import SECONDS
from heaters_pipeline.domain.collections import collection_name, moved
from heaters_pipeline.domain.errors import Conflict, NotFound

IN: sa.ColumnElement[bool] = col(CollectionClip.taken_out_at).is_(None)


class Listed(NamedTuple):
    collection: Collection
    clip_count: int
    seconds: float
    first_clip_id: int | None
    held: int
    """How many of the clips in question it has."""


def listed(session: Session, clip_ids: Sequence[int] = ()) -> list[Listed]:
    """All collections that nobody removed, by name."""
    rows = session.execute(
        sa.select(
            Collection,
            sa.func.count(col(Clip.id)),
            sa.func.coalesce(sa.func.sum(SECONDS), 0),
            sa.func.array_agg(sa.text("clips.id ORDER BY place")).filter(col(Clip.id).is_not(None)),
            sa.func.count(col(Clip.id)).filter(among(col(Clip.id), clip_ids)),
        )
        .outerjoin(
            CollectionClip, sa.and_(col(CollectionClip.collection_id) == col(Collection.id), IN)
        )
        .outerjoin(Clip, col(Clip.id) == col(CollectionClip.clip_id))
        .where(col(Collection.removed_at).is_(None))
        .group_by(col(Collection.id))
        .order_by(sa.func.lower(Collection.name), col(Collection.name))
    )
    return [
        Listed(collection, count, float(seconds), (ids or [None])[0], held)
        for collection, count, seconds, ids, held in rows
    ]


def removed(session: Session) -> Sequence[Collection]:
    """The latest first."""
    gone = select(Collection).where(col(Collection.removed_at).is_not(None))
    return session.exec(gone.order_by(col(Collection.removed_at).desc())).all()


def get(session: Session, collection_id: int) -> Collection:
    """Raises NotFound for one that never was or was removed."""
    found = session.get(Collection, collection_id)
    if found is None or found.removed_at is not None:
        raise NotFound(f"There is no collection {collection_id}: somebody may have removed it.")
    return found


def named(session: Session, name: str) -> Collection:
    """Raises NotFound."""
    here = col(Collection.removed_at).is_(None)
    found = session.exec(select(Collection).where(Collection.name == name, here)).first()
    if found is None:
        raise NotFound(f"There is no collection {name!r}.")
    return found


def create(session: Session, name: str, actor: str) -> Collection:
    """Raises Conflict where a collection has that name."""
    made = Collection(name=_free_name(session, name), made_by=actor)
    session.add(made)
    session.flush()
    return made


def rename(session: Session, collection_id: int, name: str) -> Collection:
    """Raises Conflict where another collection has that name."""
    collection = locked(session, collection_id)
    if collection_name(name) != collection.name:
        collection.name = _free_name(session, name)
        session.flush()
    return collection


def remove(session: Session, collection_id: int) -> Collection:
    collection = locked(session, collection_id)
    collection.removed_at = session.scalar(sa.select(sa.func.now()))
    session.flush()
    return collection


def restore(session: Session, collection_id: int) -> Collection:
    """Raises Conflict where another collection has taken its name."""
    collection = session.get(Collection, collection_id, with_for_update=True)
    if collection is None:
        raise NotFound(f"There is no collection {collection_id}.")
    if collection.removed_at is not None:
        _free_name(session, collection.name)
        collection.removed_at = None
        session.flush()
    return collection


def members(session: Session, collection_id: int) -> Sequence[CollectionClip]:
    """In order, those that were taken out, too."""
    here = select(CollectionClip).where(CollectionClip.collection_id == collection_id)
    ordered = here.order_by(col(CollectionClip.place)).execution_options(populate_existing=True)
    return session.exec(ordered).all()


def of_clips(session: Session, clip_ids: Iterable[int]) -> dict[int, list[Collection]]:
    """The collections that clips are in, by name."""
    rows = session.execute(
        sa.select(col(CollectionClip.clip_id), Collection)
        .join(Collection, col(Collection.id) == col(CollectionClip.collection_id))
        .where(
            among(col(CollectionClip.clip_id), clip_ids), IN, col(Collection.removed_at).is_(None)
        )
        .order_by(col(Collection.name))
    )
    found: dict[int, list[Collection]] = {}
    for clip_id, collection in rows:
        found.setdefault(clip_id, []).append(collection)
    return found


def put(session: Session, collection_id: int, clip_ids: Sequence[int], actor: str) -> list[int]:
    """Puts clips at the end, in the order given; those that it has stay where they are. The ids of
    those that came in. Raises NotFound for a clip that never was."""
    locked(session, collection_id)
    known = {each.clip_id: each for each in members(session, collection_id)}
    wanted = list(dict.fromkeys(clip_ids))
    coming = [each for each in wanted if each not in known or known[each].taken_out_at is not None]
    existing = set(session.scalars(sa.select(col(Clip.id)).where(among(col(Clip.id), coming))))
    if strange := [each for each in coming if each not in existing]:
        raise NotFound(f"There is no clip {strange[0]}.")
    if not coming:
        return []
    place = 1 + max((each.place for each in known.values()), default=0)
    rows = [
        {"collection_id": collection_id, "clip_id": each, "place": place + at, "put_by": actor}
        for at, each in enumerate(coming)
    ]
    statement = insert(CollectionClip)
    again = {name: statement.excluded[name] for name in ("place", "put_by")}
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["collection_id", "clip_id"],
            set_={**again, "put_at": sa.func.now(), "taken_out_at": None},
        ),
        rows,
    )
    return coming


def take_out(session: Session, collection_id: int, clip_ids: Sequence[int]) -> list[int]:
    """The ids of those that it had."""
    locked(session, collection_id)
    return _mark(session, collection_id, clip_ids, IN, taken_out_at=sa.func.now())


def put_back(session: Session, collection_id: int, clip_ids: Sequence[int]) -> list[int]:
    """Puts clips that were taken out where they were. The ids of those that came back."""
    locked(session, collection_id)
    return _mark(session, collection_id, clip_ids, sa.not_(IN), taken_out_at=None)


def move(
    session: Session, collection_id: int, clip_ids: Sequence[int], before: int | None
) -> list[int]:
    """Puts clips of the collection right before another of its clips, or at the end. The ids of all
    its clips in their new order."""
    locked(session, collection_id)
    found = members(session, collection_id)
    order = [each.clip_id for each in found]
    known = [each for each in clip_ids if each in order]
    now = moved(order, known, before)
    numbered = sa.func.unnest(sa.cast(now, sa.ARRAY(sa.BigInteger)))
    places = numbered.table_valued("clip_id", with_ordinality="place").render_derived("places")
    session.execute(
        sa.update(CollectionClip)
        .where(
            col(CollectionClip.collection_id) == collection_id,
            col(CollectionClip.clip_id) == places.c.clip_id,
        )
        .values(place=places.c.place)
        .execution_options(synchronize_session=False)
    )
    gone = {each.clip_id for each in found if each.taken_out_at is not None}
    return [each for each in now if each not in gone]


def replace(
    session: Session, collection_id: int, clip_id: int, others: Sequence[int], actor: str
) -> None:
    """Puts clips in the place of one that became them; the one is taken out."""
    put(session, collection_id, others, actor)
    move(session, collection_id, others, clip_id)
    take_out(session, collection_id, [clip_id])


def _mark(
    session: Session,
    collection_id: int,
    clip_ids: Sequence[int],
    which: sa.ColumnElement[bool],
    **values: object,
) -> list[int]:
    changed = (
        sa.update(CollectionClip)
        .where(
            col(CollectionClip.collection_id) == collection_id,
            among(col(CollectionClip.clip_id), clip_ids),
            which,
        )
        .values(**values)
        .returning(col(CollectionClip.clip_id))
        .execution_options(synchronize_session=False)
    )
    ids = list(session.scalars(changed))
    return ids


def locked(session: Session, collection_id: int) -> Collection:
    """One writer of a collection at a time: places depend on one another."""
    session.get(Collection, collection_id, with_for_update=True)
    return get(session, collection_id)


def _free_name(session: Session, name: str) -> str:
    name = collection_name(name)
    taken = select(Collection.id).where(
        Collection.name == name, col(Collection.removed_at).is_(None)
    )
    if session.exec(taken).first() is not None:
        raise Conflict(f"There is a collection {name} already: choose another name.")
    return name
