"""Clips one after the other on the timeline of an editor: what all formats say, each in its way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import PurePosixPath

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.edit_clip import EditClip
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.timecode import StartTimecode

RECORD_START = "01:00:00:00"
"""Where a timeline begins."""

LONGEST_REEL = 8
"""Characters of a reel name (CMX 3600)."""


class Medium(StrEnum):
    """What a timeline plays."""

    SOURCE = "source"
    """The films themselves, by their own timecode."""
    EXPORTS = "exports"
    """The exported files."""


@dataclass(frozen=True)
class Media:
    """A file that a timeline plays a part of."""

    name: str
    path: str
    reel: str
    rate: Fraction
    start: StartTimecode
    length: int
    """Frames."""
    width: int
    height: int
    has_audio: bool


@dataclass(frozen=True)
class Take:
    """A clip on a timeline."""

    clip: EditClip
    media: Media
    frames: FrameRange
    """Of the media, counted from 0."""


def takes(
    clips: Sequence[EditClip],
    medium: Medium = Medium.SOURCE,
    *,
    handles: int = 0,
    folder: str = "",
) -> list[Take]:
    """The clips in their order. `handles` frames are added at either end, as far as the film has
    them. `folder` is where the exported files will lie; empty: beside the timeline.

    Raises InputError where there is no clip, no exported file, or no film for handles.
    """
    if not clips:
        raise InputError("A timeline needs clips: the selection is empty.")
    if handles < 0:
        raise InputError(f"Handles are 0 frames or more, not {handles}.")
    if medium is Medium.EXPORTS:
        if handles:
            raise InputError("Exported files end with their clips: handles need the sources.")
        return [_export_take(clip, folder) for clip in clips]
    films = {clip.film.key: clip.film for clip in clips}
    reels = reel_names({key: film.reel or film.file_name for key, film in films.items()})
    media = {
        key: Media(
            name=film.file_name,
            path=film.path,
            reel=reels[key],
            rate=film.rate,
            start=film.start,
            length=film.length,
            width=film.width,
            height=film.height,
            has_audio=film.has_audio,
        )
        for key, film in films.items()
    }
    return [
        Take(
            clip,
            media[clip.film.key],
            FrameRange(
                max(0, clip.place.start - handles),
                min(clip.film.length, clip.place.end + handles),
            ),
        )
        for clip in clips
    ]


def _export_take(clip: EditClip, folder: str) -> Take:
    file = clip.file
    if file is None:
        raise InputError(f"Clip {clip.clip_id} has no exported file yet: wait for its export.")
    width, height = file.shown_size or (clip.film.width, clip.film.height)
    media = Media(
        name=file.name,
        path=str(PurePosixPath(folder) / file.name) if folder else file.name,
        reel=reel_names({"": str(clip.clip_id)})[""],
        rate=file.rate,
        start=StartTimecode.of(file.rate, None),
        length=file.length,
        width=width,
        height=height,
        has_audio=file.has_audio,
    )
    return Take(clip, media, FrameRange(0, file.length))


def reel_names(names: dict[str, str]) -> dict[str, str]:
    """Names of at most 8 capital letters and digits, another one for each of `names`, in the order
    of these. A file name loses its suffix; names that would be the same get numbers."""
    given: dict[str, str] = {}
    for key, name in names.items():
        stem = re.sub(r"\.\w{1,5}$", "", name)
        plain = re.sub(r"[^A-Z0-9]", "", stem.upper()) or "REEL"
        reel, number = plain[:LONGEST_REEL], 1
        # AX and BL have meanings of their own: no reel, and black.
        while reel in given.values() or reel in ("AX", "BL", "BLACK", "BARS"):
            number += 1
            reel = plain[: LONGEST_REEL - len(str(number))] + str(number)
        given[key] = reel
    return given


def by_counting(takes: Iterable[Take]) -> dict[tuple[Fraction, bool], list[Take]]:
    """The takes by their media's rate and whether it drops frames, most takes first."""
    found: dict[tuple[Fraction, bool], list[Take]] = {}
    for take in takes:
        found.setdefault((take.media.rate, take.media.start.counting.drop), []).append(take)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def main_rate(takes: Iterable[Take]) -> Fraction:
    """The rate of most of the media; the first of those that are as many."""
    return Counter(take.media.rate for take in takes).most_common(1)[0][0]
