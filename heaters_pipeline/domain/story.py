"""What happened to a source video, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from heaters_pipeline.domain.decisions import DONE, Action
from heaters_pipeline.domain.wording import number_of

SHOWN_CLIPS = 5
"""Clips of one decision that are named; the rest are counted."""


@dataclass(frozen=True)
class Stored:
    """Objects of one kind that entered the storage in the same second."""

    kind: str
    number: int
    bytes: int

    def __str__(self) -> str:
        what = self.kind.replace("_", " ")
        several = f"{number_of(self.number, 'object')} of the kind {what}"
        return f"{what if self.number == 1 else several} stored, {self.bytes / 1e6:,.1f} MB"


@dataclass(frozen=True)
class Decided:
    """A decision, with all clips of its batch that are of this video."""

    actor: str
    action: Action
    clip_ids: Sequence[int]

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.clip_ids[:SHOWN_CLIPS]))
        left = len(self.clip_ids) - SHOWN_CLIPS
        name = "clip" if len(self.clip_ids) == 1 else "clips"
        clips = f"{name} {shown}" if shown else "the video"
        more = f" and {left} more" if left > 0 else ""
        if self.action == Action.REPLAN:
            return f"{clips}{more} laid"
        return f"{self.actor} has {DONE[self.action]} {clips}{more}"


@dataclass(frozen=True)
class Exported:
    clip_id: int
    profile: str

    def __str__(self) -> str:
        return f"clip {self.clip_id} exported by the profile {self.profile}"


@dataclass(frozen=True)
class Taken:
    actor: str
    number: int
    destination: str

    def __str__(self) -> str:
        return f"{self.actor} took {number_of(self.number, 'clip')}: {self.destination}"


@dataclass(frozen=True)
class Ran:
    """A run of Dagster that began, or ended."""

    job: str
    run_id: str
    what: str

    def __str__(self) -> str:
        return f"run {self.run_id[:8]} of the job {self.job} {self.what}"


@dataclass(frozen=True)
class Audited:
    actor: str
    action: str
    detail: str | None

    def __str__(self) -> str:
        return f"{self.actor}: {self.action}{f', {self.detail}' if self.detail else ''}"


@dataclass(frozen=True)
class Standing:
    """How the video, or a clip of it, stands now."""

    what: str
    state: str
    error: str | None

    def __str__(self) -> str:
        state = self.state.replace("_", " ")
        return f"{self.what} is {state}{f': {self.error}' if self.error else ''}"


Happening: TypeAlias = Stored | Decided | Exported | Taken | Ran | Audited | Standing | str
"""Its text is a sentence for people."""


@dataclass(frozen=True)
class Moment:
    at: datetime
    what: Happening
