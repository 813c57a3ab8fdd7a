"""What a selection has to hand over: its clips' files of one profile, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db import (
    clip_exports,
    collections,
    event_log,
    frame_indexes,
    group_exports,
    review_queue,
)
from heaters_pipeline.db.among import among
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.models import (
    Clip,
    ClipExport,
    ExportCost,
    ExportFailure,
    ExportProfile,
    GroupExport,
    ReviewEvent,
    SourceVideo,
)
from heaters_pipeline.db.source_videos import WITHOUT_CUT_POINTS, WITHOUT_INDEX
from heaters_pipeline.domain import frame_index
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import NotFound
from heaters_pipeline.domain.file_names import Named, file_names
from heaters_pipeline.domain.handover import (
    NO_CLIP,
    File,
    Group,
    Handed,
    Handover,
    LeftOut,
    Source,
    wanted,
    why_left_out,
    why_older,
)
from heaters_pipeline.domain.profiles import MAIN, Groups
from heaters_pipeline.domain.selection import Selection, Shown
from heaters_pipeline.domain.states import APPROVED, ClipState

AT_ONCE = 500
"""Clips that one statement asks about: so few that their own rows are looked up, however large the
library is."""
DECIDED_AT_ONCE = 10
"""The same of their decisions, whose index Postgres takes for less telling."""


def selection(session: Session, arguments: Mapping[str, str]) -> Selection:
    """What the arguments of an address, or of the command line, ask for; a collection may be named
    by its id or its name. Raises NotFound for one that is not there, InputError for what makes no
    sense."""
    given = dict(arguments)
    named = given.get("collection", "").strip()
    if named:
        found = (
            collections.get(session, int(named))
            if named.isdecimal() and len(named) < 19
            else collections.named(session, named)
        )
        given["collection"] = str(found.id)
    return wanted(given)


def clip_ids(
    session: Session, chosen: Selection, likeness: Likeness | None, most: int | None = None
) -> Sequence[int]:
    """All clips of a selection, or the first `most`, in its order; at the end ids that it names and
    no clip has."""
    found = review_queue.selected_ids(
        session, chosen, by_itself=Shown.LIBRARY, likeness=likeness, most=most
    )
    existing = set(session.scalars(sa.select(col(Clip.id)).where(among(col(Clip.id), chosen.ids))))
    return [*found, *(each for each in chosen.ids if each not in existing)]


def handover(
    session: Session,
    chosen: Selection,
    likeness: Likeness | None = None,
    profile: str = MAIN,
    ids: Sequence[int] | None = None,
) -> Handover:
    """Every clip of the selection is in it: an approved one with its file, or else why it is left
    out. Where the profile makes one file of a group, whichever of its clips are chosen stand for
    that file, which is named once, in the place of the first of them. `ids` are those of the
    selection's clips that matter, where not all do."""
    row = session.exec(select(ExportProfile).where(ExportProfile.name == profile)).first()
    if row is None:
        raise NotFound(f"There is no profile {profile!r}.")
    wanted_ids = clip_ids(session, chosen, likeness) if ids is None else ids
    rows: dict[int, tuple[Clip, SourceVideo]] = {}
    exports: dict[int, ClipExport] = {}
    whole: dict[int, group_exports.WholeGroup] = {}
    approvals: dict[int, ReviewEvent] = {}
    for some in _in_parts(wanted_ids):
        theirs = _rows(session, some)
        rows |= theirs
        approved = [clip for clip, _ in theirs.values() if clip.state in APPROVED]
        made = clip_exports.of_clips(session, [clip.id for clip in approved], profile)
        exports |= {clip_id: found[0] for clip_id, found in made.items()}
        if row.profile.groups is Groups.ONE:
            whole |= group_exports.files_of(session, approved, profile)
        firsts = {whole[each].clips[0].id for each in some if each in whole}
        for few in _in_parts([*{*made, *firsts}], DECIDED_AT_ONCE):
            approvals |= event_log.approvals(session, few)
    ready: dict[int, _Ready] = {}
    older: dict[int, ClipExport | GroupExport] = {}
    for each in wanted_ids:
        group, export = whole.get(each), exports.get(each)
        if group is not None and group.is_current:
            ready.setdefault(group.clips[0].id, _Ready(group.clips, rows[each][1], group.export))
        elif group is not None:
            older[each] = group.export
        elif export is not None and export.profile_hash != row.hash:
            older[each] = export
        elif _is_known(export):
            ready[each] = _Ready([rows[each][0]], rows[each][1], exports[each])
    names = file_names(_named(row, each) for each in ready.values())
    times = _times(session, ready.values())
    handed = [
        _handed(each, approvals.get(clip_id), name, times)
        for (clip_id, each), name in zip(ready.items(), names, strict=True)
    ]
    there = {clip_id for each in handed for clip_id in each.clip_ids}
    reasons = _why_older(session, row, older, rows)
    left_out = [
        LeftOut(each, reasons.get(each) or _why(rows.get(each), exports.get(each), profile))
        for each in wanted_ids
        if each not in there
    ]
    return Handover(profile, handed, left_out)


def _in_parts(ids: Sequence[int], number: int = AT_ONCE) -> Iterator[Sequence[int]]:
    return (ids[at : at + number] for at in range(0, len(ids), number))


def _rows(session: Session, ids: Sequence[int]) -> dict[int, tuple[Clip, SourceVideo]]:
    statement = (
        select(Clip, SourceVideo)
        .join(SourceVideo, col(SourceVideo.id) == col(Clip.source_video_id))
        .options(WITHOUT_INDEX, WITHOUT_CUT_POINTS)
        .where(among(col(Clip.id), ids))
    )
    return {clip.id: (clip, video) for clip, video in session.exec(statement)}


class _Ready(NamedTuple):
    """A file, and the clips that it holds, in the film's order."""

    clips: Sequence[Clip]
    video: SourceVideo
    export: ClipExport | GroupExport

    @property
    def ranges(self) -> list[FrameRange]:
        if isinstance(self.export, GroupExport):
            return [FrameRange.from_json(each) for each in self.export.frames or []]
        return [FrameRange.from_json(self.export.exported_frames)]

    @property
    def frames(self) -> FrameRange:
        """From the first to the last that the file holds."""
        return FrameRange(self.ranges[0].start, self.ranges[-1].end)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label for clip in self.clips for label in clip.labels))


def profiles(session: Session) -> list[str]:
    """Those that have files, and the main one, in the order in which they were made."""
    of_clips = (
        sa.select(col(ExportCost.profile))
        .group_by(col(ExportCost.profile))
        .having(sa.func.sum(col(ExportCost.files)) > 0)
    )
    of_groups = sa.exists().where(
        col(GroupExport.profile) == col(ExportProfile.name), col(GroupExport.filepath).is_not(None)
    )
    has_files = col(ExportProfile.name).in_(of_clips), of_groups
    return list(
        session.scalars(
            sa.select(col(ExportProfile.name))
            .where(sa.or_(col(ExportProfile.name) == MAIN, *has_files))
            .order_by(col(ExportProfile.id))
        )
    )


def _is_known(export: ClipExport | None) -> bool:
    return export is not None and export.bytes is not None


def _named(profile: ExportProfile, ready: _Ready) -> tuple[str, Named, str]:
    video = ready.video
    named = Named(
        title=video.title,
        key=video.key,
        clip=ready.clips[0].id,
        profile=profile.name,
        labels=ready.labels,
        start_frame=ready.frames.start,
        end_frame=ready.frames.end,
        rate=video.rate,
    )
    suffix = PurePosixPath(str(ready.export.filepath)).suffix.removeprefix(".")
    return profile.profile.name, named, suffix


def _times(session: Session, ready: Iterable[_Ready]) -> dict[tuple[int, int], float]:
    """When the frames at which files begin and end are shown, in seconds, by the video's id and the
    frame. The ends of clips are known; where a file has others, the frame index tells of all in one
    statement. A video that has no index now is taken to have the same rate everywhere."""
    known: dict[tuple[int, int], float] = {}
    rates: dict[tuple[int, int], Fraction] = {}
    for each in ready:
        for clip in each.clips:
            for end in ("start", "end"):
                place = (each.video.id, clip.cut_points[f"{end}_frame"])
                known[place] = float(clip.cut_points[f"{end}_time_seconds"])
        rates |= {(each.video.id, frame): each.video.rate for frame in each.frames}
    lacking = rates.keys() - known.keys()
    if lacking:
        ticks = frame_indexes.ticks_of(session, lacking)
        for place in lacking:
            known[place] = (
                frame_index.seconds(ticks[place])
                if place in ticks
                else float(place[1] / rates[place])
            )
    return known


def _handed(
    ready: _Ready,
    approval: ReviewEvent | None,
    name: str,
    times: Mapping[tuple[int, int], float],
) -> Handed:
    clips, video, export = ready.clips, ready.video, ready.export
    first, last = clips[0], clips[-1]
    return Handed(
        clip_id=first.id,
        frames=FrameRange(first.start_frame, last.end_frame),
        start_seconds=float(first.cut_points["start_time_seconds"]),
        end_seconds=float(last.cut_points["end_time_seconds"]),
        labels=ready.labels,
        rating=max((clip.rating for clip in clips if clip.rating is not None), default=None),
        note="\n".join(clip.note for clip in clips if clip.note) or None,
        decision=approval.action if approval else None,
        decided_by=approval.actor if approval else None,
        decided_at=approval.created_at if approval else None,
        source=Source(
            video.key,
            video.title,
            video.address if "://" in video.url and not video.url.startswith("file:") else None,
            video.rate,
            video.source_sha256,
        ),
        file=_file(export, name, ready.frames, *(times[video.id, frame] for frame in ready.frames)),
        group=_group(clips, ready.ranges) if isinstance(export, GroupExport) else None,
    )


def _file(
    export: ClipExport | GroupExport,
    name: str,
    frames: FrameRange,
    start_seconds: float,
    end_seconds: float,
) -> File:
    receipt = export.receipt
    if isinstance(export, ClipExport):
        size, sha256, digest = export.bytes or 0, export.sha256, export.profile_hash
    else:
        signed: dict[str, Any] = {**(export.receipt or {})}
        size, sha256, digest = signed["size"], signed["sha256"], signed["profile_hash"]
    return File(
        name=name,
        key=str(export.filepath),
        bytes=size,
        sha256=sha256,
        profile=export.profile,
        profile_hash=digest,
        frames=frames,
        start_seconds=start_seconds,
        end_seconds=end_seconds,
        made_at=export.made_at,
        receipt=receipt,
    )


def _group(clips: Sequence[Clip], ranges: Sequence[FrameRange]) -> Group:
    named = next((clip.group_name for clip in clips if clip.group_name), None)
    return Group(named, tuple(clip.id for clip in clips), tuple(ranges))


def _why(row: tuple[Clip, SourceVideo] | None, export: ClipExport | None, profile: str) -> str:
    if row is None:
        return NO_CLIP
    if export is not None:
        return "a file of unknown size: export it again"
    return why_left_out(ClipState(row[0].state), profile)


def _why_older(
    session: Session,
    profile: ExportProfile,
    older: Mapping[int, ClipExport | GroupExport],
    rows: Mapping[int, tuple[Clip, SourceVideo]],
) -> dict[int, str]:
    """Why clips have a file of what they, or the profile, were before."""
    if not older:
        return {}
    own = [clip_id for clip_id, export in older.items() if isinstance(export, ClipExport)]
    failures = clip_exports.failures(session, own)
    # Whether a profile makes a file of a group is a question to its first clip.
    asked = {
        clip_id: export.first_clip_id if isinstance(export, GroupExport) else clip_id
        for clip_id, export in older.items()
    }
    are_for = clip_exports.are_for(session, asked.values(), profile)
    return {
        clip_id: why_older(
            profile.name,
            is_for_it=asked[clip_id] in are_for,
            is_archived=rows[clip_id][1].archived is not None,
            failed=_has_failed(profile, export, failures.get(clip_id, [])),
        )
        for clip_id, export in older.items()
    }


def _has_failed(
    profile: ExportProfile,
    export: ClipExport | GroupExport,
    failures: Iterable[ExportFailure],
) -> bool:
    """Whether the new file failed, and is not tried again by itself."""
    if isinstance(export, GroupExport):
        return export.error is not None and export.retry_at is None
    tried = (profile.name, profile.hash)
    return any(
        (each.profile, each.profile_hash) == tried and each.retry_at is None for each in failures
    )
