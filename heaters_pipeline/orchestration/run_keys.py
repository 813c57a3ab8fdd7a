"""What sensors ask for, as run keys, and what a run was asked for.

Dagster remembers a run key for ever, those of failed runs too: the attempt makes a retry a new
one.
"""

from __future__ import annotations

import sys

import dagster as dg
from dagster._core.storage.tags import RUN_KEY_TAG


def ingest_key(video_key: str, attempt: int) -> str:
    return f"ingest:{video_key}:{attempt}"


def library_key(video_key: str, last_event_id: int, attempt: int) -> str:
    return f"library:{video_key}:{last_event_id}:{attempt}"


def attempt_of(run: dg.DagsterRun) -> int | None:
    """The attempt that an ingest was asked for; None where somebody started it by hand."""
    *_, attempt = _parts(run)
    return int(attempt) if attempt else None


def last_event_of(run: dg.DagsterRun) -> int:
    """The last decision that a library run was asked for; the highest id where somebody started it
    by hand."""
    parts = _parts(run)
    return int(parts[-2]) if parts[-1] else sys.maxsize


def _parts(run: dg.DagsterRun) -> list[str]:
    return run.tags.get(RUN_KEY_TAG, "").split(":")
