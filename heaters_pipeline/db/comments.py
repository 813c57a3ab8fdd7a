"""Comments on clips and frames, and who is mentioned in them.

A comment stays with its frames: one on a frame is shown with the clip that has the frame now, one
on a clip that a merge or a split has replaced with the clips that have its frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from heaters_pipeline.db import clips, people
from heaters_pipeline.db.models import Clip, Comment, Mention, Person, SourceVideo
from heaters_pipeline.db.prepared import given_ids
from heaters_pipeline.domain.comments import MOST_A_MINUTE, comment_text, mentioned
from heaters_pipeline.domain.errors import InputError, TooMany
from heaters_pipeline.domain.states import ClipState

AUTHOR_LOCKS = 0x48544341
"""First half of the keys under which comments of one author wait for one another."""

_written_on: Any = aliased(Clip)

_WITH_CLIP: Any = sa.and_(
    col(Comment.source_video_id) == col(Clip.source_video_id),
    sa.case(
        (
            col(Comment.frame).is_not(None),
            sa.and_(
                col(Comment.frame) >= col(Clip.start_frame),
                col(Comment.frame) < col(Clip.end_frame),
            ),
        ),
        else_=sa.or_(
            _written_on.id == Clip.id,
            sa.and_(
                _written_on.state == ClipState.SUPERSEDED,
                _written_on.start_frame < Clip.end_frame,
                _written_on.end_frame > Clip.start_frame,
            ),
        ),
    ),
)
"""True of a comment that is shown with a clip."""


def add(
    session: Session, author: str, clip_id: int, text: str, frame: int | None = None
) -> Comment:
    """Raises InputError for a text that nobody can read and a frame that the clip lacks, TooMany
    where the author has written too many within a minute."""
    text, clip = comment_text(text), clips.get(session, clip_id)
    if frame is not None and frame not in range(*clip.frames):
        raise InputError(
            f"Frame {frame} is not in clip {clip_id}, which has frames {clip.start_frame} to "
            f"{clip.end_frame - 1}."
        )
    _one_by_one(session, author)
    lately = col(Comment.created_at) > sa.func.now() - timedelta(minutes=1)
    written = sa.select(sa.func.count()).where(col(Comment.author) == author, lately)
    if (session.scalar(written) or 0) >= MOST_A_MINUTE:
        raise TooMany(f"You have written {MOST_A_MINUTE} comments within a minute: wait a little.")
    comment = Comment(
        source_video_id=clip.source_video_id,
        clip_id=clip_id,
        frame=frame,
        author=author,
        text=text,
    )
    session.add(comment)
    session.flush()
    ids = {person.name: person.id for person in people.listed(session) if person.name != author}
    session.add_all(
        Mention(comment_id=comment.id, person_id=ids[name]) for name in mentioned(text, ids)
    )
    return comment


def _one_by_one(session: Session, author: str) -> None:
    """Has what an author writes at the same moment wait for one another, so that it is counted."""
    session.execute(
        sa.text("SELECT pg_advisory_xact_lock(:space, hashtext(:author))"),
        {"space": AUTHOR_LOCKS, "author": author},
    )


def of_clip(session: Session, clip_id: int) -> Sequence[Comment]:
    """Oldest first."""
    return session.scalars(
        _with_clips(sa.select(Comment)).where(col(Clip.id) == clip_id).order_by(col(Comment.id))
    ).all()


def counts(session: Session, clip_ids: Iterable[int]) -> dict[int, int]:
    """How many comments each of the clips has; one without any is left out."""
    rows = session.execute(COUNTS, {"clip_ids": list(clip_ids)})
    return {int(clip_id): int(number) for clip_id, number in rows}


def _with_clips(statement: Any) -> Any:
    return statement.join(_written_on, _written_on.id == col(Comment.clip_id)).join(
        Clip, _WITH_CLIP
    )


COUNTS = (
    _with_clips(
        sa.select(col(Clip.id).label("clip_id"), sa.func.count().label("number")).select_from(
            Comment
        )
    )
    .where(col(Clip.id) == sa.any_(given_ids("clip_ids")))
    .group_by(col(Clip.id))
)
"""How many comments each of the clips `clip_ids` has."""


# --- The inbox ------------------------------------------------------------------------------------


class Entry(NamedTuple):
    comment: Comment
    title: str
    """Of the video."""
    is_read: bool


def inbox(session: Session, name: str, limit: int, offset: int = 0) -> list[Entry]:
    """Comments that mention a person, newest first."""
    rows = session.execute(
        sa.select(Comment, col(SourceVideo.title), col(Mention.read_at).is_not(None))
        .join(Mention, col(Mention.comment_id) == col(Comment.id))
        .join(Person, col(Person.id) == col(Mention.person_id))
        .join(SourceVideo, col(SourceVideo.id) == col(Comment.source_video_id))
        .where(col(Person.name) == name)
        .order_by(col(Comment.id).desc())
        .limit(limit)
        .offset(offset)
    )
    return [Entry(*row) for row in rows]


def unread(session: Session, name: str) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(Mention)
        .join(Person, col(Person.id) == col(Mention.person_id))
        .where(col(Person.name) == name, col(Mention.read_at).is_(None))
    )
    return session.scalar(query) or 0


def read(session: Session, name: str, comment_ids: Iterable[int] | None = None) -> None:
    """Marks what mentions a person as read: these comments, or all."""
    person = sa.select(col(Person.id)).where(col(Person.name) == name).scalar_subquery()
    wanted = sa.true() if comment_ids is None else col(Mention.comment_id).in_(list(comment_ids))
    session.execute(
        sa.update(Mention)
        .where(col(Mention.person_id) == person, col(Mention.read_at).is_(None), wanted)
        .values(read_at=sa.func.now())
        .execution_options(synchronize_session=False)
    )
