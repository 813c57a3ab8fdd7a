"""The own timecode of sources that were here before anybody asked for it."""

from __future__ import annotations

from collections.abc import Collection

from heaters_pipeline.db import source_videos
from heaters_pipeline.media.ffmpeg.timecode import read_timecode
from heaters_pipeline.storage import ObjectMissing
from heaters_pipeline.storage.reading import StoredFile
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.stream_facts import source_timecode


def learn_timecodes(pipeline: Pipeline, video_ids: Collection[int] | None = None) -> int:
    """Reads the timecode of those of the videos (None: of all) that it was never looked for in, and
    says of how many. Of each a few kilobytes are read. A source that is not in the storage is left
    for another time."""
    with pipeline.transaction() as session:
        unknown = source_videos.without_timecode(session, video_ids)
    learned = 0
    for key, path in unknown:
        try:
            with StoredFile(pipeline.storage, path) as file:
                found = read_timecode(file)  # type: ignore[arg-type]
        except ObjectMissing:
            pipeline.log.warning(f"The source of {key} is not in the storage.")
            continue
        with pipeline.transaction() as session:
            source_videos.learn_timecode(session, key, path, source_timecode(found))
        learned += 1
    return learned
