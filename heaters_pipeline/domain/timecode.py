"""Timecode: frames counted as hours, minutes, seconds and frames (SMPTE ST 12-1).

Timecode counts frames, it does not measure time. At 29.97 and 59.94 frames a second drop-frame
timecode leaves out labels, never frames, so that it stays near the clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from heaters_pipeline.domain.errors import InputError

_WRITTEN = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.,])(\d{2,3})")


@dataclass(frozen=True)
class Counting:
    """How the frames of a film are counted."""

    nominal: int
    """Labels a second: 30 at 29.97 frames a second."""
    drop: bool = False

    def __post_init__(self) -> None:
        if self.drop and self.nominal % 30:
            raise InputError(
                f"Drop-frame timecode is for 29.97 and 59.94 frames a second, not for "
                f"{self.nominal}: count without dropping."
            )

    @classmethod
    def of(cls, rate: Fraction, *, drop: bool = False) -> Counting:
        """Of a film with this many frames a second. A rate that no standard names is counted by
        the nearest whole number. Raises InputError where nothing can be dropped."""
        if drop and not can_drop(rate):
            raise InputError(
                f"Drop-frame timecode is for 29.97 and 59.94 frames a second, not for "
                f"{spoken_rate(rate)}: count without dropping."
            )
        return cls(max(1, round(rate)), drop)

    @property
    def _dropped(self) -> int:
        """Labels left out at the start of each minute, but for every tenth."""
        return self.nominal // 15 if self.drop else 0

    @property
    def _ten_minutes(self) -> int:
        return 600 * self.nominal - 9 * self._dropped

    @property
    def day(self) -> int:
        """Frames after which timecode begins again at 00:00:00:00."""
        return 144 * self._ten_minutes

    def label(self, frame: int) -> str:
        """The timecode of frame `frame`, counted from 00:00:00:00. A day later it begins again."""
        tens, rest = divmod(frame % self.day, self._ten_minutes)
        if rest >= 60 * self.nominal:
            minutes = (rest - 60 * self.nominal) // (60 * self.nominal - self._dropped) + 1
        else:
            minutes = 0
        number = rest + minutes * self._dropped + tens * 600 * self.nominal
        seconds, frames = divmod(number, self.nominal)
        hours, seconds = divmod(seconds, 3600)
        separator = ";" if self.drop else ":"
        return (
            f"{hours:02d}:{seconds // 60:02d}:{seconds % 60:02d}"
            f"{separator}{frames:0{max(2, len(str(self.nominal - 1)))}d}"
        )

    def frame(self, label: str) -> int:
        """The frame that has this timecode, counted from 00:00:00:00. The separators of `label` are
        not looked at (`is_drop` does). Raises InputError for a label that this counting has not."""
        written = _WRITTEN.fullmatch(label.strip())
        if written is None:
            raise InputError(f"{label!r} is no timecode: write it as 01:00:00:00.")
        hours, minutes, seconds, frames = (int(written[n]) for n in (1, 2, 3, 5))
        if hours > 23 or minutes > 59 or seconds > 59 or frames >= self.nominal:
            raise InputError(
                f"There is no timecode {label} at {self.nominal} frames a second: "
                "the list has another frame rate, or a typing error."
            )
        if minutes % 10 and seconds == 0 and frames < self._dropped:
            raise InputError(
                f"There is no timecode {label} where frames are dropped: "
                "the list counts without dropping."
            )
        passed = 60 * hours + minutes
        number = (60 * passed + seconds) * self.nominal + frames
        return number - self._dropped * (passed - passed // 10)


def is_drop(label: str) -> bool:
    """Whether the timecode is written as drop frame: with ";", "." or "," before the frames."""
    written = _WRITTEN.fullmatch(label.strip())
    return written is not None and written[4] != ":"


def is_timecode(text: str) -> bool:
    return _WRITTEN.fullmatch(text.strip()) is not None


def can_drop(rate: Fraction) -> bool:
    """29.97, 59.94 and 119.88 frames a second, however exactly they are named."""
    nominal = round(rate)
    exact = Fraction(nominal * 1000, 1001)
    return nominal % 30 == 0 and nominal > 0 and abs(rate - exact) < Fraction(nominal, 5000)


def standard(rate: Fraction) -> Fraction | None:
    """The rate that is meant, a whole number or 1000/1001 of one: files name 29.97 as 30000/1001,
    2997/100 or 19001/634. None where no such rate is near."""
    nominal = round(rate)
    for meant in (Fraction(nominal), Fraction(nominal * 1000, 1001)):
        if abs(rate - meant) * 5000 < meant:
            return meant
    return None


def editing_rate(nominal: Fraction, mean: Fraction) -> Fraction:
    """The rate at which editors run a film: what its file names, or, where that is no rate but a
    clock or a mean, the usual one that has room for all frames."""
    meant = standard(nominal)
    if meant is not None and meant <= _FASTEST:
        return meant
    least = max(mean, nominal) if nominal <= _FASTEST else mean
    return Fraction(next((rate for rate in _USUAL if rate >= least), _FASTEST))


_FASTEST = 240
_USUAL = (24, 25, 30, 50, 60, 120)


def spoken_rate(rate: Fraction) -> str:
    """`25`, `29.97`, `23.976`."""
    if rate.denominator == 1:
        return str(rate.numerator)
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class StartTimecode:
    """The timecode of a film's first frame, and how it counts."""

    counting: Counting
    first: int = 0
    """The frame, counted from 00:00:00:00, that the film's frame 0 is."""

    @classmethod
    def of(cls, rate: Fraction, written: str | None) -> StartTimecode:
        """`written` is the file's own timecode. A film without one is counted from 00:00:00:00,
        with no frames dropped; so is one whose timecode does not fit its rate."""
        if written is not None:
            try:
                counting = Counting.of(rate, drop=is_drop(written))
                return cls(counting, counting.frame(written))
            except InputError:
                pass
        return cls(Counting.of(rate))

    def label(self, frame: int) -> str:
        """The timecode of the film's frame `frame`."""
        return self.counting.label(self.first + frame)

    def __str__(self) -> str:
        return self.label(0)
