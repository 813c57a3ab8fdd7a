"""What happened to a source video, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from heaters_pipeline.domain.decisions import DONE, Action
from heaters_pipeline.domain.wording import number_of

SHOWN_CLIPS = 5
"""Clips of one decision that are named; the rest are counted."""


RETIRED = (
    "its partition left Dagster's list, as there was nothing to do: "
    "`heaters partitions restore {key}` brings it back"
)
RETURNED = "its partition is in Dagster's list again"


class Moment(NamedTuple):
    at: datetime
    what: str
    """A sentence for people."""


def stored(kind: str, number: int, size: int) -> str:
    """Objects of one kind, `size` bytes in all, that entered the storage in the same second."""
    what = kind.replace("_", " ")
    several = f"{number_of(number, 'object')} of the kind {what}"
    return f"{what if number == 1 else several} stored, {size / 1e6:,.1f} MB"


def decided(actor: str, action: Action, clip_ids: Sequence[int]) -> str:
    """A decision, with all clips of its batch that are of this video."""
    shown = ", ".join(map(str, clip_ids[:SHOWN_CLIPS]))
    left = len(clip_ids) - SHOWN_CLIPS
    name = "clip" if len(clip_ids) == 1 else "clips"
    clips = f"{name} {shown}" if shown else "the video"
    more = f" and {left} more" if left > 0 else ""
    if action == Action.REPLAN:
        return f"{clips}{more} laid"
    return f"{actor} has {DONE[action]} {clips}{more}"


def standing(what: str, state: str, error: str | None) -> str:
    """How the video, or a clip of it, stands now."""
    return f"{what} is {state.replace('_', ' ')}{f': {error}' if error else ''}"
