"""A circuit for what is outside: what needs a thing that does not answer waits, as work, until it
answers again. No clip fails one by one, and no try is spent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Engine

from heaters_pipeline.db import outages
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import probe_lock
from heaters_pipeline.domain.errors import Conflict, HeatersError, Unavailable
from heaters_pipeline.domain.outages import STORAGE
from heaters_pipeline.storage import Storage
from heaters_pipeline.work.pipeline import Pipeline


class Outage(Unavailable):
    """An outage that has begun, and been noted."""


class Opened(Outage):
    """The same, where nobody had noted it before."""


class HeldBack(Outage):
    """An outage that lasts: nothing was tried."""


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


@contextmanager
def site_circuit(
    pipeline: Pipeline, site: str | None, is_awaited: bool
) -> Iterator[Callable[[], None]]:
    """Around a download from a site. While the site has an outage, one download is let through
    after each pause, as its probe, and any that a person waits for (`is_awaited`); the others raise
    HeldBack. The outage ends when the probe does
    well, when it hears another answer than silence (a HeatersError), or when it calls what this
    yields. Raises Outage where the site does not answer (Unavailable), which begins one."""
    if site is None:
        yield lambda: None
        return
    with ExitStack() as probe:
        is_probe = is_awaited or _becomes_probe(pipeline, site, probe)

        def answered() -> None:
            nonlocal is_probe
            if is_probe:
                with pipeline.transaction() as session:
                    outages.end(session, site)
                probe.close()
            is_probe = False

        try:
            yield answered
        except Unavailable as error:
            with pipeline.transaction() as session:
                is_first = outages.begin(session, site, str(error), error.wish)
            raise (Opened if is_first else Outage)(site, str(error)) from error
        except HeatersError:
            answered()
            raise
        answered()


def _becomes_probe(pipeline: Pipeline, site: str, probe: ExitStack) -> bool:
    """Whether this download is the probe of a site, until `probe` is closed; False where the site
    has no outage. Raises HeldBack where it has one and another download is its probe, or the pause
    is not over."""
    with pipeline.transaction() as session:
        if outages.get(session, site) is None:
            return False
        is_claimed = outages.claim_probe(session, site)
    held_back = HeldBack(site, f"{site} does not answer: this waits, and goes on by itself.")
    if not is_claimed:
        raise held_back
    try:
        probe.enter_context(probe_lock(pipeline.engine, site))
    except Conflict:
        raise held_back from None
    return True


def _silence(storage: Storage) -> str | None:
    """Why the storage does not answer; None where it does."""
    try:
        storage.probe()
    except Unavailable as error:
        return str(error)
    return None
