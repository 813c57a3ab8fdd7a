"""Adding the videos that somebody puts into the watched folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.work.register import add_file, file_key, videos_in

SETTLED_SECONDS = 30
"""A file that has not changed for so long has been copied to its end."""


class FolderLook(NamedTuple):
    """What one look at the folder found."""

    added: list[str]
    """Titles of the new videos."""
    unreadable: list[str]
    """A sentence for each file or folder that can't be read."""


def add_settled(
    engine: Engine, folder: Path, now: float, pipeline: ClipPipeline = ClipPipeline.VIRTUAL
) -> FolderLook:
    """Adds the videos below `folder` that nobody has written to for SETTLED_SECONDS before `now`
    (seconds of the epoch). A file is known by its path, size and time of change."""
    settled: dict[str, Path] = {}
    folders: list[str] = []
    unreadable: list[str] = []
    for path in videos_in(folder, folders):
        try:
            # Not st_mtime: a copy can bring its original's along.
            if path.stat().st_ctime <= now - SETTLED_SECONDS:
                settled[file_key(path)] = path
        except FileNotFoundError:  # gone since it was listed
            continue
        except (InputError, OSError) as error:
            unreadable.append(str(error))
    with transaction(engine) as session:
        new = settled.keys() - source_videos.known(session, settled)
        videos = [add_file(session, settled[key], pipeline=pipeline)[0] for key in sorted(new)]
        added = [video.title for video in videos]
    sentences = [*(f"The folder {each} can't be read." for each in folders), *unreadable]
    return FolderLook(added, sentences)
