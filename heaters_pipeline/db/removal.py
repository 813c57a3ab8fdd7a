"""Removing a source video: its clips, its vectors, its entries in the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db import clips, deletions, group_exports, repeats, source_videos
from heaters_pipeline.db.models import (
    Clip,
    ClipArtifact,
    ClipEmbedding,
    ClipExport,
    ClipTheme,
    ExportFailure,
    KeyframeRuleRow,
    OpinionRuleRow,
    ProfileUse,
    ReviewEvent,
    SourceFacts,
    SourceMove,
    SourceVideo,
    StoredObject,
)
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.states import ClipState, SourceState, changed

FORGOTTEN = SourceFacts.__annotations__.keys() - {"title", "refetch_requested"} | {
    "progress",
    "step_began_at",
    "error",
    "retry_at",
    "lost_products",
}
"""Columns of a source video that say what was found out about it: null once it is removed."""


def remove(session: Session, key: str, *, actor: str) -> str:
    """Removes all of a video except its row, its clips as superseded ones, and the log of decisions
    on them, which can't be undone any more; its title. The objects that were made of it are entered
    for deletion. The caller holds the video's lock (`locks.video_lock`).

    Raises InputError for a key that no video has any more.
    """
    video = source_videos.get(session, key)
    if video.state == SourceState.REMOVED:
        raise InputError(f"{video.title} has been removed already.")
    live = list(clips.lock_live(session, video.id))
    removal = ReviewEvent(
        source_video_id=video.id,
        actor=actor,
        action=Action.REMOVE,
        clip_ids=live,
        before=[],
        after=[],
    )
    session.add(removal)
    session.flush()
    unused = _unused(session, video)
    its_clips = sa.select(col(Clip.id)).where(col(Clip.source_video_id) == video.id)
    for kind in (ClipArtifact, ClipEmbedding, ClipTheme, ClipExport, ExportFailure):
        session.execute(sa.delete(kind).where(col(kind.clip_id).in_(its_clips)))
    group_exports.forget(session, session.scalars(its_clips))
    for rows in (KeyframeRuleRow, OpinionRuleRow, ProfileUse, SourceMove):
        session.execute(sa.delete(rows).where(col(rows.source_video_id) == video.id))
    repeats.forget(session, video.id)
    session.execute(
        sa.update(Clip)
        .where(col(Clip.id).in_(live))
        .values(
            state=ClipState.SUPERSEDED,
            version=col(Clip.version) + 1,
            last_event_id=removal.id,
            decided_at=sa.func.now(),
            leased_by=None,
            leased_page=None,
            leased_until=None,
            error=None,
            tries=0,
            retry_at=None,
        )
    )
    session.execute(
        sa.update(Clip)
        .where(col(Clip.source_video_id) == video.id, ~col(Clip.is_virtual))
        .values(
            is_virtual=True,
            clip_filepath=None,
            exported_frames=None,
            receipt=None,
            keyframes_basis=None,
            keyframes_asked_at=None,
        )
    )
    _forget_facts(video)
    video.state = changed(SourceState(video.state), SourceState.REMOVED)
    deletions.enter(session, unused, "its video was removed")
    return video.title


def _unused(session: Session, video: SourceVideo) -> list[str]:
    keyframes = select(ClipArtifact.filepath).join(Clip).where(Clip.source_video_id == video.id)
    files = select(Clip.clip_filepath).where(Clip.source_video_id == video.id)
    exports = select(ClipExport.filepath).join(Clip).where(Clip.source_video_id == video.id)
    entered = select(StoredObject.path).where(StoredObject.source_video_id == video.id)
    own = {
        getattr(video, column.name)
        for column in sa.inspect(SourceVideo).columns
        if column.name.endswith("_filepath")
    }
    found = own.union(*(session.exec(query) for query in (keyframes, files, exports, entered)))
    return sorted(path for path in found if path is not None)


def _forget_facts(video: SourceVideo) -> None:
    for column in FORGOTTEN:
        setattr(video, column, None)
    video.cancel_requested = video.refetch_requested = False
    video.tries = 0
    video.attempt += 1  # makes a run void that was asked for already
