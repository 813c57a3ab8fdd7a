"""What every step does around its work: lock the video, move its state, say what went wrong."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import dagster as dg
from sqlalchemy.exc import OperationalError

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError, TransitionError
from heaters_pipeline.domain.states import SourceState, Step
from heaters_pipeline.resources import Database

PROGRESS_SECONDS = 1.0
"""A progress write is a row version: often enough for a person, seldom enough for Postgres."""


@contextmanager
def source_step(
    database: Database, video_key: str, step: Step[SourceState]
) -> Iterator[SourceVideo]:
    """The video, locked and taken into `step`. Any exception is recorded on the row; those with a
    sentence for people become a `dg.Failure` with that sentence."""
    with failures_in_words(), database.video_lock(video_key):
        with database.transaction() as session:
            video, _ = source_videos.begin(session, video_key, step)
        try:
            yield video
        except BaseException as error:
            with database.transaction() as session:
                source_videos.fail(session, video_key, step, in_words(error))
            raise


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Turns our errors into Dagster failures whose description is the sentence alone."""
    try:
        yield
    except HeatersError as error:
        final = isinstance(error, InputError | TransitionError | Conflict)
        raise dg.Failure(description=str(error), allow_retries=not final) from error


def in_words(error: BaseException) -> str:
    if isinstance(error, HeatersError):
        return str(error)
    if not isinstance(error, Exception):
        return "The run was stopped before this step had ended: try again."
    first_line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first_line}"


def progress_writer(database: Database, video_key: str) -> Callable[[float, float | None], None]:
    """A callback that is told how much is done of how much, and writes the share to the video's
    row, throttled. Work does not end because its progress can't be written."""
    written_at = 0.0

    def write(done: float, whole: float | None) -> None:
        nonlocal written_at
        if not whole or time.monotonic() - written_at < PROGRESS_SECONDS:
            return
        written_at = time.monotonic()
        with suppress(OperationalError), database.transaction() as session:
            share = min(1.0, max(0.0, done / whole))
            source_videos.set_progress(session, video_key, share)

    return write
