"""Uploads on their way into a bucket: what has arrived of them, for any review app to go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import BucketUpload

SENDERS_WITHIN = timedelta(hours=1)


def add(session: Session, upload_id: str, length: int, told: str, sender: str) -> None:
    session.add(BucketUpload(id=upload_id, length=length, told=told, sender=sender))


def senders(session: Session) -> set[str]:
    """Addresses from which uploads were announced, or have grown, within the hour."""
    lately = col(BucketUpload.changed_at) > sa.func.now() - SENDERS_WITHIN
    return set(session.exec(select(BucketUpload.sender).where(lately)))


def get(session: Session, upload_id: str) -> BucketUpload | None:
    return session.get(BucketUpload, upload_id)


def begin_parts(session: Session, upload_id: str, multipart_id: str) -> None:
    _set(session, upload_id, multipart_id=multipart_id)


def arrived(
    session: Session, upload_id: str, etags: Sequence[str], in_parts: int, rest: bytes
) -> None:
    """So many bytes are in the parts with these ETags now, and these are the rest."""
    _set(session, upload_id, etags=list(etags), in_parts=in_parts, rest=rest)


def finish(session: Session, upload_id: str, video_key: str) -> None:
    """The upload has become a source video."""
    _set(session, upload_id, video_key=video_key, multipart_id=None, etags=[], rest=b"")


def remove(session: Session, upload_id: str) -> None:
    session.execute(sa.delete(BucketUpload).where(col(BucketUpload.id) == upload_id))


def multipart_ids(session: Session) -> set[str]:
    """S3's ids of the uploads that go on."""
    ids = select(BucketUpload.multipart_id).where(col(BucketUpload.multipart_id).is_not(None))
    return {each for each in session.exec(ids) if each is not None}


def abandoned(
    session: Session, kept: timedelta, kept_unbegun: timedelta, most_unbegun: int
) -> list[str]:
    """Ids of those that rest for longer than `kept`, without a byte for longer than `kept_unbegun`,
    and of all without a byte but the `most_unbegun` newest."""
    age = sa.func.now() - col(BucketUpload.changed_at)
    unbegun = sa.and_(
        col(BucketUpload.video_key).is_(None),
        col(BucketUpload.in_parts) == 0,
        sa.func.length(col(BucketUpload.rest)) == 0,
    )
    newest = (
        sa.select(col(BucketUpload.id))
        .where(unbegun)
        .order_by(col(BucketUpload.changed_at).desc(), col(BucketUpload.id))
        .limit(most_unbegun)
    )
    old = sa.or_(
        age > kept,
        sa.and_(unbegun, age > kept_unbegun),
        sa.and_(unbegun, col(BucketUpload.id).not_in(newest)),
    )
    return list(session.scalars(sa.select(col(BucketUpload.id)).where(old)))


def _set(session: Session, upload_id: str, **columns: object) -> None:
    session.execute(
        sa.update(BucketUpload)
        .where(col(BucketUpload.id) == upload_id)
        .values(**columns, changed_at=sa.func.now())
    )
