"""Groups of clips, as people see them: named, in the film's order."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from heaters_pipeline.db import clips
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


def listed(
    session: Session, limit: int, offset: int = 0, before: int | None = None
) -> list[Listed]:
    """The newest first; those after the one of the first clip `before`, where it is named."""
    first: Any = aliased(Clip)
    changed = sa.func.coalesce(sa.func.max(Clip.last_event_id), 0)
    after: Any = sa.true()
    if before is not None:
        place = session.scalar(
            sa.select(changed).where(LIVE, col(Clip.grouped_with_clip_id) == before)
        )
        after = sa.tuple_(changed, first.id) < sa.tuple_(sa.literal(place), sa.literal(before))
    failed = sa.exists().where(
        col(GroupExport.first_clip_id) == first.id,
        col(GroupExport.error).is_not(None),
        col(GroupExport.retry_at).is_(None),
    )
    rows = session.execute(
        sa.select(
            first.id,
            first.group_name,
            col(SourceVideo.title),
            1 + sa.func.count(),
            sa.or_(
                failed,
                first.state == ClipState.EXPORT_FAILED,
                sa.func.bool_or(col(Clip.state) == ClipState.EXPORT_FAILED),
            ),
        )
        .join(Clip, col(Clip.grouped_with_clip_id) == first.id)
        .join(SourceVideo, col(SourceVideo.id) == first.source_video_id)
        # For the index, as hardly any clip is in a group.
        .where(LIVE, col(Clip.grouped_with_clip_id).is_not(None))
        .group_by(first.id, first.group_name, col(SourceVideo.title))
        .having(after)
        .order_by(changed.desc(), first.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [Listed(*row) for row in rows]


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
