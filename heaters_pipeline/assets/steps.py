"""What every step does around its work: lock the video, move its state, say what went wrong."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError, TransitionError
from heaters_pipeline.domain.states import SourceState, Step
from heaters_pipeline.media.ffmpeg import Progress
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
    if not isinstance(error, Exception) or isinstance(error, dg.DagsterExecutionInterruptedError):
        return "The run was stopped before this step had ended: start it again."
    return f"{type(error).__name__}: {error}"


def progress_writer(
    database: Database, video_key: str, whole_seconds: float
) -> Callable[[Progress], None]:
    """A callback that writes the done share of `whole_seconds` to the video's row, throttled."""
    written_at = 0.0

    def write(progress: Progress) -> None:
        nonlocal written_at
        if whole_seconds <= 0 or time.monotonic() - written_at < PROGRESS_SECONDS:
            return
        written_at = time.monotonic()
        share = min(1.0, max(0.0, progress.seconds_done / whole_seconds))
        with database.transaction() as session:
            source_videos.set_progress(session, video_key, share)

    return write
