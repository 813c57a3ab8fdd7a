"""Archiving: clips that leave the library for good, and source videos without their gold master."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from heaters_pipeline.db import artifacts, deletions, ledger, source_videos
from heaters_pipeline.db.among import among
from heaters_pipeline.db.clip_work import rested
from heaters_pipeline.db.clips import LIVE, free, locked
from heaters_pipeline.db.held_files import IS_LASTING
from heaters_pipeline.db.models import Clip, SourceMove, SourceVideo
from heaters_pipeline.domain.archive import Archived, Goal, Stake
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.states import (
    APPROVED,
    COMPLETE,
    CUT_BEFORE_REVIEW,
    ClipState,
    changed,
)

LONGEST_PAUSE = timedelta(hours=1)

_NEEDS_GOLD_MASTER = frozenset(
    {ClipState.SPLICING, ClipState.EXPORTING, ClipState.EXPORTED, ClipState.KEYFRAMING}
)


def archive_rested(session: Session, undo_window_seconds: float, limit: int) -> int:
    """Makes final the archive decisions that are past their undo window, `limit` at most; returns
    their number. The products of these clips go; their rows and their history stay. Clips with
    files that nobody can make again stay as they are, and so can be had back."""
    is_rested = col(Clip.state) == ClipState.REVIEW_ARCHIVED, rested(undo_window_seconds)
    ids = session.scalars(free(*is_rested, ~IS_LASTING).limit(limit)).all()
    found = list(locked(session, ids).values())
    artifacts.give_up_files(session, found)
    for clip in found:
        clip.state = changed(ClipState(clip.state), ClipState.ARCHIVED)
    return len(found)


def drop_replaced(session: Session, undo_window_seconds: float, limit: int) -> int:
    """Has the files deleted of clips of physical videos that a merge, a split or new cut points
    replaced, once that has rested and what replaced them needs no file any more; `limit` clips at
    most, their number. An undo that comes later brings back the clips, and new files are cut: where
    nobody can do that, the old ones stay."""
    replacing: Any = aliased(Clip)
    lacks_file = sa.exists().where(
        replacing.source_video_id == col(Clip.source_video_id),
        replacing.start_frame < col(Clip.end_frame),
        col(Clip.start_frame) < replacing.end_frame,
        replacing.is_virtual,
        replacing.state.in_(CUT_BEFORE_REVIEW | APPROVED),
    )
    is_replaced = col(Clip.state) == ClipState.SUPERSEDED, sa.not_(col(Clip.is_virtual))
    ids = session.scalars(
        free(*is_replaced, rested(undo_window_seconds), ~lacks_file, ~IS_LASTING).limit(limit)
    ).all()
    found = [clip for clip in locked(session, ids).values() if clip.state == ClipState.SUPERSEDED]
    artifacts.give_up_files(session, found)
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


def ask(session: Session, key: str, goal: Goal) -> str:
    """Has source and gold master of a video moved to the cold, or back from there; its title. The
    caller holds the video's lock. Raises InputError where they can't be."""
    video = source_videos.get(session, key)
    if goal is Goal.COLD:
        archive(session, key, Archived.COLD)
    elif video.archived is None:
        raise InputError(f"{video.title} is not archived.")
    elif video.archived == Archived.AWAY:
        raise InputError(
            f"The source and the gold master of {video.title} were deleted: nothing brings them "
            "back."
        )
    session.execute(sa.delete(SourceMove).where(col(SourceMove.source_video_id) == video.id))
    session.add(SourceMove(source_video_id=video.id, goal=goal))
    return video.title


class DueMove(NamedTuple):
    video_key: str
    mark: str
    """Another one for each time that it is asked for or tried again."""


def due_moves(session: Session, limit: int) -> list[DueMove]:
    """Videos whose objects are to be moved now. They are not due again before `LONGEST_PAUSE` is
    over: a run that has not ended by then has died, or the next one finds nothing to do."""
    found = session.execute(
        sa.select(SourceMove, col(SourceVideo.key))
        .join(SourceVideo, col(SourceVideo.id) == col(SourceMove.source_video_id))
        .where(col(SourceMove.next_try_at) <= sa.func.now())
        .order_by(col(SourceMove.next_try_at))
        .limit(limit)
        .with_for_update(of=SourceMove, skip_locked=True)
    ).all()
    due = []
    for move, key in found:
        move.tries += 1
        due.append(DueMove(key, f"{move.asked_at.timestamp():.0f}:{move.tries}"))
        move.next_try_at = sa.func.now() + LONGEST_PAUSE
    return due


def moves(session: Session, video_ids: Sequence[int]) -> dict[int, SourceMove]:
    """By video, of those that are on their way."""
    found = session.exec(
        select(SourceMove).where(among(col(SourceMove.source_video_id), video_ids))
    )
    return {move.source_video_id: move for move in found}


def note_move(session: Session, video_id: int, **values: object) -> None:
    session.execute(
        sa.update(SourceMove).where(col(SourceMove.source_video_id) == video_id).values(values)
    )


def move_failed(session: Session, move: SourceMove, error: str) -> None:
    """It is tried again after a pause that doubles from a minute to an hour: what thaws takes
    hours."""
    pause = min(timedelta(minutes=2 ** min(max(move.tries - 1, 0), 10)), LONGEST_PAUSE)
    note_move(session, move.source_video_id, error=error, next_try_at=sa.func.now() + pause)


def end_move(session: Session, move: SourceMove) -> None:
    """All objects are where they were to go."""
    session.execute(
        sa.delete(SourceMove).where(col(SourceMove.source_video_id) == move.source_video_id)
    )
    if move.goal == Goal.BACK:
        video = session.get_one(SourceVideo, move.source_video_id)
        video.archived = video.archived_at = None


def objects_of(video: SourceVideo) -> list[str]:
    """The storage keys of source and gold master, which may be one."""
    return sorted({path for path in (video.source_filepath, video.gold_master_filepath) if path})


def refuse_archived(video: SourceVideo, what: str) -> None:
    """Raises InputError, with the way back, where `what` needs a gold master that is archived."""
    if video.archived is None:
        return
    way = (
        f"`heaters archive {video.key} --restore` brings its gold master back."
        if video.archived == Archived.COLD
        else "its source and gold master were deleted."
    )
    raise InputError(f"{video.title} is archived, so nobody can {what} of it: {way}")


def _archivable(session: Session, key: str) -> SourceVideo:
    video = source_videos.get(session, key)
    if video.archived is not None:
        raise InputError(f"{video.title} is archived already.")
    if video.state not in COMPLETE:
        raise InputError(
            f"{video.title} is {video.state}: only a video whose clips are there can be archived."
        )
    unfinished = session.exec(
        select(Clip.id)
        .where(
            Clip.source_video_id == video.id,
            col(Clip.state).in_(_NEEDS_GOLD_MASTER),
        )
        .limit(1)
    ).first()
    if unfinished is not None:
        raise InputError(
            f"Clip {unfinished} of {video.title} is being cut or exported: wait for it, then "
            "archive."
        )
    return video
