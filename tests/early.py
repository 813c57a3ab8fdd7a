"""An ingest that stands still in the middle of its transcode, so that tests can look at what is
there by then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.media.ffmpeg.process import input_file
from heaters_pipeline.media.products import transcode as transcoding
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work import early_review
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.pipeline import open_pipeline
from tests.children import begin
from tests.footage import make_numbered_film

SEGMENT_SECONDS = 10
FIRST_SECONDS = 45
"""Of the film, which are read at once."""
FRAMES = 1800
SCENES = (200, 253, 600, 905, 1100, 1400)
"""The second clip goes across the end of the first segment, the third across that of the second."""
SURE = 600
"""The last cut that those seconds settle: it has ten more after it in four whole segments."""


def long_film(folder: Path) -> Path:
    """Long enough for a film of several segments."""
    return make_numbered_film(folder / "film.mp4", FRAMES, (160, 90), scenes=SCENES)


def segments_of_seconds(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("HEATERS_REVIEW_SEGMENT_MINUTES", str(SEGMENT_SECONDS / 60))
    patch.setenv("HEATERS_DETECTOR", "transition")
    get_settings.cache_clear()


def slow_down(patch: pytest.MonkeyPatch) -> None:
    """Has ffmpeg read the beginning of a film at once, and the rest so slowly that the next segment
    takes minutes."""

    def slow(path: Path, **options: Any) -> Any:
        pace = {"readrate": 0.02, "readrate_initial_burst": FIRST_SECONDS}
        return input_file(path, **pace, **options)

    patch.setattr(transcoding, "input_file", slow)
    patch.setattr(early_review, "LOOK_SECONDS", 0.1)


def _ingest(reference: str) -> None:
    """The body of a process that will be killed."""
    with pytest.MonkeyPatch.context() as patch:
        slow_down(patch)
        engine = open_engine(str(get_settings().database_url))
        ingest(open_pipeline(engine, get_settings()), reference)


@contextmanager
def ingest_under_way(film: Path) -> Iterator[BaseProcess]:
    """A process that ingests the film slowly; it is killed on leaving."""
    process = begin(_ingest, str(film))
    try:
        yield process
    finally:
        process.kill()
        process.join()


def when(engine: Engine, is_so: Callable[[SourceVideo], bool]) -> SourceVideo:
    """The newest video, once something is true of it."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with transaction(engine) as session:
            for video in source_videos.newest_first(session, 1):
                if is_so(video):
                    return video
        time.sleep(0.05)
    raise AssertionError("never true of the video")


def when_settled(engine: Engine) -> tuple[SourceVideo, Sequence[Clip]]:
    """The newest video and its clips, once all are there that its first seconds settle."""

    def reaches(video: SourceVideo) -> bool:
        with transaction(engine) as session:
            live = clips.of_video(session, video.id)
        return bool(live) and live[-1].end_frame >= SURE

    key = when(engine, reaches).key
    with transaction(engine) as session:
        video = source_videos.get(session, key)
        return video, clips.of_video(session, video.id)
