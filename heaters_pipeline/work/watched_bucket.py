"""Adding the videos that somebody puts below a prefix of a bucket."""

from __future__ import annotations

from pathlib import PurePosixPath

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.footage import FILM_SUFFIX
from heaters_pipeline.storage import Storage, open_storage
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.register import add_object, object_key


def add_listed(pipeline: Pipeline, url: str) -> list[str]:
    """Adds the films below `url` (`s3://bucket/prefix`), for the titles of the new videos. An
    object is known by its address, size and ETag; S3 shows it when it is whole. Raises InputError
    where the storage lies there, whose own objects would come again."""
    if f"{pipeline.settings.storage_url}/".startswith(f"{url.rstrip('/')}/"):
        raise InputError(
            f"HEATERS_WATCH_FOLDER is {url}, where STORAGE_URL lies: name another prefix."
        )
    found = {
        object_key(f"{url.rstrip('/')}/{entry.key}", entry.stamp): entry
        for entry in opened(pipeline, url).entries()
        if FILM_SUFFIX.fullmatch(PurePosixPath(entry.key).suffix)
    }
    with transaction(pipeline.engine) as session:
        new = found.keys() - source_videos.known(session, found)
        return [
            add_object(
                session,
                f"{url.rstrip('/')}/{found[key].key}",
                found[key].stamp,
                pipeline.settings.pipeline,
            )[0].title
            for key in sorted(new)
        ]


def opened(pipeline: Pipeline, url: str) -> Storage:
    settings = pipeline.settings
    return open_storage(url, settings.home, endpoint_url=settings.s3_endpoint_url)
