"""Laying a video's clips anew along other cut points."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from heaters_pipeline.db import clips
from heaters_pipeline.db.events import Outcome, Part, record, snapshot
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain import cut_points
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.states import BEFORE_REVIEW, ClipState


def replan(
    session: Session,
    video: SourceVideo,
    cuts: Iterable[int],
    longest: int | None = None,
    end: int | None = None,
) -> Outcome | None:
    """Lays the video's clips anew along `cuts`, none of them longer than `longest` frames, up to
    frame `end` where the video is not all there yet. Clips
    that a reviewer has touched (`clips.TOUCHED`) stay as they are. Other clips stay where they
    already fit. Pending clips get the trim and the doubt that detection gives them now.

    None if no clip comes or goes.
    """
    if video.frame_count is None:
        raise InputError(f"{video.title} has no frame count yet: transcode it first.")
    live = clips.lock_live(session, video.id)
    judged = {clip.id for clip in clips.judged(session, video.id)}
    open_to_change = [clip for clip in live.values() if clip.id not in judged]
    lying = {clip.frames for clip in open_to_change}
    kept = [clip.frames for clip in live.values() if clip.frames not in lying]
    planned = set(cut_points.plan_clips(end or video.frame_count, cuts, kept, longest))
    replaced = [clip for clip in open_to_change if clip.frames not in planned]
    missing = sorted(planned - lying)
    before = [snapshot(clip) for clip in replaced]
    with session.no_autoflush:
        changed = [*_renewed(session, video, live.values()), *replaced]
        for clip in replaced:
            clip.state = ClipState.SUPERSEDED
        # The old clips leave their frames before the new ones take them.
        clips.save(session, changed)
    if not replaced and not missing:
        return None
    is_physical = video.pipeline == ClipPipeline.PHYSICAL
    state = ClipState.SPLICING if is_physical else ClipState.PENDING_REVIEW
    made = clips.lay(session, video, missing, Action.REPLAN, state=state)
    return record(session, "pipeline", Action.REPLAN, [Part(before, replaced + made)])


def _renewed(session: Session, video: SourceVideo, live: Iterable[Clip]) -> list[Clip]:
    """Gives pending clips, and those that come to be, the trim and the doubt that detection gives
    them now; the changed ones."""
    open_ones = {ClipState.PENDING_REVIEW, *BEFORE_REVIEW}
    pending = [clip for clip in live if clip.state in open_ones]
    detected = clips.detected(session, video, [clip.frames for clip in pending])
    changed = []
    for clip, found in zip(pending, detected, strict=True):
        if (clip.trim, clip.doubt) != found:
            clip.trim, clip.doubt = found
            changed.append(clip)
    return changed
