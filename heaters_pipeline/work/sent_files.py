"""Files of this machine that another one is to ingest: they go into the storage first."""

from __future__ import annotations

from pathlib import Path

from heaters_pipeline.db import deletions, source_videos
from heaters_pipeline.domain import layout
from heaters_pipeline.media.download.limits import check_size
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.register import file_key


def is_needed(pipeline: Pipeline) -> bool:
    """Whether runs may be on machines that don't have the files of this one."""
    return pipeline.settings.is_on_s3 or pipeline.settings.is_spread


def send(pipeline: Pipeline, reference: str) -> str | None:
    """Puts the file into the storage, for `register.add_source`: its storage key. None where it is
    no file, or where there is a source video of it that needs none. Raises InputError for a file
    that is too large or can't be read."""
    if "://" in reference or "\0" in reference:
        return None
    path = Path(reference).expanduser().absolute()
    if not path.is_file():
        return None
    check_size(str(path), path.stat().st_size, round(pipeline.settings.max_source_gb * 10**9))
    key = file_key(path)
    with pipeline.transaction() as session:
        if not source_videos.lacks_source(session, key):
            return None
        place = layout.source(key, "upload", path.suffix.lower())
        deletions.expect(session, place)
    pipeline.storage.put(path, place)
    return place
