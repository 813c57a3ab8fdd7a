"""yt-dlp as Heaters uses it: its options, its one way to the network, its errors as sentences."""

from __future__ import annotations

import io
import re
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.keys import plain_text
from heaters_pipeline.media.download.javascript import javascript_runtime
from heaters_pipeline.media.download.network_guard import Network, NetworkGuard, network_guard
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary

SMUGGLED = "#__youtubedl_smuggle"
"""Behind this, extractors pass one another options within an address."""

LONGEST_PAUSE = 10.0
"""Seconds between two tries; the first pauses are much shorter."""

Info = Mapping[str, Any]
"""yt-dlp's facts on a video or a list ("info dict")."""


@dataclass(frozen=True)
class DownloadOptions:
    rate_limit: int | None = None
    """Bytes per second."""
    cookies_file: Path | None = None
    """In Netscape's format; read, never written."""
    proxy: str | None = None
    """URL of a proxy (http, https, socks4, socks5); None: what the environment names, if it
    does. A proxy decides itself which addresses it connects to."""
    retries: int = 3
    """Of each request, after a short pause that doubles."""
    stall_seconds: float = 120.0
    """A server that sends nothing for so long has stalled."""
    max_bytes: int | None = None
    max_seconds: float | None = None
    """Length of the video."""
    time_limit_seconds: float | None = None
    """Of looking up, and of downloading, one video."""
    allowed_networks: tuple[Network, ...] = ()
    """Private ones that downloads may reach."""


@contextmanager
def guarded_site(url: str, options: DownloadOptions) -> Iterator[NetworkGuard]:
    """A guarded network, for as long as the time limit lets it; every error comes out of it as one
    sentence, the guard's before those that it caused."""
    with network_guard(url, options.allowed_networks, _proxies(options)) as guard:
        clock = _clock(url, options.time_limit_seconds, guard)
        try:
            yield guard
        except HeatersError:
            guard.check()
            raise
        except Exception as error:
            guard.check()
            raise as_sentence(url, error, options) from error
        else:
            # A refusal may have been passed over.
            guard.check()
        finally:
            if clock:
                clock.cancel()


def _proxies(options: DownloadOptions) -> list[str]:
    """Those that yt-dlp will use."""
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
    websockets, no FTP), and loads neither plugins nor configuration that lie on this machine.
    """
    from yt_dlp import YoutubeDL
    from yt_dlp.globals import all_plugins_loaded

    all_plugins_loaded.value = True

    class Downloader(YoutubeDL):  # type: ignore[misc]
        def build_request_director(self, handlers: Any, preferences: Any = None) -> Any:
            only = [each for each in handlers if each.RH_KEY == "Requests"]
            return super().build_request_director(only, preferences)

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
        # ffmpeg would reach the network by itself.
        "hls_prefer_native": True,
        "ffmpeg_location": ffmpeg_binary(),
        "postprocessor_args": {
            "ffmpeg_i": ["-protocol_whitelist", "file,pipe"],
            # A Matroska file has a random number in it otherwise.
            "ffmpeg_o": ["-bitexact"],
        },
        "logger": _Silence(),
        "noprogress": True,
        "color": "never",
    }


@cache
def _javascript_runtimes() -> dict[str, dict[str, str]]:
    runtime = javascript_runtime()
    return {runtime.name: {}} if runtime and runtime.supported else {}


def _cookies(path: Path | None) -> io.StringIO | None:
    """In memory: yt-dlp writes to a file that it is given by name, and ignores a missing one."""
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
    """yt-dlp's messages come back as exceptions; the rest is not for operators."""

    def debug(self, message: str) -> None: ...
    def info(self, message: str) -> None: ...
    def warning(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...


_LATER = (408, 425, 429)
"""HTTP statuses below 500 that may be others in a while."""

_NO_SUCH_HOST = r"Name or service not known|No address associated|name resolution"
_NETWORK = (
    r"timed out|[Cc]onnection (reset|refused|aborted|broken)|Remote end closed|RemoteDisconnected|"
    r"IncompleteRead|bytes read|Network is unreachable|No route to host|content too short|"
    rf"HTTP Error (408|425|429|503)|{_NO_SUCH_HOST}"
)
_DISK = r"unable to (write|open)|No space left|Disk quota"


def is_no_format_s_fault(error: Exception) -> bool:
    """Another format would meet the same, or get less where another try gets all."""
    return re.search(f"{_NETWORK}|{_DISK}", str(error)) is not None


def as_sentence(
    url: str, error: Exception, options: DownloadOptions, *, looked_up: bool = False
) -> HeatersError:
    """One sentence out of an error of yt-dlp; an InputError where another try is no use. With
    `looked_up` the page is there, and it is its media that fail: addresses of media expire."""
    message = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    parts = urlsplit(url)
    if "Netscape" in message or "failed to load cookies" in message:
        return InputError(
            f"The cookies file {options.cookies_file} is not in Netscape's format: check "
            "HEATERS_COOKIES_FILE."
        )
    if found := re.search(r"HTTP Error (\d+)(?:: ([\w ]+))?", message):
        code, name = int(found[1]), (found[2] or "").strip()
        said = f"answers {code}{f' ({name})' if name else ''}"
        if looked_up:
            return HeatersError(f"The video of {url} {said}: try again later.")
        said = f"{url} {said}"
        if code in (401, 403):
            return InputError(f"{said}: if it wants a login, set HEATERS_COOKIES_FILE.")
        if 400 <= code < 500 and code not in _LATER:
            return InputError(f"{said}: check the address.")
        return HeatersError(f"{said}: try again later.")
    if "Unsupported URL" in message:
        return no_video(url)
    if re.search(_NO_SUCH_HOST, message):
        return HeatersError(f"{parts.hostname} can't be found: check address and network.")
    if "Connection refused" in message:
        return HeatersError(f"{parts.netloc} refuses the connection: try again later.")
    if "timed out" in message:
        return HeatersError(
            f"{url} stalled, nothing arrived for {options.stall_seconds:g} seconds: try again "
            "later, or raise HEATERS_STALL_SECONDS."
        )
    if re.search(_NETWORK, message):
        return HeatersError(f"The connection to {parts.netloc} broke off: try again later.")
    reason = re.sub(r"^ERROR:\s*(\[[^\]]*\]\s*)?([\w-]+:\s+)?", "", message)
    reason = re.split(r"; please report|\(caused by|\. Confirm you are on|\n", reason)[0]
    reason = plain_text(reason).rstrip(".") or type(error).__name__
    return HeatersError(f"Could not download {url}: {reason}.")


def no_video(url: str) -> InputError:
    return InputError(f"There is no video at {url}: check the address.")
