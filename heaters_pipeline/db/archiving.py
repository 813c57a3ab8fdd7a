"""Archiving: clips that leave the library for good, and source videos without their gold master."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db import artifacts, deletions, ledger, source_videos
from heaters_pipeline.db.clip_work import rested
from heaters_pipeline.db.clips import LIVE, free, locked
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain.archive import Archived, Stake
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.states import (
    APPROVED,
    ClipState,
    SourceState,
    changed,
)


def archive_rested(session: Session, undo_window_seconds: float, limit: int) -> int:
    """Makes final the archive decisions that are past their undo window, `limit` at most; returns
    their number. The products of these clips go; their rows and their history stay."""
    ids = session.scalars(
        free(col(Clip.state) == ClipState.REVIEW_ARCHIVED, rested(undo_window_seconds)).limit(limit)
    ).all()
    found = list(locked(session, ids).values())
    artifacts.leave_library(session, found)
    for clip in found:
        clip.state = changed(ClipState(clip.state), ClipState.ARCHIVED)
    return len(found)


def stake(session: Session, key: str) -> Stake:
    """Raises NotFound for a key that no video has, InputError where it can't be archived."""
    video = _archivable(session, key)
    kinds = ledger.by_kind(session, [video.id]).get(video.id, {})
    exported, not_exported, pending = session.execute(
        sa.select(
            sa.func.count().filter(col(Clip.state).in_(APPROVED), ~col(Clip.is_virtual)),
            sa.func.count().filter(col(Clip.state).in_(APPROVED), col(Clip.is_virtual)),
            sa.func.count().filter(col(Clip.state) == ClipState.PENDING_REVIEW),
        ).where(col(Clip.source_video_id) == video.id, LIVE)
    ).one()
    freed = sum(kinds.get(kind, 0) for kind in (Kind.SOURCE, Kind.GOLD_MASTER))
    return Stake(video.title, freed, exported, not_exported, pending)


def archive(session: Session, key: str, archived: Archived) -> tuple[str, list[str]]:
    """Notes a video as archived; its title, and the storage keys of source and gold master. Where
    they are to go `away` they are entered for deletion. The caller holds the video's lock. One that
    is in the cold already can be archived again, as its objects may not be there yet.

    Raises InputError where it can't be archived.
    """
    video = source_videos.get(session, key)
    if not video.archived == archived == Archived.COLD:
        video = _archivable(session, key)
    paths = objects_of(video)
    video.archived, video.archived_at = archived, session.scalar(sa.select(sa.func.now()))
    if archived is Archived.AWAY:
        video.source_filepath = video.gold_master_filepath = None
        video.source_sha256 = video.products_sha256 = None
        deletions.enter(session, paths, "its video was archived without it")
    return video.title, paths


def objects_of(video: SourceVideo) -> list[str]:
    """The storage keys of source and gold master, which may be one."""
    return sorted({path for path in (video.source_filepath, video.gold_master_filepath) if path})


def restored(session: Session, key: str) -> str:
    """The video is archived no more; its title."""
    video = source_videos.get(session, key)
    video.archived = video.archived_at = None
    return video.title


def _archivable(session: Session, key: str) -> SourceVideo:
    video = source_videos.get(session, key)
    if video.archived is not None:
        raise InputError(f"{video.title} is archived already.")
    if video.state != SourceState.READY:
        raise InputError(
            f"{video.title} is {video.state}: only a video whose clips are there can be archived."
        )
    unfinished = session.exec(
        select(Clip.id)
        .where(
            Clip.source_video_id == video.id,
            col(Clip.state).in_((ClipState.EXPORTING, ClipState.EXPORTED, ClipState.KEYFRAMING)),
        )
        .limit(1)
    ).first()
    if unfinished is not None:
        raise InputError(
            f"Clip {unfinished} of {video.title} is being exported: wait for it, then archive."
        )
    return video
