"""What every view needs: settings, database, storage, uploads in progress, what was learnt."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import cast

from flask import current_app
from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db.engine import transaction as begin
from heaters_pipeline.db.events import Outcome
from heaters_pipeline.db.removal import Removed
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import Storage
from review_app.learnt import Learnt
from review_app.uploads.folder import UploadFolder


@dataclass(frozen=True)
class Services:
    settings: Settings
    engine: Engine
    storage: Storage
    uploads: UploadFolder
    likeness: Learnt


def services() -> Services:
    return cast(Services, current_app.extensions["heaters"])


def delete_unused(done: Outcome | Removed) -> None:
    """Deletes the objects that no row names any more. Call it after the commit: rows first, then
    what can't be taken back."""
    try:
        services().storage.delete(*done.unused)
    except (HeatersError, OSError):
        current_app.logger.exception("Some of %s stay in the storage", ", ".join(done.unused))


def transaction() -> AbstractContextManager[Session]:
    return begin(services().engine)
