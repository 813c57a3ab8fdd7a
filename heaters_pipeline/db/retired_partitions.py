"""Partitions of videos at rest that Dagster does not list any more: which go, and which come back.

The rows say what Dagster is to do. Whoever changes Dagster's list does so after the row on the way
out, and before it on the way back, so that what breaks off between the two is done again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.among import among
from heaters_pipeline.db.held_files import IS_LASTING
from heaters_pipeline.db.models import (
    Clip,
    ExportFailure,
    GroupExport,
    RetiredPartition,
    SourceMove,
    SourceVideo,
)
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.states import FINAL, SETTLED, ClipState

_IS_RETIRED = col(RetiredPartition.returned_at).is_(None)


def retire(
    session: Session, listed: Collection[str], idle: timedelta, limit: int, versions: str
) -> list[str]:
    """Notes partitions as retired, `limit` at most, of videos at rest: of those whose keys are
    `listed`, and of which nothing has changed for the time `idle`. Finished videos come first, then
    those that wait for reviewers; each the longest first. Their keys. `versions` are those of the
    assets now."""
    video_id, key, since = (_AT_REST.c[name] for name in ("id", "key", "since"))
    chosen = (
        sa.select(video_id, sa.literal(versions))
        .where(_is_one_of(key, listed), since < sa.func.now() - idle)
        .order_by(_AT_REST.c.waits, since, video_id)
        .limit(limit)
    )
    rows = insert(RetiredPartition).from_select(["source_video_id", "versions"], chosen)
    noted = rows.on_conflict_do_update(
        index_elements=["source_video_id"],
        set_={"versions": versions, "retired_at": sa.func.now(), "returned_at": None},
    ).returning(col(RetiredPartition.source_video_id))
    ids = session.scalars(noted).all()
    return list(session.exec(select(SourceVideo.key).where(among(col(SourceVideo.id), ids))))


def with_work(session: Session) -> list[str]:
    """Keys of videos with something to do again, though their partitions are retired."""
    is_at_rest = sa.exists().where(_AT_REST.c.id == col(RetiredPartition.source_video_id))
    return _keys(session, ~is_at_rest)


def wanted(session: Session, versions: str, limit: int) -> list[str]:
    """Keys of videos whose retired partitions somebody wants back, or which other versions of the
    assets have made stale."""
    then = col(RetiredPartition.versions)
    return _keys(session, sa.or_(then.is_(None), then < versions, then > versions), limit)


def keys(session: Session) -> list[str]:
    """Of all videos whose partitions are retired."""
    return _keys(session, sa.true())


def want(session: Session, key: str) -> SourceVideo:
    """Has the partition of a video brought back to Dagster's list, by a sensor; the video. Raises
    InputError where it is not retired."""
    video = source_videos.get(session, key)
    asked = session.execute(
        sa.update(RetiredPartition)
        .where(col(RetiredPartition.source_video_id) == video.id, _IS_RETIRED)
        .values(versions=None)
        .returning(col(RetiredPartition.source_video_id))
    )
    if asked.first() is None:
        raise InputError(f"The partition of {video.title} is not retired: Dagster lists it.")
    return video


def note_return(session: Session, keys: Collection[str]) -> None:
    """Of these videos: their partitions are in Dagster's list, or get there now."""
    if not keys:
        return
    session.execute(
        sa.update(RetiredPartition)
        .where(
            col(RetiredPartition.source_video_id) == col(SourceVideo.id),
            _is_one_of(col(SourceVideo.key), keys),
            _IS_RETIRED,
        )
        .values(returned_at=sa.func.now())
    )


def of_videos(session: Session, video_ids: Sequence[int]) -> dict[int, RetiredPartition]:
    """By video, of those whose partitions are retired."""
    found = session.exec(
        select(RetiredPartition).where(
            among(col(RetiredPartition.source_video_id), video_ids), _IS_RETIRED
        )
    )
    return {each.source_video_id: each for each in found}


def _at_rest() -> Any:
    """The videos for which the pipeline has nothing to do, with `since`, the time of their last
    change, and whether one `waits` for reviewers: a decision that asks for work brings its
    partition back. A partition that came back counts as a change."""
    of_clips = (
        sa.select(
            col(Clip.source_video_id).label("video_id"),
            sa.func.max(Clip.updated_at).label("changed_at"),
            sa.func.bool_or(
                sa.or_(
                    sa.and_(
                        col(Clip.state).not_in(FINAL | {ClipState.PENDING_REVIEW}),
                        sa.not_(sa.and_(col(Clip.state) == ClipState.REVIEW_ARCHIVED, IS_LASTING)),
                    ),
                    col(Clip.error).is_not(None),
                    col(Clip.keyframes_asked_at).is_not(None),
                )
            ).label("is_open"),
            sa.func.bool_or(col(Clip.state) == ClipState.PENDING_REVIEW).label("waits"),
        )
        .group_by(col(Clip.source_video_id))
        .subquery()
    )
    failed = [
        sa.exists().where(clip_id == col(Clip.id), _OF_VIDEO, *conditions)
        for clip_id, *conditions in (
            (col(ExportFailure.clip_id),),
            (col(GroupExport.first_clip_id), col(GroupExport.error).is_not(None)),
        )
    ]
    return (
        sa.select(
            col(SourceVideo.id),
            col(SourceVideo.key),
            sa.func.greatest(
                col(SourceVideo.updated_at), of_clips.c.changed_at, RetiredPartition.returned_at
            ).label("since"),
            sa.func.coalesce(of_clips.c.waits, sa.false()).label("waits"),
        )
        .outerjoin(of_clips, of_clips.c.video_id == col(SourceVideo.id))
        .outerjoin(RetiredPartition, col(RetiredPartition.source_video_id) == col(SourceVideo.id))
        .where(
            col(SourceVideo.state).in_(SETTLED),
            col(SourceVideo.error).is_(None),
            col(SourceVideo.lost_products).is_(None),
            ~col(SourceVideo.refetch_requested),
            ~sa.func.coalesce(of_clips.c.is_open, sa.false()),
            ~sa.exists().where(col(SourceMove.source_video_id) == col(SourceVideo.id)),
            *(~each for each in failed),
        )
        .subquery()
    )


_OF_VIDEO = col(Clip.source_video_id) == col(SourceVideo.id)
_AT_REST = _at_rest()


def _keys(session: Session, condition: Any, limit: int | None = None) -> list[str]:
    return list(
        session.exec(
            select(SourceVideo.key)
            .join(RetiredPartition, col(RetiredPartition.source_video_id) == col(SourceVideo.id))
            .where(_IS_RETIRED, condition)
            .order_by(col(SourceVideo.id))
            .limit(limit)
        )
    )


def _is_one_of(column: Any, keys: Collection[str]) -> Any:
    """However many: the list is one parameter."""
    return column == sa.any_(sa.cast(list(keys), sa.ARRAY(sa.Text)))
