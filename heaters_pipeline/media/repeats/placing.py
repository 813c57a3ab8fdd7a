"""Where in a film the frames of a clip lie that was cut from it and encoded again, by thumbnails.

A guess is looked at with its surroundings. Without one, or where it is wrong, the signatures of a
few frames are sought in all of the film, and the likeliest places are looked at. What decides is
how much the gray of all compared frames differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from heaters_pipeline.media.products.thumbnails import Thumbnails, blocks
from heaters_pipeline.media.repeats.signatures import (
    Grays,
    grays,
    pictures_at,
    shows_something,
    signatures,
)

COMPARED = 64
"""Frames of a clip that are compared, its first and last ones among them."""
EDGE = 6
SOUGHT = 12
"""Frames of a clip whose signatures are sought."""
AROUND_SECONDS = 2
"""How wrong a guess may be."""
NEARBY = 6
"""Frames around a likely place that are looked at."""
PLACES = 24
DIFFERENT = 8.0
"""The mean difference of gray (0 to 255) beyond which frames are others. Encoders add 1 to 3."""
ONE_DIFFERENT = 24.0
"""The same for the one frame that differs most: a clip that holds frames of elsewhere."""
AS_GOOD = 0.05
AS_GOOD_SHARE = 0.03
"""By how much a place may differ more than the best one and be as good: noise."""
SAME_RATE = 0.005
"""Rates that differ by no more than this share are one, written in two ways."""
MOST_ERROR = 2
"""Frames that a place may be off by, where no guess confirms it."""


@dataclass(frozen=True)
class Place:
    start: int
    """The frame of the film that shows the clip's first one."""
    error: int
    """It is this exact, in frames: as much before or after would look the same."""
    difference: float
    """The mean of gray, 0 to 255."""


@dataclass(frozen=True)
class NoPlace:
    reason: str
    """A sentence."""
    best: int | None
    """The likeliest start."""


@dataclass(frozen=True)
class FilmToSearch:
    thumbnails: Thumbnails
    rate: Fraction

    def place(self, clip: Thumbnails, rate: Fraction, guess: int | None) -> Place | NoPlace:
        """Where a clip of frames at `rate` begins. `guess` is where it is said to."""
        compared = _Compared.of(clip, float(self.rate / rate))
        found = self._place(compared, guess)
        if isinstance(found, Place) and compared.span != len(clip):
            return NoPlace(
                f"Its file has {len(clip)} frames for {compared.span} of the film.", found.start
            )
        return found

    def _place(self, compared: _Compared, guess: int | None) -> Place | NoPlace:
        last = len(self.thumbnails) - compared.span
        if last < 0:
            return NoPlace("The clip is longer than the film.", None)
        if not shows_something(compared.pictures).any():
            return self._blank(compared, guess, last)
        if guess is not None:
            reach = round(AROUND_SECONDS * self.rate)
            found = self._near(compared, guess, reach, last)
            if found is not None and self._fits(compared, found):
                return self._confirmed(found, guess)
        found, twin = self._anywhere(compared, last)
        if found is None:
            return NoPlace("Nothing in the film is like it.", guess)
        if not self._fits(compared, found):
            return NoPlace(
                f"The likeliest place differs by {found.difference:.1f} levels of gray.",
                found.start,
            )
        if twin is not None:
            return NoPlace(
                f"The film shows it twice, at frames {found.start} and {twin}.", found.start
            )
        return self._confirmed(found, None)

    def _blank(self, compared: _Compared, guess: int | None, last: int) -> Place | NoPlace:
        """A clip without anything to see is where it was said to be, if that shows nothing, too."""
        if guess is None or not 0 <= guess <= last:
            return NoPlace("It shows nothing that could be sought.", guess)
        difference, worst = self._difference(compared, guess)
        if difference > DIFFERENT or worst > ONE_DIFFERENT:
            return NoPlace("It shows nothing, and the film shows something there.", guess)
        before = self._near(compared, guess, round(AROUND_SECONDS * self.rate), last)
        error = before.error if before else 0
        return Place(guess, error, difference)

    def _confirmed(self, found: Place, guess: int | None) -> Place | NoPlace:
        if guess is not None and abs(guess - found.start) <= found.error:
            return Place(guess, found.error, found.difference)
        if found.error > MOST_ERROR:
            return NoPlace(
                f"Nothing moves in it: any start from {found.start - found.error} to "
                f"{found.start + found.error} would do.",
                found.start,
            )
        return found

    def _near(self, compared: _Compared, centre: int, reach: int, last: int) -> Place | None:
        """The best place within `reach` frames of another; None where the film has none."""
        first, end = max(0, centre - reach), min(last, centre + reach) + 1
        if first >= end:
            return None
        differences = np.zeros(end - first)
        for offset, picture in zip(compared.offsets.tolist(), compared.pictures, strict=True):
            there = grays(self.thumbnails[first + offset : end + offset])
            differences += np.abs(there - picture).mean(axis=(1, 2))
        differences /= len(compared.offsets)
        at = int(np.argmin(differences))
        as_good = differences <= differences[at] * (1 + AS_GOOD_SHARE) + AS_GOOD
        error = 0
        for side in (-1, 1):
            step = 0
            while 0 <= at + side * (step + 1) < len(as_good) and as_good[at + side * (step + 1)]:
                step += 1
            error = max(error, step)
        return Place(first + at, error, float(differences[at]))

    def _fits(self, compared: _Compared, place: Place) -> bool:
        return (
            place.difference <= DIFFERENT
            and self._difference(compared, place.start)[1] <= ONE_DIFFERENT
        )

    def _difference(self, compared: _Compared, start: int) -> tuple[float, float]:
        """The mean, and that of the frame that differs most."""
        there = pictures_at(self.thumbnails, start + compared.offsets)
        each = np.abs(there - compared.pictures).mean(axis=(1, 2))
        return float(each.mean()), float(each.max())

    def _anywhere(self, compared: _Compared, last: int) -> tuple[Place | None, int | None]:
        """The best place in all of the film, and another one that is as good, if there is any."""
        some = np.unique(np.linspace(0, len(compared.offsets) - 1, SOUGHT).round().astype(int))
        some = some[shows_something(compared.pictures[some])]
        if not len(some):
            return None, None
        wanted = _signs(compared.pictures[some]).astype(np.float32)
        total = np.zeros(last + 1, np.float32)
        for part in blocks(last + 1):
            for row, offset in zip(wanted, compared.offsets[some].tolist(), strict=True):
                signs = self._signs[part.start + offset : part.end + offset]
                total[part.start : part.end] += signs.astype(np.float32) @ row
        found: list[Place] = []
        for _ in range(PLACES):
            centre = int(np.argmax(total))
            if total[centre] == -np.inf:
                break
            total[max(0, centre - NEARBY) : centre + NEARBY + 1] = -np.inf
            near = self._near(compared, centre, NEARBY, last)
            if near is not None:
                found.append(near)
        if not found:
            return None, None
        best = min(found, key=lambda place: place.difference)
        limit = best.difference * (1 + AS_GOOD_SHARE) + AS_GOOD
        apart = best.error + NEARBY
        twins = [
            each.start
            for each in found
            if each.difference <= limit and abs(each.start - best.start) > apart
        ]
        return best, min(twins) if twins else None

    @cached_property
    def _signs(self) -> npt.NDArray[np.int8]:
        """int8 (n, BITS) of all of the film: 34 MB for two hours."""
        return np.concatenate(
            [_signs(grays(self.thumbnails[part.start : part.end])) for part in blocks(len(self))]
        )

    def __len__(self) -> int:
        return len(self.thumbnails)


@dataclass(frozen=True)
class _Compared:
    """The frames of a clip that are compared, and where they lie after its first one in a film of
    another rate."""

    pictures: Grays
    offsets: npt.NDArray[np.int64]
    span: int
    """Frames of the film that the clip takes."""

    @classmethod
    def of(cls, clip: Thumbnails, ratio: float) -> _Compared:
        count = len(clip)
        if abs(ratio - 1) < SAME_RATE:
            ratio = 1.0
        edges = [*range(min(EDGE, count)), *range(max(0, count - EDGE), count)]
        numbers = np.unique(
            np.concatenate([edges, np.linspace(0, count - 1, COMPARED).round()]).astype(np.int64)
        )
        offsets = np.rint(numbers * ratio).astype(np.int64)
        return cls(pictures_at(clip, numbers), offsets, max(1, round(count * ratio)))


def _signs(pictures: Grays) -> npt.NDArray[np.int8]:
    return np.where(signatures(pictures), np.int8(1), np.int8(-1))
