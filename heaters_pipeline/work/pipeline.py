"""What every use case works with."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import Storage, open_storage


@dataclass(frozen=True)
class Pipeline:
    engine: Engine
    storage: Storage
    settings: Settings
    log: logging.Logger
    """Gets the lines that an operator reads while a step runs."""

    def transaction(self) -> AbstractContextManager[Session]:
        return transaction(self.engine)

    def video_lock(self, video_key: str) -> AbstractContextManager[None]:
        return video_lock(self.engine, video_key)


def open_pipeline(engine: Engine, settings: Settings) -> Pipeline:
    """The pipeline on the storage that `settings` name, with Python's own logging."""
    storage = open_storage(
        settings.storage_url,
        settings.home,
        endpoint_url=settings.s3_endpoint_url,
        class_by_kind=settings.storage_classes,
    )
    return Pipeline(engine, storage, settings, logging.getLogger("heaters"))
