"""Cuts from an edit decision list (CMX 3600 and its dialects).

Own code, not OpenTimelineIO's adapter: that one does not look at the `FCM` line, refuses gaps,
overlaps and speed changes that do not matter here, and ends at the first comment of a header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.timecode import Counting, StartTimecode, can_drop, is_drop, spoken_rate
from heaters_pipeline.editors.cut_list import CutList, ListedFilm, Reading, Unit

KIND = "EDL"

_TIME = r"(\d{1,2}:\d{2}:\d{2}[:;.,]\d{2,3})"
_EVENT = re.compile(
    rf"\s*\d+\s+(?P<reel>\S+)\s+(?P<channels>\S+)\s+(?:C|D|W\d+|K\w?)(?:\s+\d+)?"
    rf"\s+{_TIME}\s+{_TIME}\s+{_TIME}\s+{_TIME}\s*"
)
_NAME = re.compile(r"\*?\s*(?:FROM|TO) CLIP NAME:\s*(.+?)\s*", re.IGNORECASE)
_SOUND = re.compile(r"A+\d*|NONE")


@dataclass
class _Event:
    reel: str
    channels: str
    source: tuple[str, str]
    record: tuple[str, str]
    name: str = ""


def read_edl(text: str, film: ListedFilm, reading: Reading) -> CutList:
    """Raises InputError for a list of another rate or of several films."""
    if "CREATED WITH PYSCENEDETECT" in text:
        raise InputError(
            "PySceneDetect rounds the times of its EDL down, so that some cuts come a frame early: "
            "give the list that `list-scenes` writes (-Scenes.csv)."
        )
    events, said_drop = _events(text)
    if not reading.record:
        events = _of_film(events, film, reading)
    edges = []
    for event in events:
        labels = event.record if reading.record else event.source
        drop = said_drop or any(map(is_drop, labels))
        start = _start(film, reading, drop=drop)
        frames = [start.counting.frame(label) - start.first for label in labels]
        if frames[0] != frames[1]:  # a transition's outgoing side takes no frames
            day = start.counting.day
            # Past midnight timecode begins again.
            edges += [n + day if n < 0 and n + day < film.frame_count * 2 else n for n in frames]
    return CutList(KIND, Unit.COUNTED, edges)


def _start(film: ListedFilm, reading: Reading, *, drop: bool) -> StartTimecode:
    """How the list counts: by its own word on dropping, from the film's first timecode."""
    if drop and not can_drop(film.rate):
        raise InputError(
            f"The EDL is not one of {film.title}: it counts drop frame, which is for 29.97 and "
            f"59.94 frames a second, and the film has {spoken_rate(film.rate)}."
        )
    counting = Counting.of(film.rate, drop=drop)
    if reading.record and reading.start is None:
        return StartTimecode(counting, 0)
    return StartTimecode(counting, counting.frame(reading.start or str(film.start)))


def _events(text: str) -> tuple[list[_Event], bool]:
    """The events that show a picture, and whether the list says that it drops frames."""
    events: list[_Event] = []
    drop = False
    for line in text.splitlines():
        if line.strip().upper().startswith("FCM:"):
            drop = "NON" not in line.upper()
        elif found := _EVENT.fullmatch(line):
            sides = (found[3], found[4]), (found[5], found[6])
            events.append(_Event(found["reel"], found["channels"], *sides))
        elif events and (name := _NAME.fullmatch(line)):
            events[-1].name = name[1]
    shown = [each for each in events if not _SOUND.fullmatch(each.channels.upper())]
    return shown or events, drop


def _of_film(events: Sequence[_Event], film: ListedFilm, reading: Reading) -> list[_Event]:
    """Those that take from the film."""
    if reading.reel is not None:
        chosen = [each for each in events if reading.reel in (each.reel, each.name)]
        if not chosen:
            raise InputError(f"The EDL has no reel {reading.reel}: it has {_reels(events)}.")
        return chosen
    named = [each for each in events if each.name in (film.file_name, film.title)]
    if named:
        return named
    if len({each.reel for each in events}) > 1:
        raise InputError(
            f"The EDL takes from several films, and none is called {film.file_name}: "
            f"name the reel with --reel ({_reels(events)})."
        )
    return list(events)


def _reels(events: Sequence[_Event]) -> str:
    return ", ".join(dict.fromkeys(each.reel for each in events))
