"""Failing, in words, what a dead or cancelled run left behind."""

from __future__ import annotations

from sqlalchemy import Engine

from heaters_pipeline.db import clip_work, source_videos
from heaters_pipeline.db.engine import transaction


def give_up_ingest(engine: Engine, key: str, attempt: int | None, error: str) -> None:
    """Fails the ingest of a video, unless the row has moved on from `attempt` (None: whichever)."""
    with transaction(engine) as session:
        source_videos.give_up(session, key, attempt, error)


def give_up_library(
    engine: Engine, key: str, last_event_id: int, undo_window_seconds: float, error: str
) -> None:
    """Fails the clips of a video that were decided up to `last_event_id` and are still due."""
    with transaction(engine) as session:
        clip_work.give_up(session, key, last_event_id, undo_window_seconds, error)
