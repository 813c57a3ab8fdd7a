"""A list of cuts as a file has it, and the frames of a film that it means."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.timecode import StartTimecode, spoken_rate

BEYOND_SECONDS = Fraction(1)
"""How much longer than its frames a film may be for a player: sound can go on after them."""


class Unit(StrEnum):
    """What the numbers of a list count."""

    FRAMES = "frames"
    """Frames of the film from 0."""
    COUNTED = "counted"
    """Frames at the film's nominal rate: what timecode counts."""
    SECONDS = "seconds"


@dataclass(frozen=True)
class ListedFilm:
    """What a list is read for."""

    title: str
    file_name: str
    rate: Fraction
    """Frames per second, as timecode counts them."""
    start: StartTimecode
    ticks: Sequence[int]
    """When each frame is shown (`domain.frame_index`)."""

    @property
    def frame_count(self) -> int:
        return len(self.ticks)

    @property
    def end(self) -> Fraction:
        """Seconds: the end of the last frame."""
        return Fraction(self.ticks[-1], TICKS_PER_SECOND) + 1 / self.rate


@dataclass(frozen=True)
class Reading:
    """What a person says of a list, as the file does not."""

    start: str | None = None
    """The timecode of the film's first frame, in place of the film's own."""
    record: bool = False
    """The film is what the list makes (its record side), not what it takes from."""
    unit: Unit | None = None
    """Of a list of bare numbers."""
    reel: str | None = None
    """The only one to take from a list of several films."""


@dataclass(frozen=True)
class CutList:
    kind: str
    """As a person calls it: `EDL`, `PySceneDetect list`."""
    unit: Unit
    edges: Sequence[Fraction | int]
    """Where shots begin and end. An end is the first frame, or the time, that no longer belongs to
    the shot."""
    remarks: list[str] = field(default_factory=list)
    """Sentences about what was read in a special way."""


def cuts_in(found: CutList, film: ListedFilm) -> list[int]:
    """The first frame of each new shot, ascending. Raises InputError, in one sentence, where the
    list can't be one of this film."""
    if not found.edges:
        raise InputError(f"The {found.kind} names no shot: check that it is the list you meant.")
    frames = _frames(found, film)
    return sorted({frame for frame in frames if 0 < frame < film.frame_count})


def _frames(found: CutList, film: ListedFilm) -> Iterable[int]:
    first, last = min(found.edges), max(found.edges)
    if found.unit is Unit.FRAMES:
        if first < 0 or last > film.frame_count:
            raise InputError(
                _another(found, film, f"frame {int(last if first >= 0 else first)}")
                + f", and the film has frames 0 to {film.frame_count - 1}."
            )
        return map(int, found.edges)
    seconds = [
        Fraction(edge) / film.rate if found.unit is Unit.COUNTED else Fraction(edge)
        for edge in found.edges
    ]
    over = 1 / (2 * film.rate) if found.unit is Unit.COUNTED else BEYOND_SECONDS
    if first < 0 or max(seconds) > film.end + over:
        if found.unit is Unit.COUNTED:
            where = film.start.label(int(last if first >= 0 else first))
            runs = f"{film.start} to {film.start.label(round(film.end * film.rate))}"
            hint = "; --start gives its first frame another timecode"
        else:
            where, runs, hint = f"{float(last if first >= 0 else first):.3f} s", "", ""
            runs = f"0 to {float(film.end):.3f} s"
        raise InputError(_another(found, film, where) + f", and the film runs from {runs}{hint}.")
    return [_nearest(film, each) for each in seconds]


def _another(found: CutList, film: ListedFilm, where: str) -> str:
    return f"The {found.kind} is not one of {film.title}: it names {where}"


def _nearest(film: ListedFilm, seconds: Fraction) -> int:
    """The frame that begins nearest to this time; the frame count for the end of the film."""
    wanted = seconds * TICKS_PER_SECOND
    place = bisect_left(film.ticks, wanted)
    if place == film.frame_count:
        end = film.end * TICKS_PER_SECOND
        return place if end - wanted < wanted - film.ticks[-1] else place - 1
    if place and wanted - film.ticks[place - 1] < film.ticks[place] - wanted:
        return place - 1
    return place


def refuse_other_rate(kind: str, film: ListedFilm, rate: Fraction) -> None:
    """Raises InputError unless `rate`, which a list names, is that of the film."""
    if abs(rate - film.rate) * 1000 > film.rate / 2:
        raise InputError(
            f"The {kind} is not one of {film.title}: it counts {spoken_rate(rate)} frames a "
            f"second, and the film has {spoken_rate(film.rate)}."
        )
