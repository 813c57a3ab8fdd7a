"""Errors of the work as Dagster shows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.work.cancellation import Cancelled


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Turns our errors into Dagster failures whose description is the sentence alone. What may pass
    is tried again by a run of its own, which the rows ask for."""
    try:
        yield
    except (HeatersError, Cancelled) as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
