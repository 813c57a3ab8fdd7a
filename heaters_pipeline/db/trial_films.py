"""Trial films (`domain.trial_film`): which are there, and taking all of one away."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from heaters_pipeline.db.models import (
    Clip,
    Comment,
    IdempotentRequest,
    Origin,
    ReviewEvent,
    SearchWord,
    SourceVideo,
)
from heaters_pipeline.domain.trial_film import DOCTOR, NAME


def keys(session: Session) -> Sequence[str]:
    """Of all that are there, the removed ones, too; oldest first."""
    is_trial = col(SourceVideo.url).regexp_match(f"^{NAME.pattern}$")
    return session.exec(
        select(SourceVideo.key)
        .where(SourceVideo.origin == Origin.UPLOAD, is_trial)
        .order_by(col(SourceVideo.id))
    ).all()


def folders(session: Session, key: str) -> list[str]:
    """What the keys of all objects of a film and its clips begin with."""
    of_film = select(Clip.id).join(SourceVideo).where(SourceVideo.key == key)
    return [f"videos/{key}/", *(f"clips/{clip_id}/" for clip_id in session.exec(of_film))]


def purge(session: Session, key: str) -> None:
    """Deletes the rows of a trial film that has been removed (`db.removal`), with its clips, the
    decisions on them, and every row that names one of them. The words that only it brought go, too.
    A trigger refuses to delete decisions on any other film."""
    own = col(SourceVideo.key) == key
    found = sa.select(col(SourceVideo.id)).where(own)
    doomed = {
        "source_videos": found,
        **{
            kind.__tablename__: sa.select(col(kind.id)).where(col(kind.source_video_id).in_(found))
            for kind in (Clip, ReviewEvent, Comment)
        },
    }
    video = session.exec(select(SourceVideo).where(own)).one()
    # A word is learnt when a row is written; the mark in the film's name is no word of any text.
    mark = video.url.removesuffix(".mp4").rpartition("-")[2]
    for table in reversed(SQLModel.metadata.sorted_tables):
        if table.name in doomed:
            session.execute(sa.delete(table).where(table.c.id.in_(doomed[table.name])))
            continue
        for key_of_other in table.foreign_keys:
            if key_of_other.column.table.name in doomed:
                named = doomed[key_of_other.column.table.name]
                session.execute(sa.delete(table).where(key_of_other.parent.in_(named)))
    session.execute(sa.delete(SearchWord).where(col(SearchWord.word) == mark))
    session.execute(sa.delete(IdempotentRequest).where(col(IdempotentRequest.actor) == DOCTOR))
