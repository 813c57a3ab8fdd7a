"""From an address or a file to the source in the storage."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session

from heaters_pipeline.db import deletions, imported, source_videos
from heaters_pipeline.db.models import Origin, PendingSource, SourceFacts, SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.keys import url_name
from heaters_pipeline.domain.outages import site_of
from heaters_pipeline.domain.quality import DownloadQuality
from heaters_pipeline.domain.states import COMPLETE, DOWNLOAD, SourceState
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.files.scratch import kept_folder
from heaters_pipeline.media.download.fetch import copy_file, download
from heaters_pipeline.media.download.look_up import look_up
from heaters_pipeline.media.download.options import DownloadOptions
from heaters_pipeline.media.download.playlists import Playlist
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, probe
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import ObjectMissing
from heaters_pipeline.work.objects import LocalFile, delete_due, enter
from heaters_pipeline.work.outages import site_circuit
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.progress import ProgressWriter
from heaters_pipeline.work.register import add_address
from heaters_pipeline.work.room import lack_of_room
from heaters_pipeline.work.step import can_resume, source_step
from heaters_pipeline.work.stream_facts import stream_facts
from heaters_pipeline.work.watched_bucket import opened

DEEPEST_LIST = 3
"""A channel has lists, and those have videos; a site that lists itself would never end."""


@dataclass(frozen=True)
class StoredSource:
    """A source in the storage, ready for the transcode."""

    path: str
    size: int
    """Bytes."""
    facts: VideoFacts
    quality: DownloadQuality | None
    """What the site had against what was downloaded (`domain.quality`); None for files."""


@dataclass(frozen=True)
class Settled:
    """The download ended, and the next steps have nothing to do."""

    sentence: str


@dataclass(frozen=True)
class _Fetched:
    """A video as a local file, before anything is decided on it."""

    path: Path
    title: str | None = None
    columns: SourceFacts = field(default_factory=SourceFacts)
    """What its site told."""


def download_source(
    pipeline: Pipeline, key: str, attempt: int | None = None, *, is_awaited: bool = False
) -> StoredSource | Settled:
    """Fetches the video, checks that it can be decoded, and puts it into the storage.

    A playlist becomes a source video for each of its entries. A video that is there already is
    only reported. `attempt` is the one that the work was asked for; a row that has moved on to
    another attempt is left alone. Where a person waits for it (`is_awaited`), its site is asked in
    an outage, too.
    """
    if attempt is not None:
        with pipeline.transaction() as session:
            if source_videos.get(session, key).attempt > attempt:
                return Settled("Somebody cancelled this attempt, or asked for another one since.")
    with source_step(pipeline, key, DOWNLOAD) as video, ExitStack() as files:
        fetched = _fetch(pipeline, video, files, is_awaited)
        outcome = fetched if isinstance(fetched, Settled) else _keep(pipeline, video, fetched)
    delete_due(pipeline)
    return outcome


def download_options(settings: Settings) -> DownloadOptions:
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
        allowed_networks=settings.allowed_networks,
        film_limits=settings.film_limits,
    )


def _fetch(
    pipeline: Pipeline, video: SourceVideo, files: ExitStack, is_awaited: bool
) -> _Fetched | Settled:
    """The video as a local file for as long as `files` is open."""
    if lack := lack_of_room(pipeline.storage, pipeline.settings):
        raise HeatersError(lack)
    pending = video.pending_source
    path = pending["path"] if pending else video.source_filepath
    if path is not None and not video.refetch_requested and pipeline.storage.exists(path):
        return _Fetched(files.enter_context(pipeline.storage.fetch(path)))
    kept = files.enter_context(kept_folder(pipeline.settings.home, video.key, can_resume))
    folder = kept / "download"
    folder.mkdir(exist_ok=True)
    options = download_options(pipeline.settings)
    if video.origin == Origin.UPLOAD:
        if video.url.startswith("s3://"):
            return _Fetched(_of_bucket(pipeline, video.url, files))
        if not Path(video.url).is_absolute():
            raise InputError(f"{video.title} is gone from the storage: upload it again.")
        if pipeline.settings.is_spread and not Path(video.url).exists():
            raise InputError(
                f"{video.url} is not on {socket.gethostname()}, where this run is: upload it, or "
                "`heaters add` it on the machine that has it, which sends it."
            )
        return _Fetched(copy_file(Path(video.url), folder, options.max_bytes))
    with site_circuit(pipeline, site_of(video.url), is_awaited) as answered:
        return _from_web(pipeline, video, folder, options, answered)


def _from_web(
    pipeline: Pipeline,
    video: SourceVideo,
    folder: Path,
    options: DownloadOptions,
    answered: Callable[[], None],
) -> _Fetched | Settled:
    """`answered` is called with each piece of media that the site sends."""
    found = look_up(video.url, options)
    if isinstance(found, Playlist):
        return _expand(pipeline, video, found)
    if found.site_id is not None and video.state not in COMPLETE:
        with pipeline.transaction() as session:
            same = source_videos.same_page(session, video.key, found.site_id)
            if same is not None:
                return _duplicate(session, video, same, f"{video.address} is the same page")
    progress = ProgressWriter(pipeline, video.key, "download")

    def on_progress(done: int, whole: int | None) -> None:
        answered()
        progress(done, whole)

    got = download(found, folder, options, on_progress)
    columns: SourceFacts = {"site_id": found.site_id, "download_quality": got.quality}
    return _Fetched(got.path, got.title, columns)


def _of_bucket(pipeline: Pipeline, url: str, files: ExitStack) -> Path:
    """A film in somebody's bucket."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    try:
        return files.enter_context(opened(pipeline, f"s3://{bucket}").fetch(key))
    except ObjectMissing:
        raise InputError(f"{url} is gone: put it there again.") from None


def _keep(pipeline: Pipeline, video: SourceVideo, fetched: _Fetched) -> StoredSource | Settled:
    """Puts the file into the storage, unless another video has its bytes, or this one has them and
    all that is made of them."""
    facts = probe(fetched.path, pipeline.settings.film_limits)
    size = fetched.path.stat().st_size
    _refuse_beyond_limits(pipeline.settings, video, size, facts)
    sha256 = file_digest(fetched.path)
    if video.state in COMPLETE:
        return _keep_beside(pipeline, video, fetched, facts, sha256)
    with pipeline.transaction() as session:
        same = _same_bytes(session, video, sha256)
    path = video.source_filepath
    if path is None or video.source_sha256 not in (None, sha256):
        path = _path_of(video, fetched, sha256)
    if same is None:
        _store(pipeline, video, path, LocalFile(fetched.path, sha256))
    with pipeline.transaction() as session:
        same = _same_bytes(session, video, sha256)
        if same is None:
            unnamed = video.origin == Origin.WEB and video.title == url_name(video.url)
            columns: SourceFacts = {
                "source_filepath": path,
                "source_sha256": sha256,
                "title": fetched.title if unnamed and fetched.title else video.title,
                "refetch_requested": False,
                **fetched.columns,
                **stream_facts(facts),
            }
            source_videos.finish(session, video.key, DOWNLOAD, columns)
        else:
            settled = _duplicate(session, video, same, f"{video.title} has the same bytes")
            named = source_videos.objects(source_videos.get(session, video.key))
            deletions.enter(session, {path} - named, "another video has the same bytes")
    if same is not None:
        return settled
    return StoredSource(
        path, size, facts, fetched.columns.get("download_quality", video.download_quality)
    )


def _same_bytes(session: Session, video: SourceVideo, sha256: str) -> SourceVideo | None:
    """The video that this one is a duplicate of. Two clips of an older system are two, whatever
    their bytes: each has its own decisions."""
    if imported.is_clip_file(session, video.key):
        return None
    return source_videos.same_bytes(session, video.key, sha256)


def _keep_beside(
    pipeline: Pipeline, video: SourceVideo, fetched: _Fetched, facts: VideoFacts, sha256: str
) -> StoredSource | Settled:
    """Another copy of a ready video. Other bytes lie beside the present source until the transcode
    has compared them and made their products: the row then switches to both at once."""
    size = fetched.path.stat().st_size
    is_same = sha256 == video.source_sha256
    path = str(video.source_filepath) if is_same else _path_of(video, fetched, sha256)
    _store(pipeline, video, path, LocalFile(fetched.path, sha256))
    before = video.pending_source
    known = before["quality"] if before and before["sha256"] == sha256 else video.download_quality
    quality = fetched.columns.get("download_quality", known)
    columns: SourceFacts = {"refetch_requested": False}
    if is_same:
        columns |= {"pending_source": None, **fetched.columns}
    else:
        columns["pending_source"] = PendingSource(path=path, sha256=sha256, quality=quality)
    with pipeline.transaction() as session:
        source_videos.finish(session, video.key, DOWNLOAD, columns)
    if video.refetch_requested and video.products_sha256 == sha256:
        return Settled(f"{video.address} still has the same bytes: there is nothing to be done.")
    return StoredSource(path, size, facts, quality)


def _store(pipeline: Pipeline, video: SourceVideo, path: str, file: LocalFile) -> None:
    """Puts the file into the storage, unless it is there already, as an upload is."""
    enter(pipeline, video.id, {path: file})
    if not pipeline.storage.exists(path):  # asked after it can't be deleted any more
        pipeline.storage.put(file.path, path)


def _path_of(video: SourceVideo, fetched: _Fetched, sha256: str) -> str:
    return layout.source(video.key, layout.name_of(sha256), fetched.path.suffix.lower())


def _expand(pipeline: Pipeline, video: SourceVideo, playlist: Playlist) -> Settled:
    title = playlist.title if video.title == url_name(video.url) else video.title
    with pipeline.transaction() as session:
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
                pipeline=ClipPipeline(video.pipeline),
                playlist_id=video.id,
            )
        source_videos.settle(session, video.key, SourceState.EXPANDED, {"title": title})
    count = len(playlist.entries)
    sentence = f"{video.address} is a list of {count}; each is a source video of its own."
    if playlist.skipped:
        sentence += f" {playlist.skipped} are left out: no addresses of the web, or too many."
    return Settled(sentence)


def _duplicate(session: Session, video: SourceVideo, same: SourceVideo, reason: str) -> Settled:
    columns: SourceFacts = {"duplicate_of_id": same.id, "source_filepath": None}
    source_videos.settle(session, video.key, SourceState.DUPLICATE, columns)
    return Settled(f"{reason} as {same.title} ({same.key}): it is not ingested again.")


def _refuse_beyond_limits(
    settings: Settings, video: SourceVideo, size: int, facts: VideoFacts
) -> None:
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
