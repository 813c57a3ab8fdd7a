"""Errors of the work as Dagster shows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.work.cancellation import Cancelled
from heaters_pipeline.work.step import is_worth_another_try


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Turns our errors into Dagster failures whose description is the sentence alone."""
    try:
        yield
    except (HeatersError, Cancelled) as error:
        again = is_worth_another_try(error)
        raise dg.Failure(description=str(error), allow_retries=again) from error
