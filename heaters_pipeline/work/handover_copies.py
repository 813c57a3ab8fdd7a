"""Making the copies that people ask for on a page."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from heaters_pipeline.db import handover_copies
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import copy_lock
from heaters_pipeline.db.models import HandoverCopy
from heaters_pipeline.domain import retries
from heaters_pipeline.work.cancellation import cancellable
from heaters_pipeline.work.faults import may_pass
from heaters_pipeline.work.handover import Copied, hand_over
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.step import sentence_of

STOPPED = "Somebody stopped the copy on its page."


def make_copy(pipeline: Pipeline, copy_id: int) -> Copied | None:
    """Copies what somebody asked for; None where it has ended meanwhile. What fails for a reason
    that may pass is tried again by another run. Raises Conflict where another run is at work on it,
    Cancelled where somebody stops it."""
    done = 0.0

    def tell(share: float) -> None:
        nonlocal done
        done = share

    def is_stopped() -> bool:
        with suppress(SQLAlchemyError), transaction(pipeline.engine) as session:
            return not handover_copies.is_wanted(session, copy_id, done)
        return False

    with copy_lock(pipeline.engine, copy_id):
        with pipeline.transaction() as session:
            copy = handover_copies.begin(session, copy_id)
        if copy is None:
            return None
        try:
            place = pipeline.settings.handover_places.accept(copy.destination)
            with cancellable(is_stopped, STOPPED):
                copied = hand_over(
                    pipeline,
                    copy.selection,
                    place,
                    actor=copy.actor,
                    profile=copy.profile,
                    on_progress=tell,
                )
        except BaseException as error:
            _fail(pipeline, copy, error)
            raise
        with pipeline.transaction() as session:
            handover_copies.end(
                session,
                copy_id,
                files=len(copied.handover.clips),
                new_files=copied.new,
                left_out=copied.sentence,
            )
    return copied


def _fail(pipeline: Pipeline, copy: HandoverCopy, error: BaseException) -> None:
    again = may_pass(error) and retries.may_try_again(copy.tries)
    pause = retries.pause(copy.tries, retries.some_chance()) if again else None
    with pipeline.transaction() as session:
        handover_copies.fail(session, copy.id, sentence_of(error), pause)
