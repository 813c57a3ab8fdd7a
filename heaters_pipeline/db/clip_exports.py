"""Files of clips, by the profiles that they were made by: which there are, and which are missing.

What is missing is a question to the rows, as are vectors of another model (`embeddings.lacking`): a
profile that is added or changed moves no clip's state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db import clip_work, deletions
from heaters_pipeline.db.among import among
from heaters_pipeline.db.locks import is_at_work
from heaters_pipeline.db.models import (
    Clip,
    ClipExport,
    ClipFile,
    ExportFailure,
    ExportProfile,
    SourceVideo,
)
from heaters_pipeline.db.wanted_files import is_for, is_made, is_main, lacking, pairs
from heaters_pipeline.domain import retries
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import InputError, NotFound
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.domain.states import ClipState

MOST_FILES = 200
"""Missing files that one run makes; the sensor asks for the rest."""


class Wanted(NamedTuple):
    """A file that a clip should have and has not."""

    clip: Clip
    profile: ExportProfile


class DueExports(NamedTuple):
    video_key: str
    mark: str
    """Another one for whatever is missing, and after whatever was made or asked for again."""
    file_count: int


def of_clips(
    session: Session, clip_ids: Sequence[int], profile: str | None = None
) -> dict[int, list[ClipExport]]:
    """The exports of several clips, the main one first; of one profile only, where it is named."""
    query = (
        select(ClipExport)
        .join(ExportProfile, col(ExportProfile.name) == col(ClipExport.profile))
        .where(col(ClipExport.clip_id).in_(clip_ids))
        .order_by(col(ClipExport.clip_id), col(ExportProfile.id))
    )
    if profile is not None:
        query = query.where(ClipExport.profile == profile)
    found: dict[int, list[ClipExport]] = {}
    for export in session.exec(query):
        found.setdefault(export.clip_id, []).append(export)
    return found


def get(session: Session, clip_id: int, profile: str) -> ClipExport:
    found = of_clips(session, [clip_id], profile).get(clip_id)
    if not found:
        raise NotFound(f"Clip {clip_id} has no file of the profile {profile}.")
    return found[0]


def failures(session: Session, clip_ids: Sequence[int]) -> dict[int, list[ExportFailure]]:
    """The exports of several clips that failed and were not tried again."""
    rows = session.exec(
        select(ExportFailure)
        .where(col(ExportFailure.clip_id).in_(clip_ids))
        .order_by(col(ExportFailure.id))
    )
    found: dict[int, list[ExportFailure]] = {}
    for failure in rows:
        found.setdefault(failure.clip_id, []).append(failure)
    return found


def wanted(session: Session, clip_ids: Sequence[int]) -> list[Wanted]:
    """What is missing of these clips, whatever failed before; a clip's main file first."""
    rows = session.execute(
        pairs(col(Clip.id).in_(clip_ids), ~is_made()).with_only_columns(Clip, ExportProfile)
    )
    return [Wanted(*row) for row in rows]


def are_for(session: Session, clip_ids: Iterable[int], profile: ExportProfile) -> set[int]:
    """Those of the clips that the profile is for."""
    used = sa.and_(col(ExportProfile.id) == profile.id, is_for())
    ids = sa.select(col(Clip.id)).join(ExportProfile, used).where(among(col(Clip.id), clip_ids))
    return set(session.scalars(ids))


def of_scenes(session: Session, video_id: int) -> list[Wanted]:
    """The main files of the video's scenes that are not cut yet, whatever failed before."""
    scenes = col(Clip.source_video_id) == video_id, col(Clip.state) == ClipState.SPLICING
    rows = session.execute(pairs(*scenes, is_main()).with_only_columns(Clip, ExportProfile))
    return [Wanted(*row) for row in rows]


def missing(
    session: Session, video_id: int, undo_window_seconds: float, limit: int = MOST_FILES
) -> list[Wanted]:
    """What clips of the video that are past their export lack: files of profiles that were added,
    given another use, or changed; and the main files of clips that have one before that. Not what
    failed by the same spec already."""
    rows = session.execute(
        lacking(undo_window_seconds)
        .where(col(Clip.source_video_id) == video_id)
        .with_only_columns(Clip, ExportProfile)
        .limit(limit)
    )
    return [Wanted(*row) for row in rows]


def due(session: Session, undo_window_seconds: float, limit: int) -> list[DueExports]:
    """Videos with clips that lack a file, where nobody is at work on them: a run makes one file
    after the other."""
    lacks = sa.func.concat_ws(
        ":",
        col(Clip.id),
        col(ExportProfile.name),
        col(ExportProfile.hash),
        sa.func.date_part("epoch", col(ExportProfile.updated_at)),
        col(Clip.last_event_id),
        col(Clip.attempt),
    )
    made = (
        sa.select(sa.func.coalesce(sa.func.max(ClipExport.id), 0))
        .join(Clip, col(Clip.id) == col(ClipExport.clip_id))
        .where(col(Clip.source_video_id) == col(SourceVideo.id))
        .correlate(SourceVideo)
        .scalar_subquery()
    )
    all_of_it = sa.cast(sa.func.sum(sa.func.hashtextextended(lacks, 0)), sa.Text)
    rows = session.execute(
        lacking(undo_window_seconds)
        .join(SourceVideo, col(SourceVideo.id) == col(Clip.source_video_id))
        .with_only_columns(
            col(SourceVideo.key),
            sa.func.concat_ws("-", made, sa.func.left(sa.func.md5(all_of_it), 12)),
            sa.func.count(),
        )
        .group_by(col(SourceVideo.id), col(SourceVideo.key))
        .order_by(None)
        .order_by(sa.func.min(Clip.id))
        .limit(limit)
    )
    due = [DueExports(*row) for row in rows]
    return [each for each in due if not is_at_work(session, each.video_key)]


def save(
    session: Session,
    clip: Clip,
    profile: ExportProfile,
    *,
    filepath: str,
    frames: FrameRange,
    receipt: Receipt,
) -> None:
    """Records a file that is in the storage, in place of an earlier one of the profile, which is
    deleted if it is another."""
    replaced = session.scalars(
        sa.delete(ClipExport)
        .where(col(ClipExport.clip_id) == clip.id, col(ClipExport.profile) == profile.name)
        .returning(col(ClipExport.filepath))
    ).first()
    _forget_failure(session, clip.id, profile.name)
    session.add(
        ClipExport(
            clip_id=clip.id,
            profile=profile.name,
            profile_hash=profile.hash,
            filepath=filepath,
            exported_frames=frames.as_json(),
            bytes=receipt["size"],
            sha256=receipt["sha256"],
            receipt=receipt,
        )
    )
    session.flush()
    if replaced is not None and replaced != filepath:
        deletions.enter(session, [replaced], "another file replaced it")


def save_older(
    session: Session, clip: Clip, profile: ExportProfile, filepath: str, size: int, sha256: str
) -> None:
    """Records a file that an older system made of the whole clip, as the one of this profile. It
    has no receipt, as nobody has measured it."""
    session.add(
        ClipExport(
            clip_id=clip.id,
            profile=profile.name,
            profile_hash=profile.hash,
            filepath=filepath,
            exported_frames=clip.frames.as_json(),
            bytes=size,
            sha256=sha256,
        )
    )
    session.flush()


def fail(session: Session, clip_id: int, profile: ExportProfile, error: str) -> None:
    """Notes why the profile has no new file of the clip; an older one stays."""
    values = {"profile_hash": profile.hash, "error": error, "tries": 0, "retry_at": None}
    statement = insert(ExportFailure).values(clip_id=clip_id, profile=profile.name, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["clip_id", "profile"],
            set_={**values, "failed_at": sa.func.now()},
        )
    )


class Passing(NamedTuple):
    """A file that could not be made, for a reason that may pass."""

    clip_id: int
    profile: ExportProfile
    error: str


def try_later(session: Session, failed: Sequence[Passing]) -> list[int]:
    """Has files of one video made again after a pause, all at one time. What was tried too often
    has failed: the clips of that."""
    tries: dict[tuple[int, str], int] = {}
    for clip_id, found in failures(session, [each.clip_id for each in failed]).items():
        tries |= {(clip_id, each.profile + each.profile_hash): each.tries for each in found}
    counts = [
        1 + tries.get((each.clip_id, each.profile.name + each.profile.hash), 0) for each in failed
    ]
    if not counts:
        return []
    pause = sa.func.now() + retries.pause(max(counts), retries.some_chance())
    over = []
    for (clip_id, profile, error), count in zip(failed, counts, strict=True):
        fail(session, clip_id, profile, error)
        again = retries.may_try_again(count)
        session.execute(
            sa.update(ExportFailure)
            .where(
                col(ExportFailure.clip_id) == clip_id, col(ExportFailure.profile) == profile.name
            )
            .values(tries=count, retry_at=pause if again else None)
        )
        over += [] if again else [clip_id]
    clip_work.new_attempt(session, {each.clip_id for each in failed})
    return over


def put_back_left(session: Session, video_key: str, undo_window_seconds: float, error: str) -> None:
    """Has the files that a run which died was to make made after a pause, unless a step is at work
    on the video."""
    rows = _lacking_of(session, video_key, undo_window_seconds)
    if is_at_work(session, video_key):
        clip_work.new_attempt(session, {clip.id for clip, _ in rows})
    else:
        try_later(session, [Passing(clip.id, profile, error) for clip, profile in rows])


def ask_again(session: Session, video_key: str, undo_window_seconds: float) -> None:
    """Makes the next run for the files that clips lack another one."""
    rows = _lacking_of(session, video_key, undo_window_seconds)
    clip_work.new_attempt(session, {clip.id for clip, _ in rows})


def _lacking_of(session: Session, video_key: str, undo_window_seconds: float) -> Sequence[Any]:
    return session.execute(
        lacking(undo_window_seconds)
        .join(SourceVideo, col(SourceVideo.id) == col(Clip.source_video_id))
        .where(col(SourceVideo.key) == video_key)
        .with_only_columns(Clip, ExportProfile)
        .limit(MOST_FILES)
    ).all()


def give_up(session: Session, video_key: str, undo_window_seconds: float, error: str) -> None:
    """Fails the files that a run was to make and did not, no more than a run makes. Where a step is
    at work on the video, their clips get a new attempt instead."""
    at_work = is_at_work(session, video_key)
    rows = _lacking_of(session, video_key, undo_window_seconds)
    for clip, profile in rows:
        if not at_work:
            fail(session, clip.id, profile, error)
    if at_work and rows:
        clip_work.new_attempt(session, [clip.id for clip, _ in rows])


def retry(session: Session, clip_id: int) -> None:
    """Has the files of a clip that failed made again. Raises InputError where none failed."""
    if not failures(session, [clip_id]):
        raise InputError(f"No file of clip {clip_id} failed: there is nothing to try again.")
    session.execute(sa.delete(ExportFailure).where(col(ExportFailure.clip_id) == clip_id))
    clip_work.new_attempt(session, [clip_id])


def retry_failed(session: Session, video_ids: Iterable[int] | None = None) -> int:
    """Has all files that failed for good made again; of clips of these videos only. How many."""
    failed = (
        select(ExportFailure.id, ExportFailure.clip_id)
        .join(Clip)
        .where(col(ExportFailure.retry_at).is_(None))
    )
    if video_ids is not None:
        failed = failed.where(among(col(Clip.source_video_id), video_ids))
    rows = session.exec(failed).all()
    session.execute(
        sa.delete(ExportFailure).where(col(ExportFailure.id).in_([row for row, _ in rows]))
    )
    clip_work.new_attempt(session, {clip_id for _, clip_id in rows})
    return len(rows)


def make_again(session: Session, filepath: str) -> bool:
    """Has a file that is gone made again; whether it will be."""
    outdated = session.execute(
        sa.update(ClipExport)
        .where(col(ClipExport.filepath) == filepath)
        .values(profile_hash="")
        .returning(col(ClipExport.clip_id), col(ClipExport.profile))
    ).all()
    if not outdated:
        return False
    clip_id, profile = outdated[0]
    clip_work.new_attempt(session, [clip_id])
    wanted = lacking(0).where(col(Clip.id) == clip_id, col(ExportProfile.name) == profile)
    return session.execute(wanted.limit(1)).first() is not None


def main_file(session: Session, clip_id: int) -> ClipFile | None:
    """The columns of a clip that name its main file: that of the first of its profiles. None where
    it has no file."""
    exports = of_clips(session, [clip_id]).get(clip_id)
    if not exports:
        return None
    first = exports[0]
    facts = ClipFile(
        clip_filepath=first.filepath, exported_frames=first.exported_frames, is_virtual=False
    )
    return facts | {"receipt": first.receipt}


def forget(session: Session, clip_ids: Iterable[int], but: Sequence[str] = ()) -> list[str]:
    """Takes clips' exports out of the tables, `but` these; the storage keys of the files that they
    leave."""
    ids = list(clip_ids)
    session.execute(sa.delete(ExportFailure).where(col(ExportFailure.clip_id).in_(ids)))
    left = sa.delete(ClipExport).where(
        col(ClipExport.clip_id).in_(ids), col(ClipExport.filepath).not_in(but)
    )
    return list(session.scalars(left.returning(col(ClipExport.filepath))))


def outdate(session: Session, clip_ids: Iterable[int]) -> None:
    """Has the files of clips made again: they show other frames than the clips do now."""
    if ids := list(clip_ids):
        of_them = sa.update(ClipExport).where(col(ClipExport.clip_id).in_(ids))
        session.execute(of_them.values(profile_hash=""))


def _forget_failure(session: Session, clip_id: int, profile: str) -> None:
    session.execute(
        sa.delete(ExportFailure).where(
            col(ExportFailure.clip_id) == clip_id, col(ExportFailure.profile) == profile
        )
    )


def unproven(session: Session, video_id: int) -> tuple[list[int], int]:
    """Clips of a video with a file that has no receipt, and how many files there are."""
    rows = session.execute(
        sa.select(col(ClipExport.clip_id), col(ClipExport.receipt).is_(None))
        .join(Clip, col(Clip.id) == col(ClipExport.clip_id))
        .where(col(Clip.source_video_id) == video_id)
        .order_by(col(ClipExport.clip_id))
    ).all()
    return [clip_id for clip_id, lacks in rows if lacks], len(rows)
