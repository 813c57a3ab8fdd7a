"""What every step does around its work: lock the video, move its state, stop when asked to, record
what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.db.source_videos import CANCELLED
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError, TransitionError
from heaters_pipeline.domain.states import SourceState, Step
from heaters_pipeline.work.cancellation import Cancelled, cancellable
from heaters_pipeline.work.pipeline import Pipeline


@contextmanager
def source_step(
    pipeline: Pipeline, video_key: str, step: Step[SourceState]
) -> Iterator[SourceVideo]:
    """The video, locked and in the state `step.doing`. The row records any exception.

    Raises Cancelled, with the sentence CANCELLED, where somebody cancels the work
    (`source_videos.cancel`).
    """

    def is_cancelled() -> bool:
        with suppress(SQLAlchemyError), pipeline.transaction() as session:
            return source_videos.is_cancelled(session, video_key)
        return False

    with pipeline.video_lock(video_key):
        with pipeline.transaction() as session:
            video = source_videos.begin(session, video_key, step)
        try:
            if is_cancelled():  # between two steps
                raise Cancelled(CANCELLED)
            with cancellable(is_cancelled, CANCELLED):
                yield video
        except BaseException as error:
            with pipeline.transaction() as session:
                final = not is_worth_another_try(error)
                source_videos.fail(session, video_key, step, sentence_of(error), final=final)
            raise


def is_worth_another_try(error: BaseException) -> bool:
    """Whether the same work may succeed a little later."""
    final = isinstance(error, InputError | TransitionError | Conflict)
    return isinstance(error, HeatersError | OperationalError) and not final


def can_resume(error: BaseException) -> bool:
    """Whether what is half done is of use to the next try: after a failure that may pass, and where
    the process itself is to stop."""
    return is_worth_another_try(error) or not isinstance(error, Exception | Cancelled)


def sentence_of(error: BaseException) -> str:
    """What the page and the command say of an error."""
    if isinstance(error, HeatersError | Cancelled):
        return str(error)
    if not isinstance(error, Exception):
        return "The run was stopped before this step had ended: try again."
    first_line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first_line}"
