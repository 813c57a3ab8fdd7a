"""How far reviewers are: in a film, and with what they approved on its way to the library. Reads
only."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from heaters_pipeline.db import clip_counts, opinions
from heaters_pipeline.db.models import Clip, ReviewEvent, SourceVideo
from heaters_pipeline.domain.states import UNFINISHED, ClipState

_WAITS = col(Clip.state) == ClipState.PENDING_REVIEW


class FilmProgress(NamedTuple):
    title: str
    decided: int
    total: int
    """Its live clips."""


class WaitingFilm(NamedTuple):
    key: str
    title: str
    pending: int
    """Its clips that wait and that no page has."""


def of_film(session: Session, key: str) -> FilmProgress | None:
    """None where there is no such video, or it has no clips."""
    row = session.execute(
        sa.select(col(SourceVideo.title), sa.func.count().filter(sa.not_(_WAITS)), sa.func.count())
        .join(Clip, col(Clip.source_video_id) == col(SourceVideo.id))
        .where(col(SourceVideo.key) == key, col(Clip.state) != ClipState.SUPERSEDED)
        .group_by(col(SourceVideo.title))
    ).first()
    return FilmProgress(*row) if row else None


def next_film(session: Session, reviewer: str, but: str | None = None) -> WaitingFilm | None:
    """The oldest video with clips that the reviewer can have, other than the one with the key
    `but`."""
    row = session.execute(
        sa.select(col(SourceVideo.key), col(SourceVideo.title), sa.func.count())
        .join(Clip, col(Clip.source_video_id) == col(SourceVideo.id))
        .where(
            _WAITS,
            opinions.in_queue(reviewer, of_those_that_differ=False),
            sa.func.coalesce(col(Clip.leased_until) <= sa.func.now(), sa.true()),
            col(SourceVideo.key) != (but or ""),
        )
        .group_by(col(SourceVideo.id))
        .order_by(col(SourceVideo.id))
        .limit(1)
    ).first()
    return WaitingFilm(*row) if row else None


def on_the_way(session: Session) -> int:
    """How many approved clips are not in the library yet; those that failed wait for a person."""
    states = [ClipState.REVIEW_APPROVED, *UNFINISHED]
    return clip_counts.with_states(session, states)


def seconds_to_export(session: Session, actor: str, undo_window_seconds: float) -> float | None:
    """How long the reviewer's latest approval still rests before the pipeline takes it, by the
    database's clock; None where none rests."""
    window = timedelta(seconds=undo_window_seconds)
    ends = sa.func.max(col(Clip.decided_at)) + window
    rest = session.execute(
        sa.select(sa.extract("epoch", ends - sa.func.now()))
        .join(ReviewEvent, col(ReviewEvent.id) == col(Clip.last_event_id))
        .where(
            col(Clip.state) == ClipState.REVIEW_APPROVED,
            col(Clip.decided_at) > sa.func.now() - window,
            col(ReviewEvent.actor) == actor,
        )
    ).scalar()
    return None if rest is None else float(rest)
