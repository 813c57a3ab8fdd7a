"""How found cuts are scored against known transitions, for one film and for several."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from heaters_pipeline.domain.transitions import TransitionKind

TOLERANCE = 1
"""Frames that a cut may be off. A gradual transition is met by anything within it."""


@dataclass(frozen=True)
class Truth:
    kind: str
    start: int
    """Last clean frame before it."""
    end: int
    """First clean frame after it."""

    def met_by(self, frame: int) -> bool:
        if self.kind == TransitionKind.CUT:
            return abs(frame - self.end) <= TOLERANCE
        return self.start <= frame <= self.end

    @property
    def middle(self) -> float:
        return self.end if self.kind == TransitionKind.CUT else (self.start + self.end) / 2


@dataclass(frozen=True)
class FilmTruth:
    frames: int
    transitions: Sequence[Truth]
    """In order."""
    flashes: Sequence[int] = ()
    ignore: Sequence[tuple[int, int]] = ()
    """First and last frame of parts in which nobody can tell: what is found there counts neither
    way, nor does a transition that lies in one as a whole."""

    @classmethod
    def read(cls, path: Path) -> FilmTruth:
        told = json.loads(path.read_text())
        return cls(
            told["frames"],
            [Truth(each["kind"], each["start"], each["end"]) for each in told["transitions"]],
            told.get("flashes", []),
            [(first, last) for first, last in told.get("ignore", [])],
        )

    def ignores(self, first: int, last: int) -> bool:
        return any(begin <= first and last <= end for begin, end in self.ignore)

    def told(self) -> list[Truth]:
        return [each for each in self.transitions if not self.ignores(each.start, each.end)]

    def of_short_shots(self, rate: Fraction) -> set[Truth]:
        """Those at either end of a shot of less than a second."""
        first = Truth(TransitionKind.CUT, -1, 0)
        last = Truth(TransitionKind.CUT, self.frames - 1, self.frames)
        return {
            truth
            for pair in pairwise([first, *self.transitions, last])
            if pair[1].start + 1 - pair[0].end < rate
            for truth in pair
        }


class Found(NamedTuple):
    cuts: list[int]
    """First frames of new scenes."""
    sudden: list[int]
    """Those that the detector calls cuts; all, where it has no other word."""
    seconds: float
    cpu: float = 0.0
    """Seconds of all cores, where they were counted."""
    again: float = 0.0
    """Seconds for another threshold, where evidence is kept."""


class Score(NamedTuple):
    hits: int = 0
    false: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.false)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.missed)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, 2 * self.hits + self.false + self.missed)


@dataclass
class Tally:
    """What one detector did on one film or, added up, on several."""

    whole: Score = field(default_factory=Score)
    sudden: Score = field(default_factory=Score)
    """Of hard cuts alone."""
    met: Counter[str] = field(default_factory=Counter)
    """By kind, and `short`: at either end of a shot of less than a second."""
    among: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    """Flashes taken for cuts."""
    flashes: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, found: Found, truth: FilmTruth, rate: Fraction) -> Tally:
        told, short = truth.told(), truth.of_short_shots(rate)
        met, left = match(found.cuts, told)
        false = [cut for cut in left if not truth.ignores(cut, cut)]

        def kinds(truths: Iterable[Truth]) -> Counter[str]:
            return Counter(
                name
                for each in truths
                for name in (str(each.kind), *(("short",) if each in short else ()))
            )

        taken = sum(
            any(abs(cut - flash) <= TOLERANCE + 1 for cut in found.cuts) for flash in truth.flashes
        )
        return cls(
            Score(len(met), len(false), len(told) - len(met)),
            cut_score(found, truth),
            kinds(met),
            kinds(told),
            taken,
            len(truth.flashes),
            found.seconds,
        )

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            Score(*map(sum, zip(self.whole, other.whole, strict=True))),
            Score(*map(sum, zip(self.sudden, other.sudden, strict=True))),
            self.met + other.met,
            self.among + other.among,
            self.taken + other.taken,
            self.flashes + other.flashes,
            self.seconds + other.seconds,
        )

    def rates(self) -> Iterator[tuple[str, float]]:
        yield "f1", self.whole.f1
        yield "precision", self.whole.precision
        yield "recall", self.whole.recall
        yield "f1_cut", self.sudden.f1
        for kind, count in sorted(self.among.items()):
            yield f"recall_{kind}", self.met[kind] / count


def match(cuts: Iterable[int], truths: Iterable[Truth]) -> tuple[list[Truth], list[int]]:
    """The truths that are met, each once, by the cut nearest to its middle; and the cuts left
    over."""
    met, left = [], sorted(cuts)
    for truth in truths:
        meeting = [cut for cut in left if truth.met_by(cut)]
        if meeting:
            left.remove(min(meeting, key=lambda cut: abs(cut - truth.middle)))
            met.append(truth)
    return met, left


def cut_score(found: Found, truth: FilmTruth) -> Score:
    """Of the hard cuts alone; what lies within a gradual transition counts neither way."""
    sharp = [each for each in truth.told() if each.kind == TransitionKind.CUT]
    gradual = [each for each in truth.transitions if each.kind != TransitionKind.CUT]
    met, left = match(found.sudden, sharp)
    false = [
        cut
        for cut in left
        if not truth.ignores(cut, cut) and not any(each.met_by(cut) for each in gradual)
    ]
    return Score(len(met), len(false), len(sharp) - len(met))
