"""Archiving a source video and bringing it back, as the page and the API ask for it."""

from __future__ import annotations

from heaters_pipeline.db import archiving
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.domain.archive import NO_CLASSES, Archived, Goal
from heaters_pipeline.domain.errors import InputError
from review_app.services import services, transaction


def ways() -> list[Archived]:
    """In which a video can be archived."""
    return list(Archived) if services().storage.has_classes else [Archived.AWAY]


def archive(key: str, to: Archived) -> str:
    """Has source and gold master moved to the cold, or deletes them; the title. Raises InputError
    where the storage or the video does not allow it, Conflict while a run is at work on it."""
    if to not in ways():
        raise InputError(NO_CLASSES)
    with video_lock(services().engine, key, wait_seconds=0), transaction() as session:
        if to is Archived.COLD:
            return archiving.ask(session, key, Goal.COLD)
        title, _ = archiving.archive(session, key, to)
        return title


def restore(key: str) -> str:
    """Has source and gold master brought back from the cold; the title. Raises as `archive`."""
    with video_lock(services().engine, key, wait_seconds=0), transaction() as session:
        return archiving.ask(session, key, Goal.BACK)
