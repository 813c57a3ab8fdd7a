"""Objects that the storage has lost: having them made again, by whatever made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlmodel import Session

from heaters_pipeline.db import clip_exports, group_exports, keyframe_rules, source_videos
from heaters_pipeline.db.models import SourceVideo, StoredObject
from heaters_pipeline.domain.layout import Kind


def make_again(session: Session, lost: StoredObject) -> bool:
    """Has an object made again that rows name; whether something does that by itself. Where nothing
    does, no row has changed."""
    make = _MAKERS.get(Kind(lost.kind))
    if make is None:
        return False
    with session.begin_nested() as point:
        is_made = make(session, lost)
        if not is_made:
            point.rollback()
    return is_made


def _proxy(session: Session, lost: StoredObject) -> bool:
    """Its audio and its sprite sheets are made with it."""
    return source_videos.remake(session, lost.source_video_id, Kind.REVIEW_PROXY)


def _thumbnails(session: Session, lost: StoredObject) -> bool:
    return source_videos.remake(session, lost.source_video_id, Kind.FRAME_SCORES)


def _evidence(session: Session, lost: StoredObject) -> bool:
    """Whoever looks for cuts next gathers it."""
    key = session.get_one(SourceVideo, lost.source_video_id).key
    source_videos.record(session, key, {"cut_evidence_filepath": None})
    return True


def _export(session: Session, lost: StoredObject) -> bool:
    is_due = clip_exports.make_again(session, lost.path)
    return group_exports.make_again(session, lost.path) or is_due


def _keyframe(session: Session, lost: StoredObject) -> bool:
    return keyframe_rules.take_again(session, lost.path)


_MAKERS: Mapping[Kind, Callable[[Session, StoredObject], bool]] = {
    Kind.REVIEW_PROXY: _proxy,
    Kind.PROXY_AUDIO: _proxy,
    Kind.SPRITES: _proxy,
    Kind.FRAME_SCORES: _thumbnails,
    Kind.CUT_EVIDENCE: _evidence,
    Kind.CLIP: _export,
    Kind.KEYFRAME: _keyframe,
}
