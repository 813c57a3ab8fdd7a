"""Clips with all that a timeline says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from sqlmodel import Session, col, select

from heaters_pipeline.db import clip_exports, clips, frame_indexes, source_videos
from heaters_pipeline.db.models import Clip, ClipExport, ExportProfile, SourceVideo
from heaters_pipeline.domain import frame_index
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.edit_clip import (
    EditClip,
    EditFile,
    EditFilm,
    counted,
)
from heaters_pipeline.domain.errors import InputError, NotFound
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.geometry import shown_size
from heaters_pipeline.domain.handover import File, Handed, Handover
from heaters_pipeline.domain.profiles import Profile
from heaters_pipeline.domain.timecode import editing_rate
from heaters_pipeline.domain.timeline import Medium

Address = Callable[[str], str]
"""Where other programs find the object of a storage key (`storage.Storage.address`)."""


def of_handover(
    session: Session,
    clip_ids: Sequence[int],
    found: Handover,
    address: Address,
    medium: Medium,
) -> list[EditClip]:
    """The clips in this order for a timeline of files or of films. On one of files, a group that is
    handed over as one file is one clip, in the place of the first of its clips."""
    if medium is Medium.SOURCE:
        clips_alone = {each.clip_id: each for each in found.clips if each.group is None}
        return of(session, clip_ids, address, profile=found.profile, handed=clips_alone)
    stands_for = {clip_id: each.clip_id for each in found.clips for clip_id in each.clip_ids}
    ids = list(dict.fromkeys(stands_for.get(each, each) for each in clip_ids))
    handed = {each.clip_id: each for each in found.clips}
    return of(session, ids, address, profile=found.profile, handed=handed)


def of(
    session: Session,
    clip_ids: Sequence[int],
    address: Address,
    *,
    profile: str | None = None,
    handed: Mapping[int, Handed] | None = None,
) -> list[EditClip]:
    """The clips in this order, each with the file that is `handed` over, or else with its file of
    `profile` (None: its main one), named by the clip's id, where it has one. Raises NotFound for an
    id that no clip has, InputError for a clip of a film that was removed.
    """
    rows = {clip.id: clip for clip in clips.with_ids(session, clip_ids)}
    if missing := [clip_id for clip_id in clip_ids if clip_id not in rows]:
        raise NotFound(f"There is no clip {missing[0]}.")
    videos = source_videos.with_ids(session, {clip.source_video_id for clip in rows.values()})
    exports = {
        clip_id: found[0]
        for clip_id, found in clip_exports.of_clips(session, clip_ids, profile).items()
    }
    given = handed or {}
    names = {each.profile for each in exports.values()}
    names |= {each.file.profile for each in given.values()}
    profiles = {
        row.name: row.profile
        for row in session.exec(select(ExportProfile).where(col(ExportProfile.name).in_(names)))
    }
    made: dict[int, EditClip] = {}
    for video in videos.values():
        own = [clip for clip in rows.values() if clip.source_video_id == video.id]
        frames = {
            clip.id: given[clip.id].file.frames
            if clip.id in given
            else _frames(clip, exports.get(clip.id))
            for clip in own
        }
        film, ticks = _film(session, video, frames.values(), address)
        for clip in own:
            start, end = frames[clip.id]
            export, said = exports.get(clip.id), given.get(clip.id)
            file = None
            if said is not None:
                file = _file(said.file, said.file.name, profiles[said.file.profile], film, video)
            elif export is not None:
                name = _plain_name(clip.id, export)
                file = _file(export, name, profiles[export.profile], film, video)
            about = said or clip
            made[clip.id] = EditClip(
                clip.id,
                film,
                FrameRange(start, end),
                _place(ticks[start], ticks[end], film),
                (frame_index.seconds(ticks[start]), frame_index.seconds(ticks[end])),
                tuple(about.labels),
                about.rating,
                about.note,
                file,
            )
    return [made[clip_id] for clip_id in clip_ids]


def _frames(clip: Clip, export: ClipExport | None) -> FrameRange:
    return FrameRange.from_json(export.exported_frames) if export else clip.file_frames


def _place(start: int, end: int, film: EditFilm) -> FrameRange:
    """Of a range between two times, in ticks. It has a frame even where editors have none."""
    first = counted(start, film.rate)
    return FrameRange(first, max(first + 1, counted(end, film.rate)))


def _film(
    session: Session, video: SourceVideo, ranges: Iterable[FrameRange], address: Address
) -> tuple[EditFilm, dict[int, int]]:
    """The film, and when the ends of the ranges are shown, in ticks."""
    count = video.frame_count or 0
    rate = editing_rate(video.rate, frame_indexes.mean_rate(session, video))
    ticks = frame_indexes.frame_ticks(
        session, video.id, {count - 1, *(frame for each in ranges for frame in each)}
    )
    if count - 1 not in ticks:
        raise InputError(f"{video.title} has no frames: it was removed, or is not ready yet.")
    end = ticks[count - 1] + round(TICKS_PER_SECOND / rate)
    ticks[count] = end
    width, height = _shown_size(video)
    said = video.source_timecode or {}
    film = EditFilm(
        key=video.key,
        title=video.title,
        file_name=file_name(video),
        path=_path(video, address),
        rate=rate,
        length=counted(end, rate),
        width=width,
        height=height,
        has_audio=bool(video.has_audio),
        timecode=said.get("start"),
        timecode_known=video.source_timecode is not None,
        reel=said.get("reel"),
    )
    return film, ticks


def _shown_size(video: SourceVideo) -> tuple[int, int]:
    """Upright, with square pixels; the height stays what it is."""
    width = round((video.width or 0) * video.sample_aspect)
    height = video.height or 0
    return (height, width) if video.orientation.swaps_sides else (width, height)


def file_name(video: SourceVideo) -> str:
    """That of the file that was added; of a video from the web, its title."""
    named = PurePosixPath(video.url)
    if "://" not in video.url and named.suffix:
        return named.name
    suffix = PurePosixPath(video.source_filepath or "").suffix
    return video.title.replace("/", "-") + suffix


def _path(video: SourceVideo, address: Address) -> str:
    if video.url.startswith("/"):
        return video.url
    return address(video.source_filepath) if video.source_filepath else file_name(video)


def _file(
    made: ClipExport | File, name: str, profile: Profile, film: EditFilm, video: SourceVideo
) -> EditFile:
    rate = profile.frame_rate or film.rate
    if isinstance(made, File):
        key, length = made.key, made.frames.length
    else:
        key, length = made.filepath, FrameRange.from_json(made.exported_frames).length
    if made.receipt:
        length = max(1, round(made.receipt["duration_seconds"] * rate))
    return EditFile(
        name=name,
        key=key,
        profile=made.profile,
        rate=rate,
        length=length,
        has_audio=film.has_audio and bool(profile.audio),
        bytes=made.bytes,
        sha256=made.sha256,
        shown_size=shown_size(
            profile,
            (video.width, video.height),
            video.sample_aspect,
            swaps_sides=video.orientation.swaps_sides,
        )
        if video.width and video.height
        else None,
    )


def _plain_name(clip_id: int, export: ClipExport) -> str:
    return f"{clip_id}{PurePosixPath(export.filepath).suffix}"
