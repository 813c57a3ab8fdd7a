"""The list of source videos as its page shows it: filtered, in pages, and what its rows need.
Reads only, and takes as many statements for fifty rows as for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db.among import among
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.db.source_videos import WITHOUT_CUT_POINTS, WITHOUT_INDEX
from heaters_pipeline.domain.quality import shortfall
from heaters_pipeline.domain.redaction import LOGIN
from heaters_pipeline.domain.states import COMPLETE, SOURCE_STEPS, SourceState


class Choice(StrEnum):
    ALL = "all"
    WAITING = "waiting"
    AT_WORK = "at-work"
    FAILED = "failed"
    SHORT = "short"
    """The download is worse than what the site had listed."""


class Name(NamedTuple):
    """What names another video on a page."""

    key: str
    title: str


_UNDER_WAY = {state for step in SOURCE_STEPS for state in (step.doing, step.done)} - COMPLETE

_ASKED_FOR = sa.or_(col(SourceVideo.refetch_requested), col(SourceVideo.lost_products).is_not(None))
"""A ready video waits for something all the same."""

_CONDITIONS: dict[Choice, Any] = {
    Choice.ALL: col(SourceVideo.state) != SourceState.REMOVED,
    Choice.WAITING: sa.or_(
        col(SourceVideo.state) == SourceState.NEW,
        sa.and_(_ASKED_FOR, col(SourceVideo.progress).is_(None)),
    ),
    Choice.AT_WORK: sa.and_(
        col(SourceVideo.error).is_(None),
        sa.or_(col(SourceVideo.state).in_(_UNDER_WAY), col(SourceVideo.progress).is_not(None)),
    ),
    Choice.FAILED: sa.and_(
        col(SourceVideo.error).is_not(None),
        # These are tried again by themselves.
        col(SourceVideo.state) != SourceState.NEW,
        ~_ASKED_FOR,
    ),
}


def newest_first(
    session: Session,
    choice: Choice,
    find: str,
    limit: int,
    offset: int = 0,
    before: int | None = None,
) -> Sequence[SourceVideo]:
    """Those that were added before the one with the id `before`, where it is named. `find` (may be
    empty) is a part of a title or an address, or the key of a video or of a playlist, whose videos
    are found with it. The rows come without their large columns."""
    return session.exec(
        select(SourceVideo)
        .options(WITHOUT_INDEX, WITHOUT_CUT_POINTS)
        .where(_chosen(session, choice), _found(find))
        .where(sa.true() if before is None else col(SourceVideo.id) < before)
        .order_by(col(SourceVideo.id).desc())
        .limit(limit)
        .offset(offset)
    ).all()


def ids(session: Session, choice: Choice, find: str) -> Sequence[int]:
    """Of all videos that `newest_first` would find."""
    return session.exec(select(SourceVideo.id).where(_chosen(session, choice), _found(find))).all()


def _chosen(session: Session, choice: Choice) -> Any:
    if choice == Choice.SHORT:
        # Only Python knows what falls short: two columns of each row are looked at.
        listed = session.exec(
            select(SourceVideo.id, SourceVideo.download_quality).where(
                col(SourceVideo.download_quality).is_not(None)
            )
        )
        short = [video_id for video_id, quality in listed if shortfall(quality)]
        return among(col(SourceVideo.id), short)
    return _CONDITIONS[choice]


def _found(find: str) -> Any:
    if not find:
        return sa.true()
    playlist = select(SourceVideo.id).where(SourceVideo.key == find).scalar_subquery()
    address = sa.func.regexp_replace(col(SourceVideo.url), LOGIN, r"\1")
    return sa.or_(
        col(SourceVideo.key) == find,
        col(SourceVideo.title).icontains(find, autoescape=True),
        address.icontains(find, autoescape=True),
        col(SourceVideo.playlist_id) == playlist,
    )


def counts(session: Session) -> dict[Choice, int]:
    """How many videos each choice has, except `SHORT`, which takes long to count."""
    row = session.execute(
        select(*(sa.func.count().filter(condition) for condition in _CONDITIONS.values()))
        .select_from(SourceVideo)
    ).one()  # fmt: skip
    return dict(zip(_CONDITIONS, row, strict=True))


def detectors(session: Session, video_ids: Sequence[int]) -> dict[int, str]:
    """The name of the detector that found the cuts of each of the videos that was divided."""
    detector = col(SourceVideo.scene_cut_points)["detector"].astext
    rows = session.exec(
        select(SourceVideo.id, detector).where(
            col(SourceVideo.id).in_(video_ids),
            col(SourceVideo.needs_splicing),
            detector.is_not(None),
        )
    )
    return dict(rows.all())


def names(session: Session, video_ids: Iterable[int]) -> dict[int, Name]:
    rows = session.exec(
        select(SourceVideo.id, SourceVideo.key, SourceVideo.title).where(
            col(SourceVideo.id).in_(list(video_ids))
        )
    )
    return {video_id: Name(key, title) for video_id, key, title in rows}


def ready(session: Session, limit: int) -> list[Name]:
    """Videos whose clips can be reviewed, newest first."""
    rows = session.exec(
        select(SourceVideo.key, SourceVideo.title)
        .where(col(SourceVideo.state).in_(COMPLETE))
        .order_by(col(SourceVideo.id).desc())
        .limit(limit)
    )
    return [Name(key, title) for key, title in rows]


def playlist_lengths(session: Session, video_ids: Iterable[int]) -> dict[int, int]:
    """How many videos came from each of the videos that is a playlist."""
    rows = session.exec(
        select(SourceVideo.playlist_id, sa.func.count())
        .where(
            col(SourceVideo.playlist_id).in_(list(video_ids)),
            col(SourceVideo.state) != SourceState.REMOVED,
        )
        .group_by(col(SourceVideo.playlist_id))
    )
    return {playlist_id: length for playlist_id, length in rows if playlist_id is not None}
