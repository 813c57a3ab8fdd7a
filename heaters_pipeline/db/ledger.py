"""What each source video costs in the storage: every object that the pipeline keeps, by kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import Clip, StoredObject
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.states import APPROVED


class StoredFacts(NamedTuple):
    """What is known of an object."""

    bytes: int
    sha256: str | None = None
    """Hexadecimal; null of objects that nobody has hashed."""


def record(session: Session, video_id: int, objects: Mapping[str, StoredFacts]) -> None:
    """Enters objects of a video, by storage key; one entered before gets its new facts."""
    if not objects:
        return
    entries = insert(StoredObject).values(
        [
            {
                "path": path,
                "source_video_id": video_id,
                "kind": layout.kind(path),
                "entered_at": sa.func.now(),
                **facts._asdict(),
            }
            for path, facts in objects.items()
        ]
    )
    news = ("bytes", "sha256", "entered_at")
    session.execute(
        entries.on_conflict_do_update(
            index_elements=["path"],
            set_={"etag": None, **{name: entries.excluded[name] for name in news}},
        )
    )


def forget(session: Session, paths: Iterable[str]) -> None:
    gone = sa.any_(sa.cast(list(paths), sa.ARRAY(sa.Text)))
    session.execute(sa.delete(StoredObject).where(col(StoredObject.path) == gone))


def by_kind(session: Session, video_ids: Sequence[int]) -> dict[int, dict[Kind, int]]:
    """Bytes by kind, of each of the videos that has objects."""
    rows = session.exec(
        select(
            StoredObject.source_video_id,
            StoredObject.kind,
            sa.cast(sa.func.sum(StoredObject.bytes), sa.BigInteger),
        )
        .where(col(StoredObject.source_video_id).in_(video_ids))
        .group_by(col(StoredObject.source_video_id), col(StoredObject.kind))
    )
    found: dict[int, dict[Kind, int]] = {}
    for video_id, kind, size in rows:
        found.setdefault(video_id, {})[Kind(kind)] = size
    return found


def numbers(session: Session, video_ids: Sequence[int]) -> dict[int, int]:
    """The number of objects of each of the videos that has any."""
    rows = session.exec(
        select(StoredObject.source_video_id, sa.func.count())
        .where(col(StoredObject.source_video_id).in_(video_ids))
        .group_by(col(StoredObject.source_video_id))
    )
    return dict(rows.all())


def approved_minutes(session: Session, video_ids: Sequence[int]) -> dict[int, float]:
    """Minutes of each video that reviewers have approved, where there are any."""
    seconds = sa.cast(Clip.cut_points["end_time_seconds"].astext, sa.Float) - sa.cast(
        Clip.cut_points["start_time_seconds"].astext,
        sa.Float,
    )
    rows = session.exec(
        select(Clip.source_video_id, sa.func.sum(seconds) / 60)
        .where(col(Clip.source_video_id).in_(video_ids), col(Clip.state).in_(APPROVED))
        .group_by(col(Clip.source_video_id))
    )
    return {video_id: float(minutes) for video_id, minutes in rows}
