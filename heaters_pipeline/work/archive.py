"""Archiving source videos: gold master and source go to a cold storage class or away; the proxy
stays, so that decisions can still be looked at.

The row comes first. What breaks off in between goes on when it is asked for again.
"""

from __future__ import annotations

from heaters_pipeline.db import archiving, source_videos
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.archive import Archived
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.work.pipeline import Pipeline


def archive_source(pipeline: Pipeline, key: str, archived: Archived) -> str:
    """Archives a video; its title. Raises InputError where it can't be archived, Conflict where a
    run is at work on it."""
    with pipeline.video_lock(key):
        if archived is Archived.COLD:
            with pipeline.transaction() as session:
                _refuse_without_classes(pipeline, source_videos.get(session, key))
        with pipeline.transaction() as session:
            title, paths = archiving.archive(session, key, archived)
        if archived is Archived.COLD:
            for path in paths:
                pipeline.storage.set_class(path, pipeline.settings.archive_class)
    return title


def goes_on(pipeline: Pipeline, key: str, archived: Archived) -> bool:
    """Whether the video is archived so already, and only its objects may have to follow."""
    with pipeline.transaction() as session:
        return source_videos.get(session, key).archived == archived == Archived.COLD


def restore_source(pipeline: Pipeline, key: str) -> str:
    """Brings source and gold master of a video back from the cold; its title. Raises InputError
    where there is nothing to bring back, HeatersError while the storage thaws them."""
    with pipeline.video_lock(key):
        with pipeline.transaction() as session:
            video = source_videos.get(session, key)
            if video.archived is None:
                raise InputError(f"{video.title} is not archived.")
            if video.archived == Archived.AWAY:
                raise InputError(
                    f"The source and the gold master of {video.title} were deleted: nothing brings "
                    "them back."
                )
            paths = archiving.objects_of(video)
        for path in paths:
            pipeline.storage.set_class(path, None)
        with pipeline.transaction() as session:
            return archiving.restored(session, key)


def refuse_archived(video: SourceVideo, what: str) -> None:
    """Raises InputError, with the way back, where `what` needs a gold master that is archived."""
    if video.archived is None:
        return
    way = (
        f"`heaters archive {video.key} --restore` brings its gold master back."
        if video.archived == Archived.COLD
        else "its source and gold master were deleted."
    )
    raise InputError(f"{video.title} is archived, so nobody can {what} of it: {way}")


def _refuse_without_classes(pipeline: Pipeline, video: SourceVideo) -> None:
    """Before any row says that the objects are in another class."""
    if not pipeline.storage.has_classes:
        raise InputError(
            f"The storage of {video.title} is a folder, which has no storage classes: archive to "
            "S3, or delete source and gold master (--away)."
        )
