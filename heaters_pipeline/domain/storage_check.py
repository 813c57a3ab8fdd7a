"""What can be wrong between the storage and the rows that name its objects, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.wording import number_of


class Trouble(StrEnum):
    ORPHAN = "orphan"
    """An object that nothing in the database knows."""
    LEFT_OVER = "left_over"
    """An object in the ledger, of work that ended before its row was written."""
    UNFINISHED = "unfinished_upload"
    MISSING = "missing"
    OTHER_SIZE = "other_size"
    OTHER_BYTES = "other_bytes"


class Outcome(StrEnum):
    """What becomes of it."""

    TO_FIX = "to_fix"
    """It is mended with --fix."""
    REMOVED = "removed"
    REMADE = "remade"
    """It waits to be made again."""
    ALARM = "alarm"
    """A person has to see to it."""


WASTE = frozenset({Trouble.ORPHAN, Trouble.LEFT_OVER, Trouble.UNFINISHED})
"""It costs bytes; nothing is lost."""

IRREPLACEABLE = frozenset({Kind.SOURCE, Kind.GOLD_MASTER, Kind.FRAME_CHECKSUMS})
"""Originals, and what proves them: a person decides what takes their place."""

_SAID: Mapping[Trouble, str] = {
    Trouble.ORPHAN: "is in the storage, and no row names it",
    Trouble.LEFT_OVER: "was left by work that ended before any row named it",
    Trouble.UNFINISHED: "was not uploaded to its end",
    Trouble.MISSING: "is gone from the storage",
    Trouble.OTHER_SIZE: "has another size than what was stored",
    Trouble.OTHER_BYTES: "does not hold the bytes that were stored",
}

_BECOMES: Mapping[Outcome, str] = {
    Outcome.REMOVED: "it is deleted",
    Outcome.REMADE: "it is made again",
}

_OF_THE_SOURCE = (
    "materialize gold_master of the video in Dagster, which reads the source again, or put the "
    "file back from a backup"
)

_ADVICE: Mapping[Kind, str] = {
    Kind.SOURCE: "fetch the video again, or put the file back from a backup",
    Kind.GOLD_MASTER: _OF_THE_SOURCE,
    Kind.FRAME_CHECKSUMS: _OF_THE_SOURCE,
}


@dataclass(frozen=True)
class Finding:
    trouble: Trouble
    key: str
    """Of the object."""
    kind: Kind | None
    outcome: Outcome

    @property
    def sentence(self) -> str:
        return f"{self.key} {_SAID[self.trouble]}: {self._rest}."

    def as_json(self) -> dict[str, str | None]:
        return {
            "trouble": self.trouble,
            "key": self.key,
            "kind": self.kind,
            "outcome": self.outcome,
            "sentence": self.sentence,
        }

    @property
    def _rest(self) -> str:
        if self.outcome is Outcome.TO_FIX:
            return f"--fix {'deletes it' if self.trouble in WASTE else 'has it made again'}"
        if self.outcome is Outcome.ALARM:
            fallback = "nothing makes it again: put the file back from a backup"
            return _ADVICE.get(self.kind, fallback) if self.kind else fallback
        return _BECOMES[self.outcome]


OBJECTS = "objects"
NOT_OURS = "not_ours"
"""How a tally counts the objects that were looked at, and those that the pipeline did not make,
beside findings by trouble and by outcome."""

_COUNTED: Mapping[Trouble | Outcome, str] = {
    Trouble.ORPHAN: "without a row",
    Trouble.LEFT_OVER: "left over",
    Trouble.UNFINISHED: "uploaded in part",
    Trouble.MISSING: "gone",
    Trouble.OTHER_SIZE: "of another size",
    Trouble.OTHER_BYTES: "of other bytes",
    Outcome.TO_FIX: "can be mended with --fix",
    Outcome.REMOVED: "deleted",
    Outcome.REMADE: "to be made again",
    Outcome.ALARM: "for a person to see to",
}


def summary(tally: Mapping[str, int]) -> str:
    """A tally in one sentence."""
    objects = number_of(tally.get(OBJECTS, 0), "object")
    foreign = tally.get(NOT_OURS, 0)
    aside = f" ({foreign:,} of them not of Heaters)" if foreign else ""

    def listed(words: type[Trouble] | type[Outcome]) -> str:
        return ", ".join(f"{tally[each]:,} {_COUNTED[each]}" for each in words if tally.get(each))

    troubles = listed(Trouble)
    told = f"{troubles}; {listed(Outcome)}" if troubles else "nothing is wrong"
    return f"{objects} looked at{aside}: {told}."


def before_fixing(trouble: Trouble, kind: Kind | None) -> Outcome:
    """What becomes of something that nobody has tried to mend."""
    if trouble in WASTE:
        return Outcome.TO_FIX
    return Outcome.ALARM if kind is None or kind in IRREPLACEABLE else Outcome.TO_FIX
