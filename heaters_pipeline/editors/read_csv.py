"""Cuts from tables: Heaters' own columns, PySceneDetect's scenes, LosslessCut's segments."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.timecode import StartTimecode, can_drop, is_drop, is_timecode
from heaters_pipeline.editors.cut_list import CutList, ListedFilm, Reading, Unit

OWN, SCENES, SEGMENTS = "CSV", "PySceneDetect list", "LosslessCut list"

COLUMNS: Mapping[Unit, tuple[str, ...]] = {
    Unit.FRAMES: ("start_frame", "end_frame", "frame"),
    Unit.SECONDS: ("start_seconds", "end_seconds", "seconds"),
    Unit.COUNTED: ("start_timecode", "end_timecode", "timecode"),
}
"""Of Heaters' own tables: the start and the end of each shot, or the first frame of each."""

_CLOCK = re.compile(r"(?:(?:\d+:)?\d{1,2}:)?\d+(?:\.\d+)?")


def read_csv(text: str, film: ListedFilm, reading: Reading) -> CutList:
    """Raises InputError for a table that has none of the known columns."""
    rows = [row for row in csv.reader(text.splitlines(), dialect=_dialect(text)) if any(row)]
    for number, row in enumerate(rows[:2]):
        header = [cell.strip().lower() for cell in row]
        body = rows[number + 1 :]
        if "scene number" in header:
            return _scenes([dict(zip(header, each, strict=False)) for each in body], film)
        if any(name in header for names in COLUMNS.values() for name in names):
            return _own([dict(zip(header, each, strict=False)) for each in body], film, reading)
    if rows and all(2 <= len(row) <= 3 and _is_edge(row[0]) and _is_edge(row[1]) for row in rows):
        return _segments(rows, reading)
    raise InputError(
        "The table has no column that is known: name the columns start_frame and end_frame (or "
        "_seconds, _timecode), or give a list of PySceneDetect or LosslessCut."
    )


def _dialect(text: str) -> type[csv.Dialect]:
    return csv.excel_tab if "\t" in text.partition("\n")[0] else csv.excel


def _own(rows: Sequence[Mapping[str, str]], film: ListedFilm, reading: Reading) -> CutList:
    unit = next(
        unit for unit, names in COLUMNS.items() if any(name in rows[0] for name in names)
    ) if rows else Unit.FRAMES  # fmt: skip
    cells = [row[name].strip() for row in rows for name in COLUMNS[unit] if row.get(name, "")]
    if unit is Unit.COUNTED:
        return CutList(OWN, unit, [_timecode(cell, film, reading) for cell in cells])
    return CutList(OWN, unit, [_number(cell, unit) for cell in cells])


def _timecode(label: str, film: ListedFilm, reading: Reading) -> int:
    if not is_timecode(label):
        raise InputError(f"The CSV has {label!r} for a timecode: write it as 01:00:00:00.")
    start = StartTimecode.of(film.rate, reading.start) if reading.start else film.start
    counting = start.counting
    if is_drop(label) != counting.drop and can_drop(film.rate):
        start = StartTimecode.of(film.rate, _relabelled(str(start), drop=is_drop(label)))
    return start.counting.frame(label) - start.first


def _relabelled(label: str, *, drop: bool) -> str:
    return label[:8] + (";" if drop else ":") + label[9:]


def _number(cell: str, unit: Unit) -> Fraction:
    try:
        number = Fraction(cell)
    except (ValueError, ZeroDivisionError):
        raise InputError(f"The CSV has {cell!r} where {unit} should be: write a number.") from None
    if unit is Unit.FRAMES and number.denominator != 1:
        raise InputError(f"The CSV has frame {cell}: frames are whole numbers.")
    return number


def _scenes(rows: Sequence[Mapping[str, str]], film: ListedFilm) -> CutList:
    """PySceneDetect counts frames from 1 (before 0.6: from 0); its end is the last frame of the
    scene then, which is the same number as the first frame after it counted from 0. From 0.7 on the
    frame numbers of a film with a varying rate are times in disguise, and the times are true;
    before, it was the other way round."""
    try:
        starts = [int(row["start frame"]) for row in rows]
        ends = [int(row["end frame"]) for row in rows]
        lengths = [int(row["length (frames)"]) for row in rows]
        times = [
            (Fraction(row["start time (seconds)"]), Fraction(row["end time (seconds)"]))
            for row in rows
        ]
    except (KeyError, ValueError) as error:
        raise InputError(
            f"The PySceneDetect list lacks what `list-scenes` writes: {error}."
        ) from error
    first = 1 if all(
        end - start + 1 == length for start, end, length in zip(starts, ends, lengths, strict=True)
    ) else 0  # fmt: skip
    frames = [(start - first, end) for start, end in zip(starts, ends, strict=True)]
    flat = [frame for pair in frames for frame in pair]
    if not flat:
        return CutList(SCENES, Unit.FRAMES, [])
    if max(flat) <= film.frame_count and _is_steady(film, frames, times):
        return CutList(SCENES, Unit.FRAMES, flat)
    if _are_frames_over_rate(frames, times):
        return CutList(SCENES, Unit.FRAMES, flat)
    return CutList(
        SCENES,
        Unit.SECONDS,
        [time for pair in times for time in pair],
        ["The rate varies, so the cuts were found by their times."],
    )


def _is_steady(
    film: ListedFilm,
    frames: Sequence[tuple[int, int]],
    times: Sequence[tuple[Fraction, Fraction]],
) -> bool:
    """Whether the frames of the list are shown in the film at the times of the list."""
    half = 1 / (2 * film.rate)
    return all(
        abs(Fraction(film.ticks[start], 90_000) - time) < half
        for (start, _), (time, _) in zip(frames, times, strict=True)
        if start < film.frame_count
    )


def _are_frames_over_rate(
    frames: Sequence[tuple[int, int]], times: Sequence[tuple[Fraction, Fraction]]
) -> bool:
    """Whether every time is its frame over one rate, to the millisecond: then nobody looked at a
    clock, and frames were counted. Times that were turned into frame numbers miss by up to half a
    frame."""
    (_, frame), (_, time) = frames[-1], times[-1]
    if not time:
        return True
    rate = frame / time
    return all(
        abs(number / rate - at) <= Fraction(2, 1000)
        for pair, both in zip(frames, times, strict=True)
        for number, at in zip(pair, both, strict=True)
    )


def _segments(rows: Sequence[Sequence[str]], reading: Reading) -> CutList:
    """LosslessCut's CSV has neither names nor units: seconds, clock times, or, if so chosen there,
    frames. An empty start is that of the film, an empty end its end."""
    cells = [cell.strip() for row in rows for cell in row[:2]]
    told = any("." in cell or ":" in cell for cell in cells)
    unit = Unit.SECONDS if told else reading.unit
    if unit is None:
        raise InputError(
            "The LosslessCut list has whole numbers alone, which can be seconds or frames: "
            "say which with --unit."
        )
    edges = [_clock(cell) for cell in cells if cell]
    return CutList(SEGMENTS, unit, edges or [Fraction(0)])


def _is_edge(cell: str) -> bool:
    return not cell.strip() or _CLOCK.fullmatch(cell.strip()) is not None


def _clock(cell: str) -> Fraction:
    """Of seconds, `mm:ss` or `hh:mm:ss`."""
    seconds = Fraction(0)
    for part in cell.split(":"):
        seconds = seconds * 60 + Fraction(part)
    return seconds
