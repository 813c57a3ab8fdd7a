"""What waits for another try, or for something outside, and trying again all that failed."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from heaters_pipeline.db import (
    clip_exports,
    clip_work,
    group_exports,
    outages,
    sites,
    source_videos,
)
from heaters_pipeline.db.among import among
from heaters_pipeline.db.models import Clip, ExportFailure, SourceVideo
from heaters_pipeline.domain.outages import STORAGE, outage_told
from heaters_pipeline.domain.states import (
    CLIP_STEPS,
    GOES_ON,
    SOURCE_STEPS,
    ClipState,
    SourceState,
)


class Number(NamedTuple):
    clips: int
    videos: int
    files: int = 0
    """Of exported clips and of groups."""

    @property
    def spoken(self) -> str:
        """`2 videos, 1 clip`; `nothing`."""
        numbers = ((self.videos, "video"), (self.clips, "clip"), (self.files, "file"))
        parts = [
            f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in numbers if number
        ]
        return ", ".join(parts) or "nothing"


def waiting(session: Session, undo_window_seconds: float) -> Number:
    """The clips and videos that the pipeline would go on with now."""
    rested = clip_work.rested(undo_window_seconds)
    due = sa.or_(
        sa.and_(col(Clip.state) == ClipState.REVIEW_APPROVED, rested),
        col(Clip.state).in_(GOES_ON),
    )
    clips = sa.select(sa.func.count()).select_from(Clip).where(due)
    videos = (
        sa.select(sa.func.count())
        .select_from(SourceVideo)
        .where(
            sa.or_(
                col(SourceVideo.state) == SourceState.NEW,
                col(SourceVideo.refetch_requested),
                col(SourceVideo.lost_products).is_not(None),
            )
        )
    )
    return Number(session.scalars(clips).one(), session.scalars(videos).one())


def resting(session: Session) -> Number:
    """What failed for a reason that may pass, and is tried again later."""
    goes_on = col(Clip.state).in_([ClipState.REVIEW_APPROVED, *GOES_ON])
    numbers = (
        sa.select(sa.func.count()).where(is_tried)
        for is_tried in (
            sa.and_(goes_on, col(Clip.retry_at).is_not(None)),
            col(SourceVideo.retry_at).is_not(None),
            col(ExportFailure.retry_at).is_not(None),
        )
    )
    return Number(*(session.scalars(number).one() for number in numbers))


def outages_told(session: Session, undo_window_seconds: float) -> list[str]:
    """What does not answer, in words, with what waits for it: everything for the storage, videos
    for their sites."""
    down = outages.listed(session)
    if not down:
        return []
    everything, of_sites = waiting(session, undo_window_seconds), sites.waiting(session)
    told = []
    for each in down:
        clips, videos = everything.clips, everything.videos
        if each.thing != STORAGE:
            clips, videos = 0, of_sites.get(each.thing, 0)
        told.append(outage_told(each.thing, each.since, each.reason, clips, videos))
    return told


def failed(session: Session, video_ids: Collection[int]) -> Number:
    """How many of these videos, and of their clips, failed."""
    clips = (
        sa.select(sa.func.count())
        .select_from(Clip)
        .where(
            among(col(Clip.source_video_id), video_ids),
            col(Clip.state).in_([step.failed for step in CLIP_STEPS]),
        )
    )
    videos = (
        sa.select(sa.func.count())
        .select_from(SourceVideo)
        .where(
            among(col(SourceVideo.id), video_ids),
            col(SourceVideo.state).in_([step.failed for step in SOURCE_STEPS]),
            col(SourceVideo.error) != source_videos.CANCELLED,
        )
    )
    return Number(session.scalars(clips).one(), session.scalars(videos).one())


def retry_failed(
    session: Session,
    video_ids: Collection[int] | None = None,
    state: ClipState | SourceState | None = None,
) -> Number:
    """Tries again all that failed: clips, videos, and files that exported clips and groups lack. Of
    these videos only; in this state only, which leaves out the files."""
    clip_state = state if isinstance(state, ClipState) else None
    source_state = state if isinstance(state, SourceState) else None
    clips = videos = files = 0
    if source_state is None:
        clips = clip_work.retry_failed(session, video_ids=video_ids, state=clip_state)
    if clip_state is None:
        videos = source_videos.retry_failed(session, video_ids, source_state)
    if state is None:
        files = clip_exports.retry_failed(session, video_ids)
        files += group_exports.retry_failed(session, video_ids)
    return Number(clips, videos, files)
