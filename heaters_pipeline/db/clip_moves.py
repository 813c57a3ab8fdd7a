"""Moving clips from the video that is made of their file to their film, and back."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db import artifacts, clip_work, clips, events, group_exports
from heaters_pipeline.db.models import (
    Clip,
    ClipArtifact,
    ClipEmbedding,
    ClipExport,
    Comment,
    ImportedClip,
    ReviewEvent,
    SourceVideo,
    StoredObject,
)
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.states import ClipState


class Occupied(Conflict):
    """What lies there already stays."""


def place(session: Session, row: ImportedClip, film: SourceVideo, start: int) -> None:
    """Moves all clips of a file's video to the film, in which `start` is the frame that the file
    begins with. What was decided on them stays as it is; clips of the film on which nobody has
    decided give way. Raises Occupied where others lie there. The caller holds both videos' locks.
    """
    moving = _all_of(session, [row.video_id or 0])
    _make_way(session, film, [shifted(each.frames, start) for each in moving if _is_live(each)])
    _move(session, moving, film, start)
    row.placed_in_id, row.placed_frame, row.problem = film.id, start, None


def take_back(session: Session, row: ImportedClip, video: SourceVideo) -> bool:
    """Moves what became of a placed clip back to its file's video; False where its frames were
    merged with others meanwhile, which leaves it in the film."""
    start = row.placed_frame or 0
    frames = FrameRange(start, start + (video.frame_count or 0))
    moving = [
        clip
        for clip in _all_of(session, [row.placed_in_id or 0])
        if frames.start < clip.end_frame
        and clip.start_frame < frames.end
        and (_is_live(clip) or clip.id == row.clip_id)
    ]
    if any(clip.start_frame < frames.start or frames.end < clip.end_frame for clip in moving):
        return False
    _move(session, moving, video, -start)
    row.placed_in_id = row.placed_frame = row.sought_at = None
    return True


def shifted(frames: FrameRange, by: int) -> FrameRange:
    return FrameRange(frames.start + by, frames.end + by)


def _is_live(clip: Clip) -> bool:
    return clip.state != ClipState.SUPERSEDED


def _all_of(session: Session, video_ids: Sequence[int]) -> list[Clip]:
    """Locked, in the order of their ids, superseded ones, too."""
    ids = session.exec(select(Clip.id).where(col(Clip.source_video_id).in_(video_ids)))
    return [*clips.locked(session, ids).values()]


def _make_way(session: Session, film: SourceVideo, wanted: Sequence[FrameRange]) -> None:
    live = clips.lock_live(session, film.id)
    judged = {clip.id for clip in clips.judged(session, film.id)}
    lying = [
        clip
        for clip in live.values()
        if any(clip.start_frame < each.end and each.start < clip.end_frame for each in wanted)
    ]
    if in_the_way := [clip for clip in lying if clip.id in judged]:
        first = in_the_way[0]
        raise Occupied(
            f"Clip {first.id} lies there already (frames {first.start_frame} to "
            f"{first.end_frame - 1}): decided on, or placed before."
        )
    if lying:
        before = [events.snapshot(clip) for clip in lying]
        for clip in lying:
            clip.state = ClipState.SUPERSEDED
        events.record(session, "pipeline", Action.REPLAN, [events.Part(before, lying)])


def _move(session: Session, moving: Sequence[Clip], to: SourceVideo, by: int) -> None:
    """Gives clips the frames of another video, with all that names frames or belongs to a video. An
    event tells of it, which keeps older ones about frames from being undone."""
    ranges = [shifted(clip.frames, by) for clip in moving]
    found = clips.geometries(session, to, ranges)
    before = [events.snapshot(clip) for clip in moving]
    for clip, geometry in zip(moving, found, strict=True):
        held = clip.exported_frames and shifted(FrameRange.from_json(clip.exported_frames), by)
        session.execute(
            sa.update(Clip)
            .where(col(Clip.id) == clip.id)
            .values(
                source_video_id=to.id,
                cut_points=geometry.cut_points,
                trim=clip.trim and shifted(FrameRange.from_json(clip.trim), by).as_json(),
                doubt=None,
                exported_frames=held.as_json() if held else None,
                chosen_frames=[frame + by for frame in clip.chosen_frames],
                version=col(Clip.version) + 1,
            )
            .execution_options(synchronize_session=False)
        )
        session.expire(clip)
        if clip.exported_frames:
            # Outdated: the gold master of where it is now makes another one.
            session.execute(
                sa.update(ClipExport)
                .where(col(ClipExport.clip_id) == clip.id)
                .values(exported_frames=clip.exported_frames, profile_hash="")
            )
    ids = [clip.id for clip in moving]
    group_exports.forget_of(session, {clip.grouped_with_clip_id or clip.id for clip in moving})
    artifacts.forget_sprites(session, ids)
    _shift_frames(session, ids, by)
    clip_work.new_attempt(session, ids)
    named = sa.union(
        *(
            sa.select(col(kind.filepath)).where(col(kind.clip_id).in_(ids))
            for kind in (ClipArtifact, ClipExport)
        )
    )
    session.execute(
        sa.update(StoredObject)
        .where(col(StoredObject.path).in_(named))
        .values(source_video_id=to.id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        sa.update(Comment).where(col(Comment.clip_id).in_(ids)).values(source_video_id=to.id)
    )
    session.add(
        ReviewEvent(
            source_video_id=to.id,
            actor="pipeline",
            action=Action.MOVE,
            clip_ids=sorted(ids),
            before=before,
            after=[events.snapshot(clip) for clip in moving],
        )
    )
    session.flush()


def _shift_frames(session: Session, clip_ids: Sequence[int], by: int) -> None:
    """Of stills, vectors and comments. By way of negative numbers: no two may be equal at any
    moment."""
    for kind in (ClipArtifact, ClipEmbedding, Comment):
        frame = col(kind.frame)
        its = sa.update(kind).where(col(kind.clip_id).in_(clip_ids), frame.is_not(None))
        for moved in (-(frame + by) - 1, -frame - 1):
            session.execute(its.values(frame=moved).execution_options(synchronize_session=False))
