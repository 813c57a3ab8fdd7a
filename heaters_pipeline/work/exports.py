"""The files of clips, one by each profile that is for a clip.

A profile that fails on a clip fails that file alone. The row comes first: a file that another one
replaces is deleted when no row names it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

from sqlmodel import Session

from heaters_pipeline.db import clip_exports, clip_work, clips, deletions, source_videos
from heaters_pipeline.db.clip_exports import Passing, Wanted
from heaters_pipeline.db.models import Clip, ClipFile, ExportProfile, SourceVideo
from heaters_pipeline.db.wanted_files import PAST_EXPORT
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.outages import STORAGE
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.domain.states import CUT_BEFORE_REVIEW, EXPORT, ClipState, changed
from heaters_pipeline.media.clips.export import export_files
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.clips.schedule import middle
from heaters_pipeline.work.faults import may_pass
from heaters_pipeline.work.gold_master import GoldMaster, GoldPart, open_gold_master
from heaters_pipeline.work.objects import LocalFile, keep
from heaters_pipeline.work.outages import Outage, is_outage
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.side_by_side import side_by_side
from heaters_pipeline.work.step import sentence_of

SPLICING = ClipState.SPLICING


@dataclass(frozen=True)
class Added:
    """Files of clips that were exported before, by profiles that were added or changed since, and
    of clips of physical videos that nobody has approved."""

    made: list[str] = field(default_factory=list)
    """Storage keys."""
    failed: list[int] = field(default_factory=list)
    """The clips."""
    waiting: list[int] = field(default_factory=list)
    """Clips whose files are tried again by themselves."""


def export_due(gold: GoldMaster, clip: Clip) -> ClipFile:
    """Makes the files of a clip that is being exported; the columns that name its main one. Raises
    the first error where it has none."""
    pipeline = gold.pipeline
    with pipeline.transaction() as session:
        wanted = clip_exports.wanted(session, [clip.id])
    with gold.part(clip.frames) as part:
        made = _all_made(part, clip, [each.profile for each in wanted])
    with pipeline.transaction() as session:
        columns = clip_exports.main_file(session, clip.id)
        _note(session, wanted, made)
    if columns is None:
        for each in made:
            if each.error:
                raise each.error
        raise InputError(
            "No profile is for this clip: give one to it on the page Profiles, then try again."
        )
    return columns


def add_missing(pipeline: Pipeline, key: str) -> Added:
    """Makes the files that clips of the video lack which are past their export. Their states stay
    as they are. The caller holds the video's lock."""
    added = Added()
    window = pipeline.settings.undo_window_seconds
    with pipeline.transaction() as session:
        video = source_videos.get(session, key)
        missing: Sequence[Wanted] = clip_exports.missing(session, video.id, window)
    if missing:
        by_clip = [list(its) for _, its in groupby(missing, lambda each: each.clip.id)]
        with open_gold_master(pipeline, video, len(by_clip)) as gold:

            def add(its: Sequence[Wanted]) -> list[_Made]:
                clip = its[0].clip
                with gold.part(clip.frames) as part:
                    return _all_made(part, clip, [each.profile for each in its])

            made = list(chain.from_iterable(side_by_side(add, by_clip, gold.room.clips)))
        added.made.extend(each.path for each in made if each.path)
        with pipeline.transaction() as session:
            added.failed.extend(_note(session, missing, made))
        added.waiting.extend(
            clip.id
            for (clip, _), each in zip(missing, made, strict=True)
            if each.error and clip.id not in added.failed
        )
    return added


def cut_scenes(
    pipeline: Pipeline, video: SourceVideo, progress: Callable[[float, float], None]
) -> list[str]:
    """Makes the main file of each scene of a physical video that has none; their storage keys.
    `progress` is told how many frames are done, of how many. Raises the first error, once all were
    tried. The caller holds the video's lock."""
    with pipeline.transaction() as session:
        wanted = clip_exports.of_scenes(session, video.id)
    whole, done = sum(each.clip.frames.length for each in wanted), 0
    with open_gold_master(pipeline, video, len(wanted)) as gold:

        def cut(each: Wanted) -> _Made:
            with gold.part(each.clip.frames) as part:
                return _all_made(part, each.clip, [each.profile])[0]

        def tell(each: Wanted) -> None:
            nonlocal done
            done += each.clip.frames.length
            progress(done, whole)

        made = side_by_side(cut, wanted, gold.room.clips, tell)
    for each in made:
        if each.error:
            raise each.error
    with pipeline.transaction() as session:
        left = [clip.id for clip in clips.of_video(session, video.id) if clip.state == SPLICING]
    if left:
        raise InputError(
            f"No profile is for clip {left[0]}, so it gets no file: give it one on the page "
            "Profiles, then try again."
        )
    return [each.path for each in made if each.path]


@dataclass(frozen=True)
class _Made:
    path: str | None = None
    """None where it failed, or where the clip has left the library meanwhile."""
    error: Exception | None = None


def _note(session: Session, wanted: Sequence[Wanted], made: Sequence[_Made]) -> list[int]:
    """Records why files were not made; the clips of those that are not tried again."""
    failed, passing = [], []
    for (clip, profile), each in zip(wanted, made, strict=True):
        if each.error is None:
            continue
        reason = sentence_of(each.error)
        if may_pass(each.error):
            passing.append(Passing(clip.id, profile, reason))
        else:
            clip_exports.fail(session, clip.id, profile, reason)
            failed.append(clip.id)
    return failed + clip_exports.try_later(session, passing)


class _Encoded(NamedTuple):
    """A file that is not in the storage yet."""

    path: Path
    frames: FrameRange
    receipt: Receipt


def _all_made(part: GoldPart, clip: Clip, profiles: Sequence[ExportProfile]) -> list[_Made]:
    """The files of a clip by these profiles. What has the same frames is decoded once. Where that
    fails, each file is made by itself, so that only those fail that must."""
    together = _encoded_together(part, clip, profiles)
    return [_made(part, clip, each, together.get(each.name)) for each in profiles]


def _encoded_together(
    part: GoldPart, clip: Clip, profiles: Sequence[ExportProfile]
) -> dict[str, _Encoded]:
    """Files of profiles that share their frames with others, by profile."""
    encoded: dict[str, _Encoded] = {}

    def encode(source: GoldRange, rows: Sequence[ExportProfile]) -> None:
        held = {row.name: middle(source, row.profile) for row in rows}
        for clip_range in dict.fromkeys(each.frames for each in held.values()):
            same = [row for row in rows if held[row.name].frames == clip_range]
            for at in range(0, len(same), part.gold.room.profiles):
                some = same[at : at + part.gold.room.profiles]
                if len(some) > 1:
                    encoded.update(_encoded(part, clip, held[some[0].name], some))

    for frames in {_frames(clip, each) for each in profiles}:
        rows = [each for each in profiles if _frames(clip, each) == frames]
        if len(rows) > 1:
            try:
                part.read(frames, partial(encode, rows=rows))
            except Exception as error:
                names = ", ".join(row.name for row in rows)
                part.gold.pipeline.log.warning(
                    f"Clip {clip.id}, profiles {names}: {sentence_of(error)} Each is made alone."
                )
    return encoded


def _made(part: GoldPart, clip: Clip, profile: ExportProfile, encoded: _Encoded | None) -> _Made:
    """Stores a file, which is made unless it is `encoded`, and records it. Raises Outage where the
    storage does not answer."""
    pipeline = part.gold.pipeline
    try:
        return _Made(_make(part, clip, profile, encoded))
    except Exception as error:
        if is_outage(pipeline, error):
            raise Outage(STORAGE, str(error)) from error
        pipeline.log.error(f"Clip {clip.id}, profile {profile.name}: {sentence_of(error)}")
        return _Made(error=error)


def _make(part: GoldPart, clip: Clip, row: ExportProfile, encoded: _Encoded | None) -> str | None:
    pipeline, profile = part.gold.pipeline, row.profile

    def alone(source: GoldRange) -> _Encoded:
        return _encoded(part, clip, middle(source, profile), [row])[row.name]

    made, frames, receipt = encoded or part.read(_frames(clip, row), alone)
    own = layout.name_of(receipt["sha256"])
    path = layout.clip_export(clip.id, row.name, row.hash, own, profile.container)
    keep(pipeline, clip.source_video_id, {path: LocalFile(made, receipt["sha256"])})
    made.unlink()
    is_kept = _record(pipeline, clip, row, path, frames, receipt)
    return path if is_kept else None


def _encoded(
    part: GoldPart, clip: Clip, held: GoldRange, rows: Sequence[ExportProfile]
) -> dict[str, _Encoded]:
    """The files of the same frames by these profiles."""
    gold = part.gold
    outs = [gold.folder / f"{clip.id}-{row.name}.{row.profile.container}" for row in rows]
    wanted = [(row.profile, out) for row, out in zip(rows, outs, strict=True)]
    stall_seconds = gold.pipeline.settings.stall_seconds
    receipts = export_files(held, wanted, stall_seconds=stall_seconds)
    return {
        row.name: _Encoded(out, held.frames, receipt)
        for row, out, receipt in zip(rows, outs, receipts, strict=True)
    }


def _frames(clip: Clip, row: ExportProfile) -> FrameRange:
    """That a file by the profile is made of, before `middle`."""
    return clip.clean_frames if row.profile.trimmed else clip.frames


def _record(
    pipeline: Pipeline,
    clip: Clip,
    profile: ExportProfile,
    path: str,
    frames: FrameRange,
    receipt: Receipt,
) -> bool:
    """False where the clip has changed while its file was made, or was taken over: the file is
    deleted then, if nobody else has made the same."""
    signed = receipt | {"profile": profile.name, "profile_hash": profile.hash}
    with pipeline.transaction() as session:
        now = clips.locked(session, [clip.id])[clip.id]
        if not _is_wanted_still(session, clip, now):
            deletions.enter(session, [path], "its clip changed while it was made")
            return False
        clip_exports.save(session, now, profile, filepath=path, frames=frames, receipt=signed)
        if not now.is_virtual or clip.state in CUT_BEFORE_REVIEW:
            for name, value in (clip_exports.main_file(session, now.id) or {}).items():
                setattr(now, name, value)
        if now.state == SPLICING:
            now.state = changed(SPLICING, ClipState.SPLICED)
    return True


def _is_wanted_still(session: Session, clip: Clip, now: Clip) -> bool:
    """Whether a clip as it is `now` is to have the file that was begun for it."""
    if now.frames != clip.frames:
        return False
    if clip.state == EXPORT.doing:
        return bool(clip_work.held(session, [clip], EXPORT))
    if clip.state == SPLICING:
        return now.state == SPLICING
    if clip.state in CUT_BEFORE_REVIEW:
        return now.state in CUT_BEFORE_REVIEW | {ClipState.REVIEW_APPROVED}
    return now.state in PAST_EXPORT
