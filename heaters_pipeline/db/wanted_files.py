"""Which files clips should have: a profile, a clip, and whether the one is made of the other."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col

from heaters_pipeline.db import clip_work
from heaters_pipeline.db.models import (
    Clip,
    ClipExport,
    ExportFailure,
    ExportProfile,
    ProfileUse,
    ReviewEvent,
    SourceVideo,
)
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.profiles import Groups
from heaters_pipeline.domain.states import APPROVED, CUT_BEFORE_REVIEW, ClipState, SourceState

PAST_EXPORT = APPROVED - {
    *(ClipState.REVIEW_APPROVED, ClipState.EXPORTING, ClipState.EXPORT_FAILED),
}


def is_for(profile: Any = ExportProfile, clip: Any = Clip) -> Any:
    """SQL that is true of a clip and a profile that is for it."""
    is_of_video = sa.or_(
        col(ProfileUse.source_video_id).is_(None),
        col(ProfileUse.source_video_id) == clip.source_video_id,
    )
    has_label = sa.or_(
        col(ProfileUse.label).is_(None), col(ProfileUse.label) == sa.any_(clip.labels)
    )
    uses = sa.exists().where(col(ProfileUse.profile_id) == profile.id, is_of_video, has_label)
    # Of the clip and the profile outside, however deep in it this is.
    return sa.and_(sa.not_(profile.retired), uses.correlate(clip, profile))


def _is_left_to_group() -> Any:
    """SQL that is true of a clip of a group and a profile that makes one file of the group instead
    (`db.group_exports`): two of its clips at least are approved, and the profile is for its first.
    The first of a clip's profiles makes its own file all the same: the library shows it."""
    first_id = sa.func.coalesce(col(Clip.grouped_with_clip_id), col(Clip.id))
    other: Any = aliased(Clip)
    has_others = sa.exists().where(
        sa.or_(other.id == first_id, other.grouped_with_clip_id == first_id),
        other.id != col(Clip.id),
        other.state.in_(APPROVED),
    )
    head: Any = aliased(Clip)
    is_for_head = sa.exists().where(head.id == first_id, is_for(clip=head))
    makes_one = col(ExportProfile.spec)["groups"].astext == Groups.ONE
    is_left = sa.and_(sa.func.coalesce(makes_one, sa.false()), has_others, is_for_head)
    return sa.and_(is_left, ~is_main())


def is_main() -> Any:
    """SQL that is true of the first of the profiles that are for a clip."""
    earlier: Any = aliased(ExportProfile)
    return ~sa.exists().where(earlier.id < col(ExportProfile.id), is_for(earlier))


def _is_cut_before_review(undo_window_seconds: float) -> Any:
    """SQL that is true of a clip and a profile of which a physical video has a file before anybody
    approves the clip, once whatever gave the clip its frames has rested."""
    video: Any = aliased(SourceVideo)
    is_spliced = sa.exists().where(
        video.id == col(Clip.source_video_id),
        video.pipeline == ClipPipeline.PHYSICAL,
        video.state == SourceState.SPLICED,
    )
    rested = sa.exists().where(
        col(ReviewEvent.id) == col(Clip.last_event_id),
        clip_work.is_past(col(ReviewEvent.created_at), undo_window_seconds),
    )
    return sa.and_(col(Clip.state).in_(CUT_BEFORE_REVIEW), is_spliced, rested, is_main())


def lacking(undo_window_seconds: float) -> Any:
    """SQL for clips and the profiles that they lack a file of: all for clips past their export, and
    the first for clips of physical videos that nobody has approved."""
    failed = sa.exists().where(
        col(ExportFailure.clip_id) == col(Clip.id),
        col(ExportFailure.profile) == col(ExportProfile.name),
        col(ExportFailure.profile_hash) == col(ExportProfile.hash),
        sa.not_(clip_work.has_waited(ExportFailure) & col(ExportFailure.retry_at).is_not(None)),
    )
    video: Any = aliased(SourceVideo)
    archived = sa.exists().where(video.id == col(Clip.source_video_id), video.archived.is_not(None))
    is_due = sa.or_(col(Clip.state).in_(PAST_EXPORT), _is_cut_before_review(undo_window_seconds))
    return pairs(is_due, ~is_made(), ~failed, ~archived)


def pairs(*conditions: Any) -> Any:
    """SQL for clips and the profiles that are for them, a clip's main one first."""
    return (
        sa.select(col(Clip.id))
        .join(ExportProfile, is_for())
        .where(*conditions, ~_is_left_to_group())
        .order_by(col(Clip.start_frame), col(ExportProfile.id))
    )


def is_made() -> Any:
    """SQL that is true of a clip and a profile as it is now that made a file of it."""
    return sa.exists().where(
        col(ClipExport.clip_id) == col(Clip.id),
        col(ClipExport.profile) == col(ExportProfile.name),
        col(ClipExport.profile_hash) == col(ExportProfile.hash),
    )
