"""What every step does around its work: lock the video, move its state, tell how far it is, stop
when asked to, say what went wrong."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import dagster as dg
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from heaters_pipeline.db import ledger, source_videos
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.db.source_videos import CANCELLED
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError, TransitionError
from heaters_pipeline.domain.progress import seconds_left, spoken_duration
from heaters_pipeline.domain.states import SourceState, Step
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.cancellation import Cancelled, cancellable

PROGRESS_SECONDS = 1.0
"""A progress write is a row version: often enough for a person, seldom enough for Postgres."""

LOG_SECONDS = 30.0
"""A line in Dagster's log is kept for ever."""


@contextmanager
def source_step(
    database: Database, video_key: str, step: Step[SourceState]
) -> Iterator[SourceVideo]:
    """The video, locked and taken into `step`. Any exception is recorded on the row; those with a
    sentence for people become a `dg.Failure` with that sentence. Ends with the sentence CANCELLED
    when somebody asks for it (`source_videos.cancel`)."""

    def is_cancelled() -> bool:
        with suppress(SQLAlchemyError), database.transaction() as session:
            return source_videos.is_cancelled(session, video_key)
        return False

    with failures_in_words(), database.video_lock(video_key):
        with database.transaction() as session:
            video, _ = source_videos.begin(session, video_key, step)
        try:
            if is_cancelled():  # between two steps
                raise Cancelled(CANCELLED)
            with cancellable(is_cancelled, CANCELLED):
                yield video
        except BaseException as error:
            with database.transaction() as session:
                final = not is_worth_another_try(error)
                source_videos.fail(session, video_key, step, in_words(error), final=final)
            raise


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Turns our errors into Dagster failures whose description is the sentence alone."""
    try:
        yield
    except (HeatersError, Cancelled) as error:
        again = is_worth_another_try(error)
        raise dg.Failure(description=str(error), allow_retries=again) from error


def is_worth_another_try(error: BaseException) -> bool:
    """Whether the same may go well a little later."""
    final = isinstance(error, InputError | TransitionError | Conflict)
    return isinstance(error, HeatersError) and not final


def in_words(error: BaseException) -> str:
    if isinstance(error, HeatersError | Cancelled):
        return str(error)
    if not isinstance(error, Exception):
        return "The run was stopped before this step had ended: try again."
    first_line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first_line}"


def ledger_metadata(database: Database, video_id: int) -> dict[str, Any]:
    """What the video costs in the storage, for Dagster's pages."""
    with database.transaction() as session:
        sizes = ledger.by_kind(session, [video_id]).get(video_id, {})
        minutes = ledger.approved_minutes(session, [video_id]).get(video_id)
    total = sum(sizes.values())
    return {
        "bytes_of_video": {kind.value: size for kind, size in sorted(sizes.items())},
        "bytes_of_video_in_all": total,
        **({"bytes_per_approved_minute": round(total / minutes)} if minutes else {}),
    }


def _refuse_full_disk() -> None:
    """Half of what no new video is begun with: what is under way may use the other half."""
    settings = get_settings()
    free = shutil.disk_usage(settings.home).free / 10**9
    if free < settings.min_free_gb / 2:
        raise HeatersError(
            f"Stopped with {free:.1f} GB free in {settings.home}: make room, then try again."
        )


class ProgressWriter:
    """Is told how much is done of how much (in any unit), and writes the share to the video's row
    and, more seldom, to the run's log. Work does not end because its progress can't be written; it
    does, with a HeatersError, when the disk of the home runs full under it."""

    def __init__(
        self, database: Database, video_key: str, what: str, log: Callable[[str], None]
    ) -> None:
        self._database = database
        self._video_key = video_key
        self._what = what
        self._log = log
        self._began_at = self._logged_at = time.monotonic()
        self._written_at = 0.0

    def __call__(self, done: float, whole: float | None) -> None:
        now = time.monotonic()
        if now - self._written_at < PROGRESS_SECONDS:
            return
        self._written_at = now
        _refuse_full_disk()
        if not whole:
            return
        share = min(1.0, max(0.0, done / whole))
        with suppress(OperationalError), self._database.transaction() as session:
            source_videos.set_progress(session, self._video_key, share)
        if now - self._logged_at >= LOG_SECONDS:
            self._logged_at = now
            left = seconds_left(share, now - self._began_at)
            rest = f", {spoken_duration(left)} left" if left is not None else ""
            self._log(f"{self._what}: {share:.0%}{rest}")
