"""Cuts from a timeline of OpenTimelineIO.

The library is C++, and some files that it should refuse end its process instead. So it reads in a
process of its own: `python -m heaters_pipeline.editors.read_otio`.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any
from urllib.parse import unquote, urlsplit

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.timecode import Counting
from heaters_pipeline.editors.cut_list import (
    CutList,
    ListedFilm,
    Reading,
    Unit,
    refuse_other_rate,
)

KIND = "OTIO timeline"


LONGEST_SECONDS = 60

_MODULE = "heaters_pipeline.editors.read_otio"


def read_otio(text: str, film: ListedFilm, reading: Reading) -> CutList:
    """Raises InputError for what is no timeline, or one of another film."""
    try:
        child = subprocess.run(
            [sys.executable, "-m", _MODULE],
            input=pickle.dumps((text, film, reading)),
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise InputError(
            "The file is no OTIO timeline that OpenTimelineIO can read: write it once more, or as "
            "an EDL."
        ) from error
    answer = json.loads(child.stdout)
    if "refused" in answer:
        raise InputError(answer["refused"])
    return CutList(KIND, Unit.COUNTED, list(map(Fraction, answer["edges"])))


def _answer(given: bytes) -> dict[str, Any]:
    """Of the process that reads."""
    try:
        return {"edges": list(map(str, _read(*pickle.loads(given))))}  # noqa: S301
    except InputError as refusal:
        return {"refused": str(refusal)}


def _read(text: str, film: ListedFilm, reading: Reading) -> Iterator[Fraction]:
    from opentimelineio import adapters, exceptions, schema

    try:
        found = adapters.read_from_string(text, "otio_json")
    except (exceptions.OTIOError, ValueError) as error:
        raise InputError(f"The file is no OTIO timeline: {str(error).splitlines()[0]}") from error
    timeline = found if isinstance(found, schema.Timeline) else None
    if timeline is None:
        raise InputError(f"The file holds a {type(found).__name__}: give a timeline.")
    tracks = timeline.video_tracks()
    clips = [clip for track in tracks for clip in track.find_clips()]
    if reading.record:
        spans = [clip.range_in_parent() for clip in clips if clip.parent() is tracks[0]]
        return _edges(spans, [0] * len(spans), film)
    chosen = _of_film(clips, film, reading)
    firsts = [_first(clip, film, reading) for clip in chosen]
    return _edges([each.trimmed_range() for each in chosen], firsts, film)


def _edges(spans: Sequence[Any], firsts: Sequence[int], film: ListedFilm) -> Iterator[Fraction]:
    for span, first in zip(spans, firsts, strict=True):
        refuse_other_rate(KIND, film, _exact(span.start_time.rate))
        start = _exact(span.start_time.value) - first
        yield start
        yield start + _exact(span.duration.value)


def _first(clip: Any, film: ListedFilm, reading: Reading) -> int:
    """The number that the timeline gives to the film's first frame."""
    available = getattr(clip.media_reference, "available_range", None)
    if reading.start is not None:
        return Counting.of(film.rate, drop=film.start.counting.drop).frame(reading.start)
    if available is not None:
        return int(available.start_time.value)
    return film.start.first


def _of_film(clips: Sequence[Any], film: ListedFilm, reading: Reading) -> list[Any]:
    wanted = {reading.reel} if reading.reel else {film.file_name, film.title}
    named = [clip for clip in clips if wanted & _names(clip)]
    media = dict.fromkeys(_address(clip) for clip in clips)
    if named or (len(media) <= 1 and not reading.reel):
        return named or list(clips)
    listed = ", ".join(unquote(urlsplit(each).path).rpartition("/")[2] for each in media)
    raise InputError(
        f"The OTIO timeline takes from several films, and none is called "
        f"{reading.reel or film.file_name}: name one with --reel ({listed})."
    )


def _names(clip: Any) -> set[str]:
    reel = clip.metadata.get("cmx_3600", {}).get("reel", "")
    file = unquote(urlsplit(_address(clip)).path).rpartition("/")[2]
    return {reel, file, clip.media_reference.name} - {""}


def _address(clip: Any) -> str:
    return str(getattr(clip.media_reference, "target_url", "") or "")


def _exact(value: float) -> Fraction:
    return Fraction(value).limit_denominator(100_000)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_answer(sys.stdin.buffer.read())))
