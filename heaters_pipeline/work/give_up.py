"""What becomes of the work that a run left behind: after a cancelled run it fails, in words; after
one that died it is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine

from heaters_pipeline.db import clip_exports, clip_work, embeddings, group_exports, source_videos
from heaters_pipeline.db.clip_work import Asked
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import end_silent
from heaters_pipeline.work.vectors import MODEL_RESTS


def give_up_ingest(engine: Engine, key: str, attempt: int | None, error: str) -> None:
    """Fails the ingest of a video, unless the row has moved on from `attempt` (None: whichever)."""
    with transaction(engine) as session:
        source_videos.give_up(session, key, attempt, error)


def give_up_library(
    engine: Engine, key: str, asked: Asked, undo_window_seconds: float, error: str
) -> None:
    """Fails the clips of a video that a run was asked for and that are still due."""
    with transaction(engine) as session:
        clip_work.give_up(session, key, asked, undo_window_seconds, error)


def give_up_exports(engine: Engine, key: str, undo_window_seconds: float, error: str) -> None:
    """Fails the files that exported clips of a video lack."""
    with transaction(engine) as session:
        clip_exports.give_up(session, key, undo_window_seconds, error)
        group_exports.give_up(session, key, error)


def give_up_vectors(engine: Engine, model: str) -> None:
    """Lets the model rest, as what ended a run may end the next one."""
    with transaction(engine) as session:
        embeddings.fail(session, model, "the run that made them ended early", MODEL_RESTS)


def put_back_ingest(engine: Engine, key: str, attempt: int | None, error: str) -> None:
    """As `give_up_ingest`, but the video is tried again, after a pause and so often."""
    with transaction(engine) as session:
        source_videos.put_back_left(session, key, attempt, error)


def put_back_library(
    engine: Engine, key: str, asked: Asked, undo_window_seconds: float, error: str
) -> None:
    """As `give_up_library`, but the clips are tried again."""
    with transaction(engine) as session:
        clip_work.put_back_left(session, key, asked, undo_window_seconds, error)


def put_back_exports(engine: Engine, key: str, undo_window_seconds: float, error: str) -> None:
    """As `give_up_exports`, but the files are tried again."""
    with transaction(engine) as session:
        clip_exports.put_back_left(session, key, undo_window_seconds, error)
        group_exports.put_back_left(session, key, error)


class TakenOver(NamedTuple):
    video_key: str
    since: datetime
    """Whoever was at work on the video then has died."""


def end_stuck(engine: Engine, silence: timedelta) -> list[TakenOver]:
    """Takes the locks of videos from those who have shown no sign of life for longer than
    `silence`: they are stopped, or hang. What they left is found by `take_over`."""
    with transaction(engine) as session:
        return [TakenOver(*each) for each in end_silent(session, silence)]


def take_over(engine: Engine, limit: int) -> list[TakenOver]:
    """Puts back the videos and clips that are in the middle of a step with nobody at work on them.
    The lock of a process that dies is free at once: nobody has to report the death."""
    error = "The run died before it had ended."
    with transaction(engine) as session:
        videos = [TakenOver(*each) for each in source_videos.abandoned(session, limit)]
        for key, _ in videos:
            source_videos.put_back_left(session, key, None, error)
        clips = [TakenOver(*each) for each in clip_work.abandoned(session, limit)]
        for key, _ in clips:
            clip_work.take_over(session, key, error)
    return videos + clips
