"""Objects that the storage has lost: having them made again, by whatever made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db import (
    artifacts,
    clip_exports,
    group_exports,
    keyframe_rules,
    source_videos,
)
from heaters_pipeline.db.models import SourceVideo, StoredObject
from heaters_pipeline.db.source_videos import WITHOUT_INDEX
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.states import COMPLETE


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


def due(session: Session, limit: int) -> list[tuple[str, int, list[str]]]:
    """Key and attempt of ready videos, and the products of each that wait to be made again."""
    rows = session.execute(
        sa.select(col(SourceVideo.key), col(SourceVideo.attempt), col(SourceVideo.lost_products))
        .where(
            col(SourceVideo.lost_products).is_not(None),
            col(SourceVideo.state).in_(COMPLETE),
            col(SourceVideo.archived).is_(None),
            sa.not_(col(SourceVideo.refetch_requested)),
            sa.or_(col(SourceVideo.retry_at).is_(None), col(SourceVideo.retry_at) <= sa.func.now()),
        )
        .order_by(col(SourceVideo.id))
        .limit(limit)
    )
    return [(key, attempt, products) for key, attempt, products in rows]


def remake(session: Session, video_id: int, product: str) -> bool:
    """Has a product made again that the storage has lost, under a new attempt; whether it can be.
    It is no use for a video that is not ready: its ingest makes all products."""
    found = select(SourceVideo).options(WITHOUT_INDEX).where(SourceVideo.id == video_id)
    video = session.exec(found.with_for_update()).one()
    if video.state not in COMPLETE or video.archived or video.source_filepath is None:
        return False
    before = video.lost_products or []
    if product not in before:
        video.lost_products = sorted([*before, product])
        video.attempt += 1
        video.error, video.tries, video.retry_at = None, 0, None
    return True


def _sprites(session: Session, lost: StoredObject) -> bool:
    return artifacts.drop_sprites(session, lost.path) or _proxy(session, lost)


def _proxy(session: Session, lost: StoredObject) -> bool:
    """Its audio and its sprite sheets are made with it."""
    return remake(session, lost.source_video_id, Kind.REVIEW_PROXY)


def _thumbnails(session: Session, lost: StoredObject) -> bool:
    return remake(session, lost.source_video_id, Kind.FRAME_SCORES)


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
    Kind.SPRITES: _sprites,
    Kind.FRAME_SCORES: _thumbnails,
    Kind.CUT_EVIDENCE: _evidence,
    Kind.CLIP: _export,
    Kind.KEYFRAME: _keyframe,
}
