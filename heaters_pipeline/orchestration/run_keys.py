"""What sensors ask for, as run keys, and what a run was asked for.

Dagster remembers a run key for ever, those of failed runs too: the attempt makes a retry a new
one.
"""

from __future__ import annotations

import dagster as dg
from dagster._core.storage.tags import RUN_KEY_TAG

from heaters_pipeline.db.clip_work import Asked
from heaters_pipeline.domain.themes import Standing

SURVEYS = 3
"""Tries of the themes of the same clips."""


def ingest_key(video_key: str, attempt: int) -> str:
    return f"ingest:{video_key}:{attempt}"


def library_key(video_key: str, last_event_id: int, attempt: int) -> str:
    return f"library:{video_key}:{last_event_id}:{attempt}"


def exports_key(video_key: str, mark: str) -> str:
    """`mark` is `db.clip_exports.DueExports.mark`."""
    return f"exports:{video_key}:{mark}"


def archive_key(video_key: str, mark: str) -> str:
    """`mark` is `db.archiving.DueMove.mark`."""
    return f"archive:{video_key}:{mark}"


def copy_key(copy_id: int, runs: int) -> str:
    """`runs` is `db.handover_copies.DueCopy.runs`."""
    return f"handover:{copy_id}:{runs}"


def themes_keys(model: str, standing: Standing) -> list[str]:
    """One a try. A survey that has failed so often is tried again when other clips are there."""
    counted = f"{standing.with_vector}:{standing.counted}:{standing.kept}"
    return [f"themes:{model}:{counted}:{attempt}" for attempt in range(SURVEYS)]


def is_of_exports(run: dg.DagsterRun) -> bool:
    """Whether the run was asked for files that exported clips lack."""
    return _parts(run)[0] == "exports"


def attempt_of(run: dg.DagsterRun) -> int | None:
    """The attempt that an ingest was asked for; None where somebody started it by hand."""
    *_, attempt = _parts(run)
    return int(attempt) if attempt else None


def asked_of(run: dg.DagsterRun) -> Asked:
    """What a library run was asked for: all where somebody started it by hand."""
    parts = _parts(run)
    return Asked(int(parts[-2]), int(parts[-1])) if parts[-1] else Asked()


def is_by_hand(run: dg.DagsterRun) -> bool:
    """Whether a person started the run, not a sensor."""
    return RUN_KEY_TAG not in run.tags


def _parts(run: dg.DagsterRun) -> list[str]:
    return run.tags.get(RUN_KEY_TAG, "").split(":")
