"""Export profiles: the list, which clips each is for, and what a change of one would make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from heaters_pipeline.db import clip_work, wanted_files
from heaters_pipeline.db.models import (
    Clip,
    ClipExport,
    ExportCost,
    ExportFailure,
    ExportProfile,
    ProfileLack,
    ProfileUse,
    SourceVideo,
)
from heaters_pipeline.domain.annotations import label as tidied
from heaters_pipeline.domain.errors import InputError, NotFound
from heaters_pipeline.domain.profiles import NAME_PATTERN, Profile


class Use(NamedTuple):
    """Which clips a profile is for; both None: all."""

    video_key: str | None
    video_title: str | None
    label: str | None

    def __str__(self) -> str:
        """After `for`."""
        if self.video_title and self.label:
            return f"label {self.label} of {self.video_title}"
        if self.label:
            return f"label {self.label}"
        return self.video_title or "every approved clip"


class Measured(NamedTuple):
    """What a profile's files have cost so far."""

    files: int
    bytes_per_second: float | None
    """Of film."""
    speed: float | None
    """Seconds of film encoded in one second; None where no receipt says."""


class Lack(NamedTuple):
    files: int
    videos: int


NOTHING = Lack(0, 0)

MOST_COUNTED = 10_000
"""Failed files of a profile."""


def listed(session: Session) -> Sequence[ExportProfile]:
    """All, the retired ones, too; a clip's main file is that of the first that is for it."""
    return session.exec(select(ExportProfile).order_by(col(ExportProfile.id))).all()


def get(session: Session, name: str, *, lock: bool = False) -> ExportProfile:
    """With `lock`, kept from others until the transaction ends."""
    wanted = select(ExportProfile).where(ExportProfile.name == name)
    found = session.exec(wanted.with_for_update(key_share=True) if lock else wanted).first()
    if found is None:
        raise NotFound(f"There is no profile {name}.")
    return found


def uses(session: Session) -> dict[int, list[Use]]:
    """By the profile's id."""
    rows = session.execute(
        sa.select(
            col(ProfileUse.profile_id),
            col(SourceVideo.key),
            col(SourceVideo.title),
            col(ProfileUse.label),
        )
        .outerjoin(SourceVideo, col(SourceVideo.id) == col(ProfileUse.source_video_id))
        .order_by(col(ProfileUse.id))
    )
    found: dict[int, list[Use]] = {}
    for profile_id, *use in rows:
        found.setdefault(profile_id, []).append(Use(*use))
    return found


def save(session: Session, name: str, profile: Profile) -> ExportProfile:
    """Adds a profile, or changes the one of that name. Files that the change does not touch count
    as made by it. Raises InputError for a name that is none."""
    if not NAME_PATTERN.fullmatch(name):
        raise InputError(
            f"The name is {name!r}; it must be of small letters, digits and hyphens, 32 at most."
        )
    row = session.exec(
        select(ExportProfile).where(ExportProfile.name == name).with_for_update(key_share=True)
    ).first()
    if row is None:
        row = ExportProfile(name=name, spec=profile.as_json(), hash=profile.hash)
        session.add(row)
    else:
        if replace(row.profile, trimmed=profile.trimmed).hash == profile.hash:
            _keep_untrimmed(session, row, profile)
        row.spec, row.hash = profile.as_json(), profile.hash
        row.updated_at = sa.func.now()  # type: ignore[assignment]
    session.flush()
    return row


def use(session: Session, name: str, *, video_key: str | None, label: str | None) -> None:
    """Has the profile be for these clips, too."""
    row = get(session, name)
    video = _video(session, video_key)
    given = {
        "profile_id": row.id,
        "source_video_id": video,
        "label": tidied(label) if label is not None else None,
    }
    session.execute(insert(ProfileUse).values(given).on_conflict_do_nothing())
    _touch(session, row)


def stop_using(session: Session, name: str, *, video_key: str | None, label: str | None) -> None:
    """Undoes `use`; files that exist stay. Raises NotFound where the profile has no such use."""
    row = get(session, name)
    removed = session.scalars(
        sa.delete(ProfileUse)
        .where(
            col(ProfileUse.profile_id) == row.id,
            col(ProfileUse.source_video_id).is_not_distinct_from(_video(session, video_key)),
            col(ProfileUse.label).is_not_distinct_from(label),
        )
        .returning(col(ProfileUse.id))
    ).first()
    if removed is None:
        raise NotFound(f"The profile {name} has no such use.")
    _touch(session, row)


def retire(session: Session, name: str, *, retired: bool = True) -> ExportProfile:
    """Makes no more files by the profile, or some again. Files and uses stay."""
    row = get(session, name)
    row.retired = retired
    _touch(session, row)
    return row


def mark(session: Session) -> str:
    """Another one after each change of a profile or of its uses."""
    rows = session.execute(
        sa.select(col(ExportProfile.id), col(ExportProfile.updated_at)).order_by(
            col(ExportProfile.id)
        )
    )
    return " ".join(f"{profile_id}:{at.isoformat()}" for profile_id, at in rows)


def failed(session: Session) -> dict[str, int]:
    """Files that failed and were not tried again, by the profile's name; of more than MOST_COUNTED
    of a profile it tells no more than that."""
    theirs = (
        sa.select(col(ExportFailure.id))
        .where(col(ExportFailure.profile) == col(ExportProfile.name))
        .limit(MOST_COUNTED)
        .correlate(ExportProfile)
        .subquery()
        .lateral()
    )
    number = sa.select(sa.func.count()).select_from(theirs).scalar_subquery()
    rows = session.execute(sa.select(col(ExportProfile.name), number))
    return {str(name): int(count) for name, count in rows if count}


def retry(session: Session, name: str | None, video_key: str | None) -> int:
    """Has the files made again that failed, of one profile or one video where they are named;
    returns their number."""
    theirs = [col(ExportFailure.clip_id) == col(Clip.id)]
    if name is not None:
        theirs.append(col(ExportFailure.profile) == get(session, name).name)
    if video_key is not None:
        theirs.append(col(Clip.source_video_id) == _video(session, video_key))
    clip_ids = session.scalars(
        sa.delete(ExportFailure).where(*theirs).returning(col(ExportFailure.clip_id))
    ).all()
    clip_work.new_attempt(session, set(clip_ids))
    return len(clip_ids)


def lacks(session: Session) -> dict[str, Lack]:
    """What clips lacked when it was counted last, by the profile's name: to count it, all clips
    are looked at."""
    rows = session.execute(
        sa.select(col(ExportProfile.name), col(ProfileLack.files), col(ProfileLack.videos)).join(
            ProfileLack, col(ProfileLack.profile_id) == col(ExportProfile.id)
        )
    )
    return {name: Lack(*counts) for name, *counts in rows}


def lack_now(session: Session, name: str) -> Lack:
    """What clips lack of a profile, counted."""
    return _counted(session).get(name, NOTHING)


def recount(session: Session) -> dict[str, Lack]:
    """`lacks`, counted anew and kept."""
    counted = _counted(session)
    found = [(row, counted.get(row.name, NOTHING)) for row in listed(session)]
    statement = insert(ProfileLack)
    new = {name: statement.excluded[name] for name in Lack._fields}
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["profile_id"], set_={**new, "counted_at": sa.func.now()}
        ),
        [{"profile_id": row.id, **lack._asdict()} for row, lack in found],
    )
    return {row.name: lack for row, lack in found}


def _counted(session: Session) -> dict[str, Lack]:
    rows = session.execute(
        wanted_files.lacking(undo_window_seconds=0)
        .order_by(None)
        .with_only_columns(
            col(ExportProfile.name),
            sa.func.count(),
            sa.func.count(sa.distinct(col(Clip.source_video_id))),
        )
        .group_by(col(ExportProfile.name))
    )
    return {name: Lack(*counts) for name, *counts in rows}


def measured(session: Session) -> dict[str, Measured]:
    """By name, of profiles that have files. Of those made by the present spec alone."""
    size, film, timed, encoding = (
        sa.cast(sa.func.sum(each), sa.Float)
        for each in (
            *(col(ExportCost.bytes), col(ExportCost.seconds)),
            *(col(ExportCost.timed_seconds), col(ExportCost.encode_seconds)),
        )
    )
    files = sa.cast(sa.func.sum(col(ExportCost.files)), sa.BigInteger)
    rows = session.execute(
        sa.select(
            col(ExportCost.profile),
            files,
            size / sa.func.nullif(film, 0),
            timed / sa.func.nullif(encoding, 0),
        )
        .join(ExportProfile, col(ExportProfile.name) == col(ExportCost.profile))
        .where(col(ExportProfile.hash) == col(ExportCost.profile_hash))
        .group_by(col(ExportCost.profile))
        .having(files > 0)
    )
    return {name: Measured(*numbers) for name, *numbers in rows}


def rename_label(session: Session, old: str, new: str) -> None:
    """Has the uses of a label follow it to its new name."""
    other = aliased(ProfileUse)
    both = sa.exists().where(
        col(other.profile_id) == col(ProfileUse.profile_id),
        col(other.source_video_id).is_not_distinct_from(col(ProfileUse.source_video_id)),
        col(other.label) == new,
    )
    session.execute(sa.delete(ProfileUse).where(col(ProfileUse.label) == old, both))
    session.execute(sa.update(ProfileUse).where(col(ProfileUse.label) == old).values(label=new))


def leaves_out_transitions(session: Session) -> bool:
    """Whether the main files of clips are trimmed."""
    used = uses(session)
    first = next((row for row in listed(session) if row.id in used and not row.retired), None)
    return first is not None and first.profile.trimmed


def _keep_untrimmed(session: Session, row: ExportProfile, profile: Profile) -> None:
    """Of clips without transitions, a trimmed file and a whole one are the same."""
    without = sa.select(col(Clip.id)).where(
        col(Clip.id) == col(ClipExport.clip_id), col(Clip.trim).is_(None)
    )
    session.execute(
        sa.update(ClipExport)
        .where(
            col(ClipExport.profile) == row.name,
            col(ClipExport.profile_hash) == row.hash,
            without.exists(),
        )
        .values(profile_hash=profile.hash)
    )


def _video(session: Session, key: str | None) -> int | None:
    if key is None:
        return None
    found = session.exec(select(SourceVideo.id).where(SourceVideo.key == key)).first()
    if found is None:
        raise NotFound(f"There is no video {key}.")
    return found


def _touch(session: Session, row: ExportProfile) -> None:
    """So that the next run for its files is another one than any before."""
    row.updated_at = sa.func.now()  # type: ignore[assignment]
    session.flush()
