"""Forgetting what nobody needs any more. Decisions are never forgotten."""

from __future__ import annotations

from sqlalchemy import Engine

from heaters_pipeline.db import handover_copies, handovers, idempotency
from heaters_pipeline.db.engine import transaction

AT_ONCE = 1000


def forget_handovers(engine: Engine, days: float) -> int:
    """Forgets handovers older than `days` whose files were all taken again; their number. Copies
    that ended before that are forgotten, too."""
    forgotten = 0
    with transaction(engine) as session:
        handover_copies.forget_ended(session, days)
    while True:
        with transaction(engine) as session:
            number = handovers.forget_retaken(session, days, AT_ONCE)
        forgotten += number
        if number < AT_ONCE:
            return forgotten


def forget_requests(engine: Engine) -> int:
    """Forgets requests with an idempotency key that are too old to come again; their number."""
    with transaction(engine) as session:
        return idempotency.forget(session)
