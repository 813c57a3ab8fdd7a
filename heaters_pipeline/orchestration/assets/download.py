"""From an address or a file to the source in the storage."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.tags import RUN_KEY_TAG
from sqlmodel import Session

from heaters_pipeline.db import ledger, source_videos
from heaters_pipeline.db.models import Origin, SourceFacts, SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.keys import url_name
from heaters_pipeline.domain.states import DOWNLOAD, SourceState
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.files.scratch import kept_folder, scratch_folder
from heaters_pipeline.media.download.fetch import (
    DownloadOptions,
    Playlist,
    copy_file,
    download,
    look_up,
)
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, probe
from heaters_pipeline.media.products.same_frames import show_the_same
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.media.products.transcode import Product, transcode
from heaters_pipeline.orchestration.assets.steps import (
    ProgressWriter,
    is_worth_another_try,
    source_step,
)
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore
from heaters_pipeline.settings import get_settings, listed
from heaters_pipeline.storage import Storage
from heaters_pipeline.work.register import add_address

GROUP = "ingest"

DOWNLOAD_RETRIES = dg.RetryPolicy(
    max_retries=2,
    delay=10,
    backoff=dg.Backoff.EXPONENTIAL,
    jitter=dg.Jitter.PLUS_MINUS,
)

DEEPEST_LIST = 3
"""A channel has lists, and those have videos; a site that lists itself would never end."""


@dataclass(frozen=True)
class Fetched:
    """A video as a local file, before anything is decided on it."""

    path: Path
    title: str | None = None
    facts: SourceFacts = field(default_factory=SourceFacts)
    """What its site told: columns of the row."""


@dataclass(frozen=True)
class Settled:
    """Nothing was kept, and nothing more is to be done."""

    words: str


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
    if _is_void(context, database):
        context.log.info("Somebody cancelled this attempt, or asked for another one since.")
        return
    with source_step(database, key, DOWNLOAD) as video, ExitStack() as files:
        fetched = _fetch(database, storage, video, context.log.info, files)
        outcome = (
            fetched if isinstance(fetched, Settled) else _keep(database, storage, video, fetched)
        )
    if isinstance(outcome, Settled):
        context.log.info(outcome.words)
        with database.transaction() as session:
            now = source_videos.get(session, key)
        after = [now.source_filepath, now.gold_master_filepath]
        delete_replaced(database, storage, [video.source_filepath], after)
    else:
        yield outcome


def _is_void(context: dg.AssetExecutionContext, database: Database) -> bool:
    """Whether the row is at a later attempt than the one that the run was asked for."""
    asked = context.run.tags.get(RUN_KEY_TAG, "").rpartition(":")[2]
    if not asked:
        return False
    with database.transaction() as session:
        return source_videos.get(session, context.partition_key).attempt > int(asked)


def _fetch(
    database: Database,
    storage: Storage,
    video: SourceVideo,
    log: Callable[[str], None],
    files: ExitStack,
) -> Fetched | Settled:
    """The video as a local file for as long as `files` is open."""
    settings = get_settings()
    path = video.source_filepath
    if path is not None and not video.refetch_requested and storage.exists(path):
        return Fetched(files.enter_context(storage.fetch(path)))
    kept = files.enter_context(kept_folder(settings.home, video.key, is_worth_another_try))
    folder = kept / "download"
    folder.mkdir(exist_ok=True)
    if video.origin == Origin.UPLOAD:
        if not Path(video.url).is_absolute():
            raise InputError(f"{video.title} is gone from the storage: upload it again.")
        return Fetched(copy_file(Path(video.url), folder).path)
    options = download_options()
    found = look_up(video.url, options)
    if isinstance(found, Playlist):
        return _expand(database, video, found)
    if found.site_id is not None and video.state != SourceState.READY:
        with database.transaction() as session:
            same = source_videos.same_page(session, video.key, found.site_id)
            if same is not None:
                return _duplicate(session, video, same, f"{video.url} is the same page")
    write = ProgressWriter(database, video.key, "download", log)
    got = download(found, folder, options, write)
    facts: SourceFacts = {"site_id": found.site_id, "download_quality": got.quality}
    return Fetched(got.path, got.title, facts)


def _keep(
    database: Database, storage: Storage, video: SourceVideo, fetched: Fetched
) -> dg.MaterializeResult[Any] | Settled:
    """Puts the file into the storage, unless some other video has its bytes, or this one has had
    them and all that is made of them before."""
    facts = probe(fetched.path)
    size = fetched.path.stat().st_size
    _check_limits(video, size, facts)
    sha256 = file_digest(fetched.path)
    ready = video.state == SourceState.READY
    if ready and sha256 not in (video.source_sha256, video.products_sha256):
        _refuse_other_frames(storage, video, fetched.path, facts)
    with database.transaction() as session:
        same = None if ready else source_videos.same_bytes(session, video.key, sha256)
    path = video.source_filepath
    if path is None or video.source_sha256 not in (None, sha256):
        path = layout.source(video.key, layout.name_of(sha256), fetched.path.suffix.lower())
    if same is None and not (path == video.source_filepath and storage.exists(path)):
        storage.put(fetched.path, path)
    with database.transaction() as session:
        same = None if ready else source_videos.same_bytes(session, video.key, sha256)
        if same is None:
            unnamed = video.origin == Origin.WEB and video.title == url_name(video.url)
            columns: SourceFacts = {
                "source_filepath": path,
                "source_sha256": sha256,
                "title": fetched.title if unnamed and fetched.title else video.title,
                "refetch_requested": False,
                **fetched.facts,
                # What is exported of a ready video comes from the products of the old source until
                # there are new ones; the transcode writes its facts with those.
                **({} if ready else row_facts(facts)),
            }
            source_videos.finish(session, video.key, DOWNLOAD, columns)
            ledger.record(session, video.id, {path: size})
        else:
            settled = _duplicate(session, video, same, f"{video.title} has the same bytes")
    if same is not None:
        if path != video.source_filepath:
            storage.delete(path)
        return settled
    delete_replaced(database, storage, [video.source_filepath], [path, video.gold_master_filepath])
    if video.refetch_requested and video.products_sha256 == sha256:
        return Settled(f"{video.url} still has the same bytes: there is nothing to be done.")
    return dg.MaterializeResult(
        metadata={
            "path": path,
            "bytes": size,
            "picture": f"{facts.width} x {facts.height}, {facts.rate} frames per second",
            "seconds": facts.duration_seconds,
            "quality": fetched.facts.get("download_quality") or {},
        }
    )


def _expand(database: Database, video: SourceVideo, playlist: Playlist) -> Settled:
    title = playlist.title if video.title == url_name(video.url) else video.title
    with database.transaction() as session:
        if source_videos.list_depth(session, video) >= DEEPEST_LIST:
            raise InputError(
                f"{video.url} is a list in a list in a list: add the one that you want by itself."
            )
        for entry in playlist.entries:
            add_address(
                session,
                entry.url,
                title=entry.title,
                needs_splicing=video.needs_splicing,
                playlist_id=video.id,
            )
        source_videos.settle(session, video.key, SourceState.EXPANDED, {"title": title})
    count = len(playlist.entries)
    words = f"{video.url} is a list of {count}; each is a source video of its own."
    if playlist.skipped:
        words += f" {playlist.skipped} are left out: no addresses of the web, or too many."
    return Settled(words)


def _duplicate(session: Session, video: SourceVideo, same: SourceVideo, words: str) -> Settled:
    facts: SourceFacts = {"duplicate_of_id": same.id, "source_filepath": None}
    source_videos.settle(session, video.key, SourceState.DUPLICATE, facts)
    return Settled(f"{words} as {same.title} ({same.key}): it is not ingested again.")


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


def _refuse_other_frames(
    storage: Storage, video: SourceVideo, path: Path, facts: VideoFacts
) -> None:
    """Another copy of a video that has clips may take the place of the old one only if it shows the
    same frames."""
    with scratch_folder(get_settings().home) as folder:
        made = transcode(path, facts, folder, frozenset({Product.FRAME_SCORES}))
        if made.frame_count != video.frame_count:
            raise InputError(
                f"{video.url} has {made.frame_count} frames now, but {video.title} and its clips "
                f"were made from {video.frame_count}: they stay as they are; add the new one as a "
                "new video."
            )
        if made.frame_scores is None or video.frame_scores_filepath is None:
            return
        with storage.fetch(video.frame_scores_filepath) as before:
            same = show_the_same(open_thumbnails(before), open_thumbnails(made.frame_scores))
    if not same:
        raise InputError(
            f"{video.url} shows other pictures now than {video.title} and its clips: they stay as "
            "they are; add the new one as a new video."
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
    storage.delete(*sorted(replaced))


def row_facts(facts: VideoFacts) -> SourceFacts:
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
