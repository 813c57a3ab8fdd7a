"""Telling how far a step is."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress

from sqlalchemy.exc import OperationalError

from heaters_pipeline.db import source_videos
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.progress import seconds_left, spoken_duration
from heaters_pipeline.files.pulse import beat
from heaters_pipeline.work.pipeline import Pipeline

WRITE_SECONDS = 1.0
"""Each write is a new version of the row: often enough for a person, seldom enough for Postgres."""

LOG_SECONDS = 30.0
"""Dagster keeps each line of a log for ever."""


class ProgressWriter:
    """Writes the done share of a step to the video's row and, more seldom, to the log.

    A write that fails does not end the work. A disk that fills up does, with a HeatersError.
    """

    def __init__(self, pipeline: Pipeline, video_key: str, what: str) -> None:
        self._pipeline = pipeline
        self._video_key = video_key
        self._what = what
        self._began_at = self._logged_at = time.monotonic()
        self._written_at = 0.0

    def __call__(self, done: float, whole: float | None) -> None:
        """`done` of `whole`, in any unit; `whole` is None where nobody knows it."""
        beat()
        now = time.monotonic()
        if now - self._written_at < WRITE_SECONDS:
            return
        self._written_at = now
        self._refuse_full_disk()
        if not whole:
            return
        share = min(1.0, max(0.0, done / whole))
        with suppress(OperationalError), self._pipeline.transaction() as session:
            source_videos.set_progress(session, self._video_key, share)
        if now - self._logged_at >= LOG_SECONDS:
            self._logged_at = now
            left = seconds_left(share, now - self._began_at)
            rest = f", {spoken_duration(left)} left" if left is not None else ""
            self._pipeline.log.info(f"{self._what}: {share:.0%}{rest}")

    def _refuse_full_disk(self) -> None:
        """New videos wait below the limit; running work may use half of it."""
        settings = self._pipeline.settings
        least = settings.min_free_bytes // 2
        free = shutil.disk_usage(settings.home).free
        if free < least:
            self._pipeline.storage.make_room(least)
            free = shutil.disk_usage(settings.home).free
        if free < least:
            raise HeatersError(
                f"Stopped with {free / 10**9:.1f} GB free in {settings.home}: make room, then try "
                "again."
            )
