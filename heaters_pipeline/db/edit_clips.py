"""Clips with all that a timeline says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from sqlmodel import Session

from heaters_pipeline.db import clips, frame_indexes, profiles, source_videos
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain import frame_index
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.edit_clip import (
    EditClip,
    EditFile,
    EditFilm,
    counted,
)
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.geometry import shown_size
from heaters_pipeline.domain.handover import File, Handover, LeftOut, told, why_not_on_film
from heaters_pipeline.domain.profiles import Profile
from heaters_pipeline.domain.selection import Selection
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.domain.timecode import editing_rate
from heaters_pipeline.domain.timeline import Medium

Address = Callable[[str], str]
"""Where other programs find the object of a storage key (`storage.Storage.address`)."""


class Listed(NamedTuple):
    """What a timeline has of a selection, in its order."""

    clip_ids: Sequence[int]
    left_out: Sequence[LeftOut]
    sentence: str | None
    """Names what is left out; None where nothing is."""


def listed(
    session: Session, chosen: Selection, ids: Sequence[int], found: Handover, medium: Medium
) -> Listed:
    """Which clips of a selection are on its timeline of files or of films. `ids` are all that it
    found, `found` what there is of them to hand over. On a timeline of files, a group that is
    handed over as one file is one clip, in the place of the first of its clips. One of films needs
    no files (`domain.handover.why_not_on_film`)."""
    if medium is Medium.EXPORTS:
        return Listed([each.clip_id for each in found.clips], found.left_out, found.sentence)
    states = {clip.id: ClipState(clip.state) for clip in clips.with_ids(session, ids)}
    reasons = {each: why_not_on_film(chosen, each, states.get(each)) for each in ids}
    left_out = [LeftOut(clip_id, why) for clip_id, why in reasons.items() if why is not None]
    there = [each for each in ids if reasons[each] is None]
    return Listed(there, left_out, told(left_out, len(ids)))


def of(
    session: Session,
    clip_ids: Sequence[int],
    found: Handover,
    address: Address,
    medium: Medium,
) -> list[EditClip]:
    """The clips that are `listed`, in this order. One that is handed over has the frames of its
    file, any other one those that a file of the profile would have. Raises InputError for a clip of
    a film that is not ready."""
    rows = {clip.id: clip for clip in clips.with_ids(session, clip_ids)}
    videos = source_videos.with_ids(session, {clip.source_video_id for clip in rows.values()})
    profile = profiles.get(session, found.profile).profile
    given = {
        each.clip_id: each for each in found.clips if medium is Medium.EXPORTS or each.group is None
    }
    held = {
        clip_id: frames
        for each in found.clips
        for clip_id, frames in zip(each.clip_ids, each.ranges, strict=True)
    }
    held |= {clip_id: each.file.frames for clip_id, each in given.items()}
    made: dict[int, EditClip] = {}
    for video in videos.values():
        own = [clip for clip in rows.values() if clip.source_video_id == video.id]
        frames = {
            clip.id: held.get(clip.id) or (clip.clean_frames if profile.trimmed else clip.frames)
            for clip in own
        }
        film, ticks = _film(session, video, frames.values(), address)
        for clip in own:
            start, end = frames[clip.id]
            handed = given.get(clip.id)
            about = handed or clip
            made[clip.id] = EditClip(
                clip.id,
                film,
                FrameRange(start, end),
                _place(ticks[start], ticks[end], film),
                (frame_index.seconds(ticks[start]), frame_index.seconds(ticks[end])),
                tuple(about.labels),
                about.rating,
                about.note,
                _file(handed.file, profile, film, video) if handed else None,
            )
    return [made[clip_id] for clip_id in clip_ids]


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


def _file(made: File, profile: Profile, film: EditFilm, video: SourceVideo) -> EditFile:
    rate = profile.frame_rate or film.rate
    length = made.frames.length
    if made.receipt:
        length = max(1, round(made.receipt["duration_seconds"] * rate))
    return EditFile(
        name=made.name,
        key=made.key,
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
