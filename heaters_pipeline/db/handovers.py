"""Who took which files, when, and where to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from heaters_pipeline.db.among import among
from heaters_pipeline.db.models import Handover, HandoverClip

_collection_id: Any = col(Handover.selection)["collection"].astext


class Taken(NamedTuple):
    at: datetime
    actor: str
    destination: str
    profile: str
    clip_count: int
    """How many files were taken together."""


def note(
    session: Session,
    *,
    actor: str,
    profile: str,
    selection: Mapping[str, str],
    destination: str,
    files: Mapping[int, str | None],
) -> int:
    """Notes that somebody took files: their SHA-256 by clip. Files that are noted for this
    destination already are not noted again. How many were noted now."""
    before = {
        (clip_id, sha256)
        for clip_id, sha256 in session.execute(
            sa.select(col(HandoverClip.clip_id), col(HandoverClip.sha256))
            .join(Handover, col(Handover.id) == col(HandoverClip.handover_id))
            .where(
                col(Handover.destination) == destination,
                col(Handover.profile) == profile,
                among(col(HandoverClip.clip_id), files),
            )
        )
    }
    new = {clip_id: digest for clip_id, digest in files.items() if (clip_id, digest) not in before}
    if not new:
        return 0
    handover = Handover(
        actor=actor, profile=profile, selection=dict(selection), destination=destination
    )
    session.add(handover)
    session.flush()
    rows = [
        {"handover_id": handover.id, "clip_id": clip_id, "sha256": digest}
        for clip_id, digest in new.items()
    ]
    session.execute(sa.insert(HandoverClip), rows)
    return len(new)


def of_clips(session: Session, clip_ids: Iterable[int]) -> dict[int, list[Taken]]:
    """The handovers of several clips, the latest first."""
    found: dict[int, list[Taken]] = {}
    rows = session.execute(
        _taken()
        .join(HandoverClip, col(HandoverClip.handover_id) == col(Handover.id))
        .add_columns(col(HandoverClip.clip_id))
        .where(among(col(HandoverClip.clip_id), clip_ids))
    )
    for *taken, clip_id in rows:
        found.setdefault(clip_id, []).append(Taken(*taken))
    return found


def number_taken(session: Session, clip_ids: Iterable[int]) -> int:
    """How many of the clips somebody took, ever."""
    ids = sa.select(sa.func.unnest(sa.cast(list(clip_ids), sa.ARRAY(sa.BigInteger)))).subquery()
    [clip_id] = ids.columns
    taken = sa.exists().where(col(HandoverClip.clip_id) == clip_id)
    return session.scalar(sa.select(sa.func.count()).select_from(ids).where(taken)) or 0


def of_collection(session: Session, collection_id: int) -> Sequence[Taken]:
    """The handovers of a collection, the latest first."""
    rows = session.execute(_taken().where(_collection_id == str(collection_id)))
    return [Taken(*row) for row in rows]


def latest_of_collections(session: Session) -> dict[int, Taken]:
    """The last handover of each collection that was ever handed over."""
    last = sa.select(sa.func.max(Handover.id)).group_by(_collection_id)
    rows = session.execute(
        _taken()
        .add_columns(sa.cast(_collection_id, sa.BigInteger))
        .where(_collection_id.is_not(None), col(Handover.id).in_(last))
    )
    return {collection_id: Taken(*taken) for *taken, collection_id in rows}


def forget_retaken(session: Session, days: float, limit: int) -> int:
    """Forgets handovers older than `days`, `limit` at most, all of whose clips somebody took again
    later; their number. So it stays known of each clip that it was taken, and by whom last, and of
    each collection its last handover."""
    newer = aliased(HandoverClip)
    still_last = (
        sa.exists()
        .where(col(HandoverClip.handover_id) == col(Handover.id))
        .where(
            ~sa.exists()
            .where(col(newer.clip_id) == col(HandoverClip.clip_id))
            .where(col(newer.handover_id) > col(HandoverClip.handover_id))
        )
    )
    last_of_collections = sa.select(sa.func.max(Handover.id)).group_by(_collection_id)
    old = session.scalars(
        sa.select(col(Handover.id))
        .where(
            col(Handover.created_at) < sa.func.now() - timedelta(days=days),
            ~still_last,
            sa.or_(_collection_id.is_(None), col(Handover.id).not_in(last_of_collections)),
        )
        .limit(limit)
    ).all()
    for rows, key in ((HandoverClip, HandoverClip.handover_id), (Handover, Handover.id)):
        session.execute(sa.delete(rows).where(col(key).in_(old)))
    return len(old)


def _taken() -> sa.Select[Any]:
    count = (
        sa.select(sa.func.count())
        .where(col(HandoverClip.handover_id) == col(Handover.id))
        .correlate(Handover)
        .scalar_subquery()
    )
    return sa.select(
        col(Handover.created_at),
        col(Handover.actor),
        col(Handover.destination),
        col(Handover.profile),
        count,
    ).order_by(col(Handover.id).desc())
