"""Ingest in the foreground: the same job as Dagster runs, in this process, for one video."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import dagster as dg
from sqlalchemy import Engine

from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.states import DOWNLOAD, SourceState
from heaters_pipeline.orchestration.definitions import defs
from heaters_pipeline.orchestration.jobs import ingest_job
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import open_storage
from heaters_pipeline.work.register import add_source

ProgressCallback = Callable[[str, float], None]
"""Called with the video's state and the done share (0 to 1) of the work in it."""

POLL_SECONDS = 0.5

PRODUCTS = (
    *("source", "gold_master", "frame_checksums", "frame_scores"),
    *("proxy", "proxy_audio", "sprites"),
)

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


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


def ingest_in_foreground(
    engine: Engine,
    instance: dg.DagsterInstance,
    reference: str,
    *,
    title: str | None = None,
    needs_splicing: bool = True,
    on_progress: ProgressCallback | None = None,
) -> IngestReport:
    """Takes the video that `reference` names up to virtual clips. What is wrong with the footage
    is in the report, not raised.

    Dagster's `instance` learns what was made, but of no run: one that dies with this process
    would count as running until somebody ended it.
    """
    with transaction(engine) as session:
        video, _ = add_source(session, reference, title=title, needs_splicing=needs_splicing)
        if video.state not in (SourceState.READY, SourceState.DUPLICATE):
            # Under way from the start, so that no sensor takes it up, too.
            source_videos.begin(session, video.key, DOWNLOAD)
    if video.state == SourceState.DUPLICATE or (
        video.state == SourceState.READY and _is_whole(video)
    ):
        return _report(engine, video.key, changed=False)
    with ExitStack() as stack:
        if on_progress is not None:
            stack.enter_context(_watched(engine, video.key, on_progress))
        own = stack.enter_context(dg.DagsterInstance.ephemeral())
        for each in (own, instance):
            each.add_dynamic_partitions(str(heaters_videos.name), [video.key])
        result = defs.resolve_job_def(ingest_job.name).execute_in_process(
            run_config=QUIET, partition_key=video.key, instance=own, raise_on_error=False
        )
    for event in result.get_asset_materialization_events():
        instance.report_runless_asset_event(event.step_materialization_data.materialization)
    return _report(
        engine,
        video.key,
        changed=True,
        error=None if result.success else _failure(result),
        seconds={
            str(event.step_key): event.step_success_data.duration_ms / 1000
            for event in result.get_step_success_events()
        },
        checks={check.check_name: check.passed for check in result.get_asset_check_evaluations()},
    )


def _is_whole(video: SourceVideo) -> bool:
    settings = get_settings()
    storage = open_storage(
        settings.storage_url, settings.home, endpoint_url=settings.s3_endpoint_url
    )
    return all(storage.exists(path) for path in _paths(video).values())


def _paths(video: SourceVideo) -> dict[str, str]:
    paths = {product: getattr(video, f"{product}_filepath") for product in PRODUCTS}
    return {product: path for product, path in paths.items() if path is not None}


def _report(engine: Engine, key: str, *, error: str | None = None, **fields: Any) -> IngestReport:
    with transaction(engine) as session:
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
        paths=_paths(video),
        error=video.error or error,
        **fields,
    )


def _failure(result: dg.ExecuteInProcessResult) -> str:
    for event in result.get_step_failure_events():
        data = event.step_failure_data
        if data.user_failure_data is not None and data.user_failure_data.description:
            return str(data.user_failure_data.description)
        if data.error is not None:
            return f"{event.step_key}: {data.error.message.strip()}"
    return "The run failed."


@contextmanager
def _watched(engine: Engine, key: str, on_progress: ProgressCallback) -> Iterator[None]:
    """Reports what the row says while the work goes on."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(POLL_SECONDS):
            with transaction(engine) as session:
                video = source_videos.get(session, key)
            on_progress(video.state, video.progress or 0.0)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
