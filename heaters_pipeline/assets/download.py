"""From an address or a file to the source in the storage."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from heaters_pipeline.assets.steps import ProgressWriter, source_step
from heaters_pipeline.db import ledger, source_videos
from heaters_pipeline.db.models import Origin, SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.keys import url_name
from heaters_pipeline.domain.states import DOWNLOAD, SourceState
from heaters_pipeline.intake import add_source
from heaters_pipeline.media.download import (
    DownloadOptions,
    Playlist,
    copy_file,
    download,
    look_up,
)
from heaters_pipeline.media.probe import VideoFacts, probe
from heaters_pipeline.media.transcode import Product, transcode
from heaters_pipeline.partitions import heaters_videos
from heaters_pipeline.platform.digest import file_digest
from heaters_pipeline.platform.scratch import kept_folder, scratch_folder
from heaters_pipeline.resources import Database, ObjectStore
from heaters_pipeline.settings import get_settings, listed
from heaters_pipeline.storage import Storage

GROUP = "ingest"

DOWNLOAD_RETRIES = dg.RetryPolicy(
    max_retries=2,
    delay=10,
    backoff=dg.Backoff.EXPONENTIAL,
    jitter=dg.Jitter.PLUS_MINUS,
)

DIGEST_LENGTH = 10


@dataclass(frozen=True)
class Fetched:
    """A video as a local file, before anything is decided on it."""

    path: Path
    title: str | None = None
    site_id: str | None = None
    quality: dict[str, Any] | None = None


@dataclass(frozen=True)
class Settled:
    """Nothing was fetched, and nothing more is to be done."""

    state: SourceState
    words: str
    facts: dict[str, Any] = field(default_factory=dict)


@dg.asset(
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"ytdlp"},
    pool="download",
    retry_policy=DOWNLOAD_RETRIES,
    output_required=False,
)
def source_download(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> Iterator[dg.MaterializeResult[Any]]:
    """The video as its site or its owner has it, checked to be one that can be decoded. A playlist
    becomes a source video for each of its entries, and a video that is there already is only
    reported: neither has anything for the next steps."""
    key, storage = context.partition_key, store.open()
    with source_step(database, key, DOWNLOAD) as video, ExitStack() as files:
        fetched = _fetch(database, storage, video, context.log.info, files)
        outcome = (
            fetched if isinstance(fetched, Settled) else _keep(database, storage, video, fetched)
        )
        if isinstance(outcome, Settled):
            with database.transaction() as session:
                source_videos.settle(session, key, outcome.state, outcome.facts)
            context.log.info(outcome.words)
        elif outcome is not None:
            yield outcome


def _fetch(
    database: Database,
    storage: Storage,
    video: SourceVideo,
    log: Callable[[str], None],
    files: ExitStack,
) -> Fetched | Settled:
    settings = get_settings()
    path = video.source_filepath
    if video.origin == Origin.UPLOAD and path is not None and storage.exists(path):
        # What was uploaded is what it was, and may be gone from where it came from.
        return Fetched(files.enter_context(storage.fetch(path)))
    kept = files.enter_context(kept_folder(settings.home, video.key, _is_worth_another_try))
    folder = kept / "download"
    folder.mkdir(exist_ok=True)
    if video.origin == Origin.UPLOAD:
        return Fetched(copy_file(Path(video.url), folder).path)
    options = download_options()
    found = look_up(video.url, options)
    if isinstance(found, Playlist):
        return _expand(database, video, found)
    if found.site_id is not None and video.state != SourceState.READY:
        with database.transaction() as session:
            same = source_videos.same_page(session, video.key, found.site_id)
        if same is not None:
            return _duplicate(same, f"{video.url} is the same page as {same.url}")
    write = ProgressWriter(database, video.key, "download", log)
    got = download(found, folder, options, write)
    return Fetched(got.path, got.title, found.site_id, got.quality)


def _keep(
    database: Database, storage: Storage, video: SourceVideo, fetched: Fetched
) -> dg.MaterializeResult[Any] | Settled | None:
    """Puts the file into the storage, unless some other video has its bytes; None where it is what
    was there before."""
    facts = probe(fetched.path)
    size = fetched.path.stat().st_size
    _check_limits(video, size, facts)
    sha256 = file_digest(fetched.path)
    ready = video.state == SourceState.READY
    if ready and video.refetch_requested and video.source_sha256 == sha256:
        with database.transaction() as session:
            source_videos.finish(session, video.key, DOWNLOAD, {"refetch_requested": False})
        return None
    if ready and video.source_sha256 not in (None, sha256):
        _refuse_other_frames(video, fetched.path, facts)
    path = layout.source(video.key, sha256[:DIGEST_LENGTH], fetched.path.suffix.lower())
    if video.origin == Origin.UPLOAD and video.source_filepath is not None:
        path = video.source_filepath  # under which it may lie already
    with database.transaction() as session:
        same = None if ready else source_videos.twin(session, video.key, sha256=sha256)
        if same is None:
            if not (path == video.source_filepath and storage.exists(path)):
                storage.put(fetched.path, path)
            unnamed = video.origin == Origin.WEB and video.title == url_name(video.url)
            source_videos.finish(
                session,
                video.key,
                DOWNLOAD,
                {
                    "source_filepath": path,
                    "source_sha256": sha256,
                    "title": fetched.title if unnamed and fetched.title else video.title,
                    "site_id": fetched.site_id,
                    "download_quality": fetched.quality,
                    "refetch_requested": False,
                    **row_facts(facts),
                },
            )
            ledger.record(session, video.id, {path: size})
    if same is not None:
        if video.source_filepath is not None:
            storage.delete(video.source_filepath)
        return _duplicate(same, f"{video.title} has the same bytes as {same.title}")
    delete_replaced(database, storage, [video.source_filepath], [path, video.gold_master_filepath])
    return dg.MaterializeResult(
        metadata={
            "path": path,
            "bytes": size,
            "picture": f"{facts.width} x {facts.height}, {facts.rate} frames per second",
            "seconds": facts.duration_seconds,
            "quality": fetched.quality or {},
        }
    )


def _expand(database: Database, video: SourceVideo, playlist: Playlist) -> Settled:
    with database.transaction() as session:
        for entry in playlist.entries:
            add_source(
                session,
                entry.url,
                title=entry.title,
                needs_splicing=video.needs_splicing,
                playlist_id=video.id,
            )
    if not playlist.entries:
        raise InputError(f"The playlist {video.url} is empty: check the address.")
    count = len(playlist.entries)
    title = playlist.title if video.title == url_name(video.url) else video.title
    words = f"{video.url} is a playlist of {count} videos; each is a source video of its own."
    return Settled(SourceState.EXPANDED, words, {"title": title})


def _duplicate(same: SourceVideo, words: str) -> Settled:
    facts = {"duplicate_of_id": same.id, "source_filepath": None}
    return Settled(SourceState.DUPLICATE, f"{words} ({same.key}): it is not ingested again.", facts)


def _is_worth_another_try(error: BaseException) -> bool:
    return isinstance(error, HeatersError) and not isinstance(error, InputError)


def download_options() -> DownloadOptions:
    settings = get_settings()
    rate = settings.download_rate_mb
    return DownloadOptions(
        rate_limit=round(rate * 10**6) if rate is not None else None,
        cookies_file=settings.cookies_file,
        proxy=settings.proxy,
        retries=settings.download_retries,
        stall_seconds=settings.stall_seconds,
        max_bytes=round(settings.max_source_gb * 10**9),
        max_seconds=settings.max_source_hours * 3600,
        time_limit_seconds=settings.download_limit_hours * 3600,
        allowed_networks=listed(settings.allowed_networks),
    )


def _check_limits(video: SourceVideo, size: int, facts: VideoFacts) -> None:
    settings = get_settings()
    if size > settings.max_source_gb * 10**9:
        raise InputError(
            f"{video.title} has {size / 10**9:.1f} GB, more than the {settings.max_source_gb:g} "
            "that are allowed: raise HEATERS_MAX_SOURCE_GB to take it."
        )
    if facts.duration_seconds > settings.max_source_hours * 3600:
        raise InputError(
            f"{video.title} lasts {facts.duration_seconds / 3600:.1f} hours, more than the "
            f"{settings.max_source_hours:g} that are allowed: raise HEATERS_MAX_SOURCE_HOURS to "
            "take it."
        )


def _refuse_other_frames(video: SourceVideo, path: Path, facts: VideoFacts) -> None:
    """Another copy of a video that has clips may take the place of the old one only if it has the
    same frames, as far as their number tells."""
    with scratch_folder(get_settings().home) as folder:
        wanted = frozenset({Product.FRAME_SCORES})
        count = transcode(path, facts, folder, wanted).frame_count
    if count != video.frame_count:
        raise InputError(
            f"{video.url} has {count} frames now, but {video.title} and its clips were made from "
            f"{video.frame_count}: they stay as they are; add the new one as a new video."
        )


def delete_replaced(
    database: Database,
    storage: Storage,
    before: Iterable[str | None],
    after: Iterable[str | None],
) -> None:
    """Deletes the objects that `before` names and `after` does not."""
    replaced = {path for path in before if path is not None} - set(after)
    with database.transaction() as session:
        ledger.forget(session, replaced)
    for path in sorted(replaced):
        storage.delete(path)


def row_facts(facts: VideoFacts) -> dict[str, Any]:
    """The columns of a source video that say what its stream is."""
    return {
        "width": facts.width,
        "height": facts.height,
        "rate_num": facts.rate.numerator,
        "rate_den": facts.rate.denominator,
        "rotation": facts.rotation,
        "sample_aspect_num": facts.sample_aspect.numerator,
        "sample_aspect_den": facts.sample_aspect.denominator,
        "duration_seconds": facts.duration_seconds,
        "has_audio": facts.has_audio,
    }
