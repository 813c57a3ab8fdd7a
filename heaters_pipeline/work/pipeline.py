"""What every use case works with."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.files import spans
from heaters_pipeline.files.pulse import beat
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import Storage, open_storage

_at_work_on: ContextVar[SourceVideo | None] = ContextVar("at_work_on", default=None)


@dataclass(frozen=True)
class Pipeline:
    engine: Engine
    storage: Storage
    settings: Settings
    log: logging.Logger
    """Gets the lines that an operator reads while a step runs."""

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """In a step of a video that another run has taken over, this raises Conflict."""
        beat()
        video = _at_work_on.get()
        with transaction(self.engine) as session:
            if video is not None:
                source_videos.refuse_taken_over(session, video.key, video.attempt)
            yield session

    def video_lock(self, video_key: str) -> AbstractContextManager[None]:
        return video_lock(self.engine, video_key)


@contextmanager
def at_work_on(video: SourceVideo) -> Iterator[None]:
    """A step of a video as it was when the step began."""
    token = _at_work_on.set(video)
    try:
        yield
    finally:
        _at_work_on.reset(token)


def open_pipeline(engine: Engine, settings: Settings) -> Pipeline:
    """The pipeline on the storage that `settings` name, with Python's own logging."""
    spans.begin("heaters", settings.traces_endpoint)
    storage = open_storage(
        settings.storage_url,
        settings.home,
        endpoint_url=settings.s3_endpoint_url,
        class_by_kind=settings.storage_classes,
        cache=settings.cache,
    )
    return Pipeline(engine, storage, settings, logging.getLogger("heaters"))
