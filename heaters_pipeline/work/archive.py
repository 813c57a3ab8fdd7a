"""Archiving source videos: gold master and source go to a cold storage class or away; the proxy
stays, so that decisions can still be looked at.

The row comes first. What breaks off in between goes on when it is asked for again.
"""

from __future__ import annotations

from heaters_pipeline.db import archiving, source_videos
from heaters_pipeline.domain.archive import NO_CLASSES, Archived, Goal
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.step import sentence_of


def archive_source(pipeline: Pipeline, key: str, archived: Archived) -> str:
    """Archives a video; its title. Raises InputError where it can't be archived, Conflict where a
    run is at work on it."""
    if archived is Archived.COLD:
        return _asked(pipeline, key, Goal.COLD)
    with pipeline.video_lock(key), pipeline.transaction() as session:
        title, _ = archiving.archive(session, key, archived)
    return title


def goes_on(pipeline: Pipeline, key: str, archived: Archived) -> bool:
    """Whether the video is archived so already, and only its objects may have to follow."""
    with pipeline.transaction() as session:
        return source_videos.get(session, key).archived == archived == Archived.COLD


def restore_source(pipeline: Pipeline, key: str) -> str:
    """Brings source and gold master of a video back from the cold; its title. Raises InputError
    where there is nothing to bring back, HeatersError while the storage thaws them."""
    return _asked(pipeline, key, Goal.BACK)


def move_objects(pipeline: Pipeline, key: str) -> int:
    """Moves source and gold master of a video as somebody asked for; how many objects, 0 where
    nobody has asked or somebody else was faster. What fails says so on the sources page, and is
    tried again by another run."""
    with pipeline.video_lock(key):
        return _move(pipeline, key)


def _asked(pipeline: Pipeline, key: str, goal: Goal) -> str:
    """Asks for a move and makes it; the video's title. What this does not end, a run goes on
    with."""
    if goal is Goal.COLD and not pipeline.storage.has_classes:
        raise InputError(NO_CLASSES)
    with pipeline.video_lock(key):
        with pipeline.transaction() as session:
            title = archiving.ask(session, key, goal)
        _move(pipeline, key)
    return title


def _move(pipeline: Pipeline, key: str) -> int:
    """The caller holds the video's lock."""
    with pipeline.transaction() as session:
        video = source_videos.get(session, key)
        move = archiving.moves(session, [video.id]).get(video.id)
    if move is None:
        return 0
    wanted = pipeline.settings.archive_class if move.goal == Goal.COLD else None
    paths = archiving.objects_of(video)
    try:
        for number, path in enumerate(paths, 1):
            pipeline.storage.set_class(path, wanted)
            with pipeline.transaction() as session:
                archiving.note_move(session, video.id, moved=number, error=None)
    except Exception as error:
        with pipeline.transaction() as session:
            archiving.move_failed(session, move, sentence_of(error))
        raise
    with pipeline.transaction() as session:
        archiving.end_move(session, move)
    return len(paths)
