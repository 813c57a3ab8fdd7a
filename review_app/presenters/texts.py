"""How numbers, times and states read on the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from flask import Flask

from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.progress import spoken_duration
from heaters_pipeline.domain.retries import tries_told
from heaters_pipeline.domain.states import COMPLETE, ClipState, SourceState, spoken

FAILED = frozenset(
    state for kind in (ClipState, SourceState) for state in kind if state.endswith("_failed")
)
DEEDS = {
    Action.APPROVE: "approved",
    Action.SKIP: "skipped",
    Action.ARCHIVE: "archived",
    Action.GROUP: "grouped with the clip before",
    Action.UNGROUP: "taken out of its group",
    Action.MERGE: "merged",
    Action.SPLIT: "split",
    Action.NUDGE: "cut elsewhere",
    Action.ANNOTATE: "annotated",
    Action.UNDO: "undone",
    Action.REPLAN: "cut",
    Action.REMOVE: "removed with its video",
    Action.MOVE: "moved between film and file",
}
"""What a review event did to a clip."""

DONE = COMPLETE | {ClipState.EMBEDDED}


def register(app: Flask) -> None:
    app.jinja_env.filters.update(
        words=words,
        timecode=timecode,
        count=count,
        file_size=file_size,
        since=since,
        when=when,
        spoken=spoken_duration,
        tone=tone,
        tried=tried,
        per_cent=per_cent,
        deed=DEEDS.__getitem__,
    )


def words(state: str) -> str:
    """`review_approved` -> `approved`, `download_failed` -> `download failed`."""
    if state in set(ClipState):
        return spoken(ClipState(state))
    return str(state).replace("_", " ")


def timecode(seconds: float | None) -> str:
    """`75.2` -> `1:15.20`, with hours only where there are any."""
    if seconds is None:
        return "–"  # noqa: RUF001
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{clock}:{rest // 100:02d}.{rest % 100:02d}"


def count(number: int | None) -> str:
    """With thin spaces between thousands, which no language reads as a decimal point."""
    return "–" if number is None else f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")  # noqa: RUF001


def file_size(number: float) -> str:
    """Bytes in the decimal units of disks and settings: `1.4 GB`."""
    units = iter(("B", "kB", "MB", "GB"))
    unit = next(units)
    while number >= 999.5 and unit != "TB":
        number, unit = number / 1000, next(units, "TB")
    return f"{number:.0f} {unit}" if number >= 99.5 or unit == "B" else f"{number:.3g} {unit}"


def one_line(text: str) -> str:
    """`text` in one line, without control characters and others that can't be shown."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def when(time: datetime) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M")


def since(time: datetime, now: datetime) -> str:
    """How long ago: `40 s`, `2 h 10 min`, `3 days`."""
    seconds = (now - time).total_seconds()
    days = round(seconds / 86400)
    return f"{days} days" if days > 1 else spoken_duration(seconds)


class Tried(Protocol):
    """A row that failed, and may be tried again."""

    error: str | None
    tries: int
    retry_at: datetime | None


def tried(row: Tried) -> str | None:
    return tries_told(row.error, row.tries, row.retry_at)


def per_cent(share: float | None) -> str:
    return f"{(share or 0) * 100:.0f} %"


def tone(state: str) -> str:
    """The colour family of a state's badge."""
    if state in FAILED:
        return "bad"
    if state in DONE:
        return "good"
    if str(state).endswith("ing"):
        return "busy"
    return "plain"
