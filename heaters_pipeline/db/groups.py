"""Groups of clips, as people see them: named, in the film's order."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from heaters_pipeline.db import clips, keyset
from heaters_pipeline.db.clips import LIVE
from heaters_pipeline.db.models import Clip, GroupExport, SourceVideo
from heaters_pipeline.domain.errors import InputError, NotFound
from heaters_pipeline.domain.states import ClipState

LONGEST_NAME = 80


class Listed(NamedTuple):
    first_clip_id: int
    name: str | None
    title: str
    """Of the source video."""
    clips: int
    has_failed: bool
    """A file of the group, or of one of its clips."""


class Part(NamedTuple):
    """A part of the list."""

    groups: list[Listed]
    next: str | None
    """Where the next one begins (`keyset`). None: this is the last."""


_first: Any = aliased(Clip)
_ORDER = (
    sa.func.coalesce(sa.func.max(Clip.last_event_id), 0, type_=sa.BigInteger).desc(),
    _first.id.desc(),
)


def listed(session: Session, limit: int, offset: int = 0) -> list[Listed]:
    """The newest first."""
    rows = session.execute(_listed().limit(limit).offset(offset))
    return [Listed(*row) for row in rows]


def part(session: Session, limit: int, place: str | None) -> Part:
    """The same from a place on. Raises InputError for a text that is none."""
    statement = _listed().add_columns(keyset.cursor(_ORDER))
    if place is not None:
        statement = statement.having(keyset.after(_ORDER, place))
    rows = session.execute(statement.limit(limit + 1)).all()
    shown = rows[:limit]
    following = keyset.encoded(shown[-1][-1]) if len(rows) > limit else None
    return Part([Listed(*row[:-1]) for row in shown], following)


def _listed() -> Any:
    failed = sa.exists().where(
        col(GroupExport.first_clip_id) == _first.id,
        col(GroupExport.error).is_not(None),
        col(GroupExport.retry_at).is_(None),
    )
    return (
        sa.select(
            _first.id,
            _first.group_name,
            col(SourceVideo.title),
            1 + sa.func.count(),
            sa.or_(
                failed,
                _first.state == ClipState.EXPORT_FAILED,
                sa.func.bool_or(col(Clip.state) == ClipState.EXPORT_FAILED),
            ),
        )
        .join(Clip, col(Clip.grouped_with_clip_id) == _first.id)
        .join(SourceVideo, col(SourceVideo.id) == _first.source_video_id)
        # For the index, as hardly any clip is in a group.
        .where(LIVE, col(Clip.grouped_with_clip_id).is_not(None))
        .group_by(_first.id, _first.group_name, col(SourceVideo.title))
        .order_by(*_ORDER)
    )


def first_of(session: Session, clip_id: int) -> Clip:
    """The first clip of the group that a clip belongs to. Raises NotFound where it is in none."""
    clip = clips.get(session, clip_id)
    if not clips.group(session, clip):
        raise NotFound(f"Clip {clip_id} is in no group.")
    return clips.get(session, clip.grouped_with_clip_id or clip_id)


def name(session: Session, clip_id: int, given: str) -> str | None:
    """Gives the group of a clip another name, or none; the name. Raises InputError for one that is
    too long."""
    tidied = " ".join(given.split()) or None
    if tidied is not None and (len(tidied) > LONGEST_NAME or not tidied.isprintable()):
        raise InputError(f"The name of a group has {LONGEST_NAME} characters at most.")
    first = first_of(session, clip_id)
    session.execute(sa.update(Clip).where(col(Clip.id) == first.id).values(group_name=tidied))
    return tidied
