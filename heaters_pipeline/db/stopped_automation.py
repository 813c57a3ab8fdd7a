"""Which of Dagster's sensors and schedules somebody has stopped, as its own database says. Stopped
ones stay so over a restart, and nothing else tells of it."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError

# Dagster's table (dagster/_core/storage/schedules/schema.py), its state as JSON.
_STOPPED = sa.text("""
    SELECT instigator_body::jsonb #>> '{origin,job_name}' FROM instigators
    WHERE instigator_type IN ('SENSOR', 'SCHEDULE') AND status = 'STOPPED'
""")


def stopped(dagster: Engine) -> Collection[str]:
    """Their names; none where Dagster has no tables yet, or its database does not answer.
    `dagster` is an engine on that database."""
    try:
        with dagster.connect() as connection:
            return set(connection.scalars(_STOPPED))
    except (OperationalError, ProgrammingError):
        return ()
