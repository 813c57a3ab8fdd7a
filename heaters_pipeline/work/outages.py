"""A circuit for what is outside: what needs a thing that does not answer waits, as work, until it
answers again. No clip fails one by one, and no try is spent."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from heaters_pipeline.db import outages
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.errors import Unavailable
from heaters_pipeline.storage import STORAGE, Storage
from heaters_pipeline.work.pipeline import Pipeline


class Outage(Unavailable):
    """An outage that has begun, and been noted."""


def storage_outage(engine: Engine, open_storage: Callable[[], Storage]) -> str | None:
    """Why whatever needs the storage waits; None where it answers. While an outage lasts, this asks
    the storage after each pause; the outage ends with its answer."""
    with transaction(engine) as session:
        found = outages.get(session, STORAGE)
        if found is None:
            return None
        if not outages.claim_probe(session, STORAGE):
            return found.reason
    reason = _silence(open_storage())
    with transaction(engine) as session:
        if reason is None:
            outages.end(session, STORAGE)
        else:
            outages.begin(session, STORAGE, reason)
    return reason


def is_outage(pipeline: Pipeline, error: BaseException) -> bool:
    """Whether an error tells of an outage: the thing does not answer one small request either. Then
    the outage has begun. Where it does answer, the work failed as any other, and other work may
    succeed."""
    if isinstance(error, Outage):
        return True
    if not isinstance(error, Unavailable) or error.thing != STORAGE:
        return False
    if _silence(pipeline.storage) is None:
        return False
    with pipeline.transaction() as session:
        outages.begin(session, STORAGE, str(error))
    return True


def _silence(storage: Storage) -> str | None:
    """Why the storage does not answer; None where it does."""
    try:
        storage.probe()
    except Unavailable as error:
        return str(error)
    return None
