"""Files that hold whole groups: which there are, and which are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db import clip_work, deletions
from heaters_pipeline.db.among import among
from heaters_pipeline.db.locks import is_at_work
from heaters_pipeline.db.models import Clip, ExportProfile, GroupExport, SourceVideo
from heaters_pipeline.db.wanted_files import PAST_EXPORT
from heaters_pipeline.domain import retries
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.domain.states import APPROVED


class Missing(NamedTuple):
    first_clip_id: int
    profile: str
    basis: str
    clip_ids: list[int]
    """In the film's order."""


class DueGroups(NamedTuple):
    video_key: str
    mark: str
    """Another one for whatever is missing, and after whatever was made or asked for again."""


def _groups(clips: str) -> str:
    """SQL of the groups of these clips, with what their files are made of (`shape`) and whether all
    their approved clips are past their export, which makes a group whole."""
    return f"""
    WITH members AS (
        SELECT coalesce(clip.grouped_with_clip_id, clip.id) AS first, clip.*
        FROM clips clip
        WHERE state = ANY(:approved) AND ({clips})
    ),
    groups AS (
        SELECT first, source_video_id, array_agg(id ORDER BY start_frame) AS clip_ids,
            string_agg(concat_ws(':', id, start_frame, end_frame, trim), ',' ORDER BY start_frame)
                AS shape,
            concat_ws(':', max(last_event_id), max(attempt)) AS asked,
            bool_and(state = ANY(:past_export)) AS whole
        FROM members GROUP BY first, source_video_id
        HAVING count(*) > 1
    )
"""  # noqa: S608


_GROUPED = """
    grouped_with_clip_id IS NOT NULL
    OR EXISTS (SELECT FROM clips other WHERE other.grouped_with_clip_id = clip.id)
"""

_MISSING = sa.text(f"""
    {_groups(_GROUPED)}
    SELECT video.key, first, profile.name, md5(profile.hash || shape) AS basis, clip_ids,
        concat_ws(':', profile.hash, shape, asked, date_part('epoch', profile.updated_at)) AS mark
    FROM groups
    JOIN source_videos video ON video.id = source_video_id AND video.archived IS NULL
    JOIN clips head ON head.id = first
    JOIN export_profiles profile
        ON NOT profile.retired AND profile.spec ->> 'groups' IN ('one', 'both')
    WHERE whole AND (CAST(:key AS text) IS NULL OR video.key = :key)
        AND EXISTS (
            SELECT FROM profile_uses used
            WHERE used.profile_id = profile.id
                AND (used.source_video_id IS NULL OR used.source_video_id = head.source_video_id)
                AND (used.label IS NULL OR used.label = ANY(head.labels))
        )
        AND NOT EXISTS (
            SELECT FROM group_exports made
            WHERE made.first_clip_id = first AND made.profile = profile.name
                AND made.basis = md5(profile.hash || shape)
                AND (made.retry_at IS NULL OR made.retry_at > now())
        )
    ORDER BY first, profile.id
""")  # noqa: S608

_BASES = sa.text(f"""
    {_groups("clip.id = ANY(:firsts) OR clip.grouped_with_clip_id = ANY(:firsts)")}
    SELECT first, md5(profile.hash || shape)
    FROM groups JOIN export_profiles profile ON profile.name = :profile
""")  # noqa: S608


def missing(session: Session, video_key: str) -> list[Missing]:
    """What the groups of a video lack. Not what failed by the same profile already."""
    return [Missing(*row[1:5]) for row in session.execute(_MISSING, _states(video_key))]


def due(session: Session, limit: int) -> list[DueGroups]:
    """Videos whose groups lack files, where nobody is at work on them."""
    listed = sa.func.string_agg(sa.text("mark"), sa.text("',' ORDER BY first, basis"))
    lacking = _MISSING.columns(
        sa.column("key"), sa.column("first"), sa.column("basis"), sa.column("mark")
    ).subquery("lacking")
    made = (
        sa.select(sa.func.coalesce(sa.func.max(GroupExport.id), 0))
        .join(Clip, col(Clip.id) == col(GroupExport.first_clip_id))
        .join(SourceVideo, col(SourceVideo.id) == col(Clip.source_video_id))
        .where(col(SourceVideo.key) == lacking.c.key)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(lacking.c.key, made, sa.func.left(sa.func.md5(listed), 12))
        .group_by(lacking.c.key)
        .order_by(lacking.c.key)
        .limit(limit),
        _states(None),
    )
    due = [DueGroups(key, f"group-{made}-{digest}") for key, made, digest in rows]
    return [each for each in due if not is_at_work(session, each.video_key)]


def of_group(session: Session, first_clip_id: int) -> Sequence[GroupExport]:
    return session.exec(
        select(GroupExport)
        .join(ExportProfile, col(ExportProfile.name) == col(GroupExport.profile))
        .where(GroupExport.first_clip_id == first_clip_id)
        .order_by(col(ExportProfile.id))
    ).all()


class WholeGroup(NamedTuple):
    export: GroupExport
    clips: Sequence[Clip]
    """That its file holds, in the film's order."""
    is_current: bool
    """Whether the file is of the clips and of the profile as they are now."""


def files_of(session: Session, given: Sequence[Clip], profile: str) -> dict[int, WholeGroup]:
    """Files of whole groups by the id of each of the given clips that one holds."""
    firsts = {clip.id: clip.grouped_with_clip_id or clip.id for clip in given}
    exports = {
        export.first_clip_id: export
        for export in session.exec(
            select(GroupExport).where(
                among(col(GroupExport.first_clip_id), firsts.values()),
                GroupExport.profile == profile,
                col(GroupExport.filepath).is_not(None),
            )
        )
    }
    of_these = sa.or_(among(col(Clip.id), exports), among(col(Clip.grouped_with_clip_id), exports))
    members: dict[int, list[Clip]] = {}
    for clip in session.exec(
        select(Clip).where(of_these, col(Clip.state).in_(APPROVED)).order_by(col(Clip.start_frame))
    ):
        members.setdefault(clip.grouped_with_clip_id or clip.id, []).append(clip)
    held = {clip.id for clips in members.values() for clip in clips}
    asked = {"firsts": list(exports), "profile": profile, **_states(None)}
    bases = dict(session.execute(_BASES, asked).all()) if exports else {}
    current = {
        first_id
        for first_id, export in exports.items()
        if export.error is None and export.basis == bases.get(first_id)
    }
    return {
        clip_id: WholeGroup(exports[first_id], members[first_id], first_id in current)
        for clip_id, first_id in firsts.items()
        if clip_id in held
    }


def save(
    session: Session,
    made: Missing,
    filepath: str,
    frames: Sequence[FrameRange],
    receipt: Receipt,
) -> None:
    """Records a file that is in the storage, in place of an earlier one of the profile."""
    before = _taken_out(session, made)
    if before is not None and before.filepath not in (None, filepath):
        deletions.enter(session, [before.filepath], "another file replaced it")
    ranges = [each.as_json() for each in frames]
    _put(session, made, filepath=filepath, frames=ranges, receipt=receipt)


def fail(session: Session, lacking: Missing, error: str, **next_try: object) -> None:
    """Notes why the profile has no new file of the group; an older one stays."""
    before = _taken_out(session, lacking)
    older = before._asdict() if before is not None else {}
    _put(session, lacking, error=error, **next_try, **older)


def try_later(session: Session, lacking: Missing, error: str) -> bool:
    """Has a file that could not be made, for a reason that may pass, made after a pause. False
    where it was tried too often, and has failed."""
    tries = 1 + sum(
        each.tries
        for each in of_group(session, lacking.first_clip_id)
        if (each.profile, each.basis) == (lacking.profile, lacking.basis)
    )
    again = retries.may_try_again(tries)
    retry_at = sa.func.now() + retries.pause(tries, retries.some_chance()) if again else None
    fail(session, lacking, error, tries=tries, retry_at=retry_at)
    clip_work.new_attempt(session, lacking.clip_ids)
    return again


def put_back_left(session: Session, video_key: str, error: str) -> None:
    """Has what a run which died was to make made after a pause, unless a step is at work on the
    video."""
    left = missing(session, video_key)
    if is_at_work(session, video_key):
        clip_work.new_attempt(session, [clip_id for each in left for clip_id in each.clip_ids])
        return
    for each in left:
        try_later(session, each, error)


def ask_again(session: Session, video_key: str) -> None:
    """Makes the next run for what is missing another one."""
    left = missing(session, video_key)
    clip_work.new_attempt(session, [clip_id for each in left for clip_id in each.clip_ids])


def retry(session: Session, first_clip_id: int) -> None:
    """Has what failed made again."""
    _outdate(
        session,
        col(GroupExport.first_clip_id) == first_clip_id,
        col(GroupExport.error).is_not(None),
    )


def make_again(session: Session, filepath: str) -> bool:
    """Has a file that is gone made again; whether it will be."""
    found = session.execute(
        sa.select(col(GroupExport.first_clip_id), col(GroupExport.profile), col(SourceVideo.key))
        .join(Clip, col(Clip.id) == col(GroupExport.first_clip_id))
        .join(SourceVideo, col(SourceVideo.id) == col(Clip.source_video_id))
        .where(col(GroupExport.filepath) == filepath)
    ).first()
    if found is None:
        return False
    first_clip_id, profile, key = found
    _outdate(session, col(GroupExport.filepath) == filepath)
    clip_work.new_attempt(session, [first_clip_id])
    lacking = missing(session, key)
    return (first_clip_id, profile) in [(each.first_clip_id, each.profile) for each in lacking]


def retry_failed(session: Session, video_ids: Iterable[int] | None = None) -> int:
    """Has all that failed for good made again; of groups of these videos only. How many."""
    failed = (
        sa.select(col(GroupExport.id), col(Clip.id))
        .join(Clip, col(Clip.id) == col(GroupExport.first_clip_id))
        .where(col(GroupExport.error).is_not(None), col(GroupExport.retry_at).is_(None))
    )
    if video_ids is not None:
        failed = failed.where(among(col(Clip.source_video_id), video_ids))
    rows = session.execute(failed).all()
    _outdate(session, col(GroupExport.id).in_([row for row, _ in rows]))
    clip_work.new_attempt(session, {first for _, first in rows})
    return len(rows)


def give_up(session: Session, video_key: str, error: str) -> None:
    """Fails what a run was to make and did not. Where a step is at work on the video, the groups'
    clips get a new attempt instead."""
    left = missing(session, video_key)
    if is_at_work(session, video_key):
        clip_work.new_attempt(session, [clip_id for each in left for clip_id in each.clip_ids])
        return
    for each in left:
        fail(session, each, error)


def forget(session: Session, clip_ids: Iterable[int]) -> None:
    """The groups of these clips are not what they were: their files go."""
    ids = list(clip_ids)
    firsts = sa.select(sa.func.coalesce(Clip.grouped_with_clip_id, Clip.id)).where(
        col(Clip.id).in_(ids)
    )
    forget_of(session, [*session.scalars(firsts)])


def forget_of(session: Session, first_clip_ids: Iterable[int]) -> None:
    gone = session.scalars(
        sa.delete(GroupExport)
        .where(col(GroupExport.first_clip_id).in_(list(first_clip_ids)))
        .returning(col(GroupExport.filepath))
    )
    files = [path for path in gone if path is not None]
    deletions.enter(session, files, "its group has changed")


def _taken_out(session: Session, of: Missing) -> Any:
    """The file of a group that its row names, and takes the row out: the next one has another id,
    which makes another mark (`due`). None where there is no row."""
    return session.execute(
        sa.delete(GroupExport)
        .where(
            col(GroupExport.first_clip_id) == of.first_clip_id,
            col(GroupExport.profile) == of.profile,
        )
        .returning(
            col(GroupExport.filepath),
            col(GroupExport.frames),
            col(GroupExport.receipt),
            col(GroupExport.made_at),
        )
    ).one_or_none()


def _outdate(session: Session, *which: sa.ColumnElement[bool]) -> None:
    """Has files made again: they count as made of something else."""
    session.execute(sa.update(GroupExport).where(*which).values(basis=""))


def _put(session: Session, of: Missing, **values: object) -> None:
    session.execute(
        insert(GroupExport).values(
            first_clip_id=of.first_clip_id, profile=of.profile, basis=of.basis, **values
        )
    )


def _states(video_key: str | None) -> dict[str, object]:
    return {"approved": list(APPROVED), "past_export": list(PAST_EXPORT), "key": video_key}
