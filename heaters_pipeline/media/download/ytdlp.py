"""yt-dlp as Heaters uses it: its parameters, and its one way to the network."""

from __future__ import annotations

import io
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import av.error

from heaters_pipeline.domain.errors import HeatersError, InputError, Unavailable
from heaters_pipeline.domain.outages import wish
from heaters_pipeline.domain.redaction import without_login
from heaters_pipeline.media.download.failures import as_sentence
from heaters_pipeline.media.download.javascript import javascript_runtime
from heaters_pipeline.media.download.network_guard import NetworkGuard, network_guard
from heaters_pipeline.media.download.options import DownloadOptions
from heaters_pipeline.media.ffmpeg.demuxers import FORMATS
from heaters_pipeline.media.ffmpeg.probe import open_video
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary

LONGEST_PAUSE = 10.0
"""Seconds between two retries; the first pauses are much shorter."""

Info = Mapping[str, Any]
"""yt-dlp's facts on a video or a list ("info dict")."""


@contextmanager
def guarded_site(url: str, options: DownloadOptions) -> Iterator[NetworkGuard]:
    """A guarded network, open until the time limit. Every error leaves it as one sentence; a
    refusal of the guard goes before the errors that it caused."""
    with network_guard(url, options.allowed_networks, _proxies(options)) as guard:
        clock = _clock(url, options.time_limit_seconds, guard)
        try:
            yield guard
        except Exception as error:
            told = guard.failure or error
            if not isinstance(told, HeatersError):
                told = as_sentence(url, error, options)
            if isinstance(told, Unavailable):
                told.wish = guard.wish
            if without_login(url) != url:
                # yt-dlp's errors name the address as it stands.
                raise told from None
            raise told from (error.__cause__ if told is error else error)
        else:
            # yt-dlp may have ignored a refusal.
            guard.check()
        finally:
            if clock:
                clock.cancel()


def _proxies(options: DownloadOptions) -> list[str]:
    """The proxies that yt-dlp will use."""
    if options.proxy:
        return [options.proxy]
    return [proxy for kind, proxy in urllib.request.getproxies().items() if kind != "no"]


def _clock(url: str, limit: float | None, guard: NetworkGuard) -> threading.Timer | None:
    if limit is None:
        return None
    late = InputError(
        f"{url} was not fetched within {limit / 3600:g} hours: raise "
        "HEATERS_DOWNLOAD_LIMIT_HOURS if it may take longer."
    )
    clock = threading.Timer(limit, guard.cut, [late])
    clock.daemon = True
    clock.start()
    return clock


def downloader(options: DownloadOptions, guard: NetworkGuard, **parameters: Any) -> Any:
    """A YoutubeDL with `options` and yt-dlp's own `parameters`.

    It reaches the network through Python's sockets only, where the guard sees it (no curl_cffi, no
    websockets, no FTP), and loads no plugins and no configuration of this machine.
    """
    from yt_dlp import YoutubeDL
    from yt_dlp.globals import all_plugins_loaded
    from yt_dlp.networking.exceptions import HTTPError

    all_plugins_loaded.value = True
    _bind_ffmpeg()

    class Downloader(YoutubeDL):  # type: ignore[misc]
        def build_request_director(self, handlers: Any, preferences: Any = None) -> Any:
            only = [each for each in handlers if each.RH_KEY == "Requests"]
            return super().build_request_director(only, preferences)

        def urlopen(self, request: Any) -> Any:
            guard.wish = None
            try:
                return super().urlopen(request)
            except HTTPError as error:
                headers = error.response.headers
                guard.wish = wish(headers.get("Retry-After"), headers.get("Date"))
                raise

    return Downloader(_common(options, guard) | parameters)


def _common(options: DownloadOptions, guard: NetworkGuard) -> dict[str, Any]:
    def pause(n: int) -> float:
        guard.check()
        return float(min(LONGEST_PAUSE, 0.25 * 2**n))

    return {
        "js_runtimes": _javascript_runtimes(),
        "cookiefile": _cookies(options.cookies_file),
        "proxy": options.proxy,
        "socket_timeout": options.stall_seconds,
        "retries": options.retries,
        "fragment_retries": options.retries,
        "extractor_retries": options.retries,
        "retry_sleep_functions": {"http": pause, "fragment": pause},
        "ratelimit": options.rate_limit,
        "noplaylist": True,
        "cachedir": False,
        # ffmpeg would reach the network on its own.
        "hls_prefer_native": True,
        "ffmpeg_location": ffmpeg_binary(),
        "logger": _Silence(),
        "noprogress": True,
        "color": "never",
    }


@cache
def _bind_ffmpeg() -> None:
    """What was fetched may be a list that names files of this machine. So all of yt-dlp's
    post-processors get the input options that keep ffmpeg from opening these; yt-dlp's own setting
    takes them for one post-processor each, and none for its look at a file's audio codec."""
    from yt_dlp.postprocessor.ffmpeg import FFmpegPostProcessor

    run = FFmpegPostProcessor.real_run_ffmpeg

    def run_bound(self: Any, inputs: Any, outputs: Any, **options: Any) -> Any:
        only = ["-format_whitelist", FORMATS, "-protocol_whitelist", "file"]
        # A Matroska file has a random number in it otherwise.
        exact = [(path, [*given, "-bitexact"]) for path, given in outputs]
        return run(self, [(path, [*given, *only]) for path, given in inputs], exact, **options)

    FFmpegPostProcessor.real_run_ffmpeg = run_bound
    FFmpegPostProcessor.get_audio_codec = lambda _, path: _audio_codec(Path(path))


def _audio_codec(path: Path) -> str | None:
    with suppress(av.error.FFmpegError), open_video(path) as container:
        for audio in container.streams.audio:
            return audio.codec_context.name if audio.codec_context else None
    return None


@cache
def _javascript_runtimes() -> dict[str, dict[str, str]]:
    runtime = javascript_runtime()
    return {runtime.name: {}} if runtime and runtime.supported else {}


def _cookies(path: Path | None) -> io.StringIO | None:
    """In memory: yt-dlp would write to a file that it gets by name, and ignore a missing one."""
    if path is None:
        return None
    try:
        return io.StringIO(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(
            f"The cookies file {path} can't be read ({why}): check HEATERS_COOKIES_FILE."
        ) from None


class _Silence:
    """yt-dlp's failures arrive as exceptions; its other messages are not for operators."""

    def debug(self, message: str) -> None: ...
    def info(self, message: str) -> None: ...
    def warning(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...
