"""The whole ingest of one video in this process: what the assets do, one step after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlmodel import Session

from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.db.locks import is_at_work
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.states import COMPLETE, DOWNLOAD, SourceState
from heaters_pipeline.media.products.transcode import Product
from heaters_pipeline.work.cancellation import Cancelled
from heaters_pipeline.work.checks import CHECKS
from heaters_pipeline.work.clip_sprites import SpritesMade, sprites_before_review
from heaters_pipeline.work.clips import LaidClips, lay_clips
from heaters_pipeline.work.cuts import FoundCuts, KeptCuts, find_cuts
from heaters_pipeline.work.download import Settled, StoredSource, download_source
from heaters_pipeline.work.faults import may_pass
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.products import IndexedProxy, Products, index_proxy, make_products
from heaters_pipeline.work.register import add_source
from heaters_pipeline.work.splice import Spliced, splice
from heaters_pipeline.work.step import sentence_of

StepResult = (
    StoredSource
    | Settled
    | Products
    | IndexedProxy
    | FoundCuts
    | KeptCuts
    | LaidClips
    | Spliced
    | SpritesMade
)

ProgressCallback = Callable[[str, float], None]
"""Called with the video's state and the done share (0 to 1) of the work in it."""

StepCallback = Callable[[str, StepResult], None]
"""Called with the video's key and what a step has made."""

DOWNLOAD_RETRIES = 2
DOWNLOAD_RETRY_SECONDS = 10.0
"""Before the first retry; twice as long before the second."""

POLL_SECONDS = 0.5


def _download(pipeline: Pipeline, key: str) -> StoredSource | Settled:
    """Tries a few times here and now: whoever waits in the foreground would not hear of a later
    run."""
    for retry in range(DOWNLOAD_RETRIES):
        try:
            return download_source(pipeline, key, is_awaited=True)
        except Exception as error:
            if not may_pass(error):
                raise
            pipeline.log.warning(sentence_of(error))
        time.sleep(DOWNLOAD_RETRY_SECONDS * 2**retry)
    return download_source(pipeline, key, is_awaited=True)


def _make_all_products(pipeline: Pipeline, key: str) -> Products:
    return make_products(pipeline, key, frozenset(Product))


STEPS: Mapping[str, Callable[[Pipeline, str], StepResult | None]] = {
    "source_download": _download,
    "transcode": _make_all_products,
    "keyframe_offsets": index_proxy,
    "scene_cut_points": find_cuts,
    "virtual_clips": lay_clips,
    "spliced_clips": splice,
    "clip_sprites": sprites_before_review,
}
"""In their order, by the names that they have in Dagster. None comes of a step that the clips of
virtual videos don't take."""


FROM_CUTS_ON = ("virtual_clips", "spliced_clips", "clip_sprites")
"""What a video is taken through again that broke off when all its products were there."""


@dataclass(frozen=True)
class IngestReport:
    key: str
    state: str
    changed: bool
    """False if the video was there already, whole."""
    same_as: str | None
    """The key of the video that was there before with the same bytes or page, if it is one."""
    playlist: list[str]
    """Keys of the videos that were added, if it is a playlist."""
    frame_count: int | None
    clip_count: int
    paths: dict[str, str]
    """Storage keys by product."""
    error: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time by step."""
    checks: dict[str, bool] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def ingest(
    pipeline: Pipeline,
    reference: str,
    *,
    title: str | None = None,
    needs_splicing: bool = True,
    clip_pipeline: ClipPipeline = ClipPipeline.VIRTUAL,
    on_progress: ProgressCallback | None = None,
    on_step: StepCallback | None = None,
) -> IngestReport:
    """Takes the video that `reference` names up to clips that wait for review. What is wrong with
    the footage is in the report, not raised."""
    with pipeline.transaction() as session:
        video, _ = add_source(
            session,
            reference,
            title=title,
            needs_splicing=needs_splicing,
            pipeline=clip_pipeline,
        )
        take_up(session, video)
    return ingest_known(pipeline, video.key, on_progress=on_progress, on_step=on_step)


def take_up(session: Session, video: SourceVideo) -> None:
    """Has the video under way from the start, so that no sensor takes it up, too."""
    settled = video.state in (*COMPLETE, SourceState.DUPLICATE)
    if not settled and not is_at_work(session, video.key):
        source_videos.begin(session, video.key, DOWNLOAD)


def ingest_known(
    pipeline: Pipeline,
    key: str,
    *,
    on_progress: ProgressCallback | None = None,
    on_step: StepCallback | None = None,
) -> IngestReport:
    """The same of a video that has a row."""
    with pipeline.transaction() as session:
        video = source_videos.get(session, key)
        take_up(session, video)
    is_whole = video.state in COMPLETE and _is_whole(pipeline, video)
    if video.state == SourceState.DUPLICATE or (is_whole and video.error is None):
        return _report(pipeline, video.key, changed=False)
    names = FROM_CUTS_ON if is_whole else tuple(STEPS)
    seconds: dict[str, float] = {}
    checks: dict[str, bool] = {}
    error = None
    with _watched(pipeline, video.key, on_progress) if on_progress else nullcontext():
        try:
            if _take_steps(pipeline, video.key, names, on_step, seconds):
                for name, check in CHECKS.items():
                    with _timed(seconds, name):
                        checks[name] = check(pipeline, video.key).passed
        except (Exception, Cancelled) as failure:
            error = sentence_of(failure)
    return _report(pipeline, video.key, changed=True, error=error, seconds=seconds, checks=checks)


def _take_steps(
    pipeline: Pipeline,
    key: str,
    names: Iterable[str],
    on_step: StepCallback | None,
    seconds: dict[str, float],
) -> bool:
    """Whether all these steps were taken: a download can settle the matter."""
    for name in names:
        with _timed(seconds, name):
            result = STEPS[name](pipeline, key)
        if on_step is not None and result is not None:
            on_step(key, result)
        if isinstance(result, Settled):
            pipeline.log.info(result.sentence)
            return False
    return True


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds[name] = time.monotonic() - began


def _is_whole(pipeline: Pipeline, video: SourceVideo) -> bool:
    return all(pipeline.storage.exists(path) for path in source_videos.paths(video).values())


def _report(
    pipeline: Pipeline, key: str, *, error: str | None = None, **fields: Any
) -> IngestReport:
    with pipeline.transaction() as session:
        video = source_videos.get(session, key)
        live = clips.of_video(session, video.id)
        original = source_videos.original(session, video)
        entries = source_videos.of_playlist(session, video.id)
    return IngestReport(
        key=key,
        state=video.state,
        same_as=original.key if original else None,
        playlist=[entry.key for entry in entries],
        frame_count=video.frame_count,
        clip_count=len(live),
        paths={
            column.removesuffix("_filepath"): path
            for column, path in source_videos.paths(video).items()
        },
        error=video.error or error,
        **fields,
    )


@contextmanager
def _watched(pipeline: Pipeline, key: str, on_progress: ProgressCallback) -> Iterator[None]:
    """Reports what the row says while the work goes on."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(POLL_SECONDS):
            with pipeline.transaction() as session:
                video = source_videos.get(session, key)
            on_progress(video.state, video.progress or 0.0)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
