"""What every step does around its work: lock the video, move its state, stop when asked to, record
what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.archiving import refuse_archived
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.db.source_videos import CANCELLED
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.redaction import without_login
from heaters_pipeline.domain.states import SourceState, Step
from heaters_pipeline.files.spans import span
from heaters_pipeline.work.cancellation import Cancelled, cancellable
from heaters_pipeline.work.faults import may_pass
from heaters_pipeline.work.outages import HeldBack, Opened, is_outage
from heaters_pipeline.work.pipeline import Pipeline, at_work_on


@contextmanager
def source_step(
    pipeline: Pipeline, video_key: str, step: Step[SourceState]
) -> Iterator[SourceVideo]:
    """The video, locked and in the state `step.doing`. The row records any exception.
    Where another run has taken the video over, Conflict is raised and the row stays as it is.

    Raises Cancelled, with the sentence CANCELLED, where somebody cancels the work
    (`source_videos.cancel`).
    """

    def is_cancelled() -> bool:
        with suppress(SQLAlchemyError), transaction(pipeline.engine) as session:
            return source_videos.is_cancelled(session, video_key)
        return False

    with span(step.doing, video=video_key), pipeline.video_lock(video_key):
        with pipeline.transaction() as session:
            before = source_videos.get(session, video_key)
            refuse_archived(before, "make anything anew")
            has_failed = before.error is not None
            video = source_videos.begin(session, video_key, step)
        with at_work_on(video):
            try:
                if is_cancelled():  # between two steps
                    raise Cancelled(CANCELLED)
                with cancellable(is_cancelled, CANCELLED):
                    yield video
            except BaseException as error:
                sentence = sentence_of(error)
                # A video that its site never answers must not hold up the others for ever.
                counts = isinstance(error, Opened) and has_failed
                waits = is_outage(pipeline, error) and not counts
                with pipeline.transaction() as session:
                    if waits:
                        told = None if isinstance(error, HeldBack) else sentence
                        source_videos.put_back(session, video_key, told, pause=None)
                    elif may_pass(error):
                        source_videos.try_later(session, video_key, step, sentence)
                    else:
                        source_videos.fail(session, video_key, step, sentence)
                raise


def can_resume(error: BaseException) -> bool:
    """Whether what is half done is of use to the next try: after a failure that may pass, and where
    the process itself is to stop."""
    return may_pass(error) or not isinstance(error, Exception | Cancelled)


def sentence_of(error: BaseException) -> str:
    """What the page and the command say of an error."""
    if isinstance(error, HeatersError | Cancelled):
        return str(error)
    if not isinstance(error, Exception):
        return "The run was stopped before this step had ended: try again."
    first_line = str(error).strip().partition("\n")[0]
    return without_login(f"{type(error).__name__}: {first_line}")


def made_by(path: str | None, video: SourceVideo, asset: str) -> str:
    """`path`; raises InputError where it is None, as `asset` has not been materialized yet."""
    if path is None:
        raise InputError(f"{video.title} has no {asset} yet: materialize {asset} first.")
    return path
