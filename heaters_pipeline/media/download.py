"""Fetching a source video: yt-dlp for web addresses, a copy for local files."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.keys import slug, url_name
from heaters_pipeline.media.ffmpeg import ffmpeg_binary

FORMAT = "bv*[ext=mp4]+ba[ext=m4a]/b[ext=mp4]/bv*+ba/b"
FALLBACK_FORMAT = "bestvideo[ext=mp4][vcodec^=avc1]+bestaudio[ext=m4a]/best[ext=mp4]/best"

DownloadProgress = Callable[[int, int | None], None]
"""Called with bytes done and bytes in all, where the server tells."""


@dataclass(frozen=True)
class Downloaded:
    path: Path
    title: str
    quality: dict[str, Any] = field(default_factory=dict)
    """`got` and `best_listed`, each of height, width, fps, vcodec, acodec, bitrate (kbit/s) and
    format_id, as far as the site tells; empty for local files."""


def fetch_source(
    url_or_path: str, folder: Path, on_progress: DownloadProgress | None = None
) -> Downloaded:
    """Puts the video into `folder`, which is empty, under a name that its owner would know.

    Raises InputError where another try is no use (not found, no video there, not http(s)),
    HeatersError where it may be (network, server).
    """
    scheme = _scheme(url_or_path)
    if scheme in ("http", "https"):
        return _download(url_or_path, folder, on_progress)
    if scheme:
        raise InputError(
            f"{url_or_path} can't be fetched: give an http(s) address, or the path of a file."
        )
    return _copy(Path(url_or_path).expanduser(), folder)


def _scheme(url_or_path: str) -> str | None:
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url_or_path)
    return found[1].lower() if found else None


def _copy(path: Path, folder: Path) -> Downloaded:
    if not path.exists():
        raise InputError(f"{path} does not exist: check the path.")
    if not path.is_file():
        raise InputError(f"{path} is not a file: give the path of one video file.")
    kept = folder / path.name
    try:
        shutil.copyfile(path, kept)
    except PermissionError:
        raise InputError(
            f"{path} can't be read: permission denied, change the file's permissions."
        ) from None
    except OSError as error:
        kept.unlink(missing_ok=True)
        raise HeatersError(f"Could not copy {path}: {error.strerror}.") from error
    return Downloaded(kept, path.stem)


def _download(url: str, folder: Path, on_progress: DownloadProgress | None) -> Downloaded:
    from yt_dlp import DownloadError

    try:
        try:
            return _attempt(url, folder, FORMAT, on_progress)
        except DownloadError as error:
            if _is_final(str(error)):
                raise
            _clear(folder)
            return _attempt(url, folder, FALLBACK_FORMAT, on_progress)
    except DownloadError as error:
        _clear(folder)
        raise _plain(url, error) from error


def _clear(folder: Path) -> None:
    for leftover in folder.iterdir():
        leftover.unlink()


def _attempt(
    url: str, folder: Path, formats: str, on_progress: DownloadProgress | None
) -> Downloaded:
    from yt_dlp import YoutubeDL

    def report(status: Mapping[str, Any]) -> None:
        if on_progress:
            total = status.get("total_bytes") or status.get("total_bytes_estimate")
            on_progress(int(status.get("downloaded_bytes") or 0), int(total) if total else None)

    options = {
        "format": formats,
        "outtmpl": {"default": str(folder / slug(url_name(url))).replace("%", "%%") + ".%(ext)s"},
        "ffmpeg_location": ffmpeg_binary(),
        "progress_hooks": [report],
        "logger": _Silence(),
        "noprogress": True,
        "noplaylist": True,
        "playlist_items": "1",
        "cachedir": False,
        "socket_timeout": 30,
        "retries": 3,
        "color": "never",
    }
    with YoutubeDL(options) as downloader:
        info = downloader.extract_info(url, download=True)
        if info and info.get("_type") == "playlist":
            info = next(iter(info.get("entries") or ()), None)
    files = [Path(each["filepath"]) for each in (info or {}).get("requested_downloads") or ()]
    if not info or not files or not files[0].exists():
        raise InputError(f"There is no video at {url}: check the address.")
    return Downloaded(files[0], _title(info, url), _quality(info))


class _Silence:
    """yt-dlp's messages come back as exceptions; the rest is not for operators."""

    def debug(self, message: str) -> None: ...
    def info(self, message: str) -> None: ...
    def warning(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...


def _title(info: Mapping[str, Any], url: str) -> str:
    """A plain file's own name; yt-dlp's generic extractor would cut it at odd places."""
    if info.get("extractor") == "generic" and info.get("direct"):
        return Path(unquote(urlsplit(url).path)).stem or str(info.get("title"))
    return str(info.get("title") or Path(unquote(urlsplit(url).path)).stem or url)


_TOLD = ("height", "width", "fps", "vcodec", "acodec", "format_id")


def _quality(info: Mapping[str, Any]) -> dict[str, Any]:
    listed = [each for each in info.get("formats") or () if each.get("vcodec") != "none"]
    best = max(
        listed,
        key=lambda each: (each.get("height") or 0, each.get("fps") or 0, each.get("tbr") or 0),
        default=info,
    )
    return {"got": _told(info), "best_listed": _told(best)}


def _told(source: Mapping[str, Any]) -> dict[str, Any]:
    return {name: source.get(name) for name in _TOLD} | {"bitrate": source.get("tbr")}


_FINAL = (
    r"HTTP Error 4(?!08|25|29)\d\d|Unsupported URL|Name or service not known|"
    r"No address associated|is not a valid URL|Connection refused"
)


def _is_final(message: str) -> bool:
    """Whether other formats won't help."""
    return re.search(_FINAL, message) is not None


def _plain(url: str, error: Exception) -> HeatersError:
    """One sentence out of yt-dlp's message."""
    message = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    if found := re.search(r"HTTP Error (\d+)(?:: ([\w ]+))?", message):
        code, name = int(found[1]), (found[2] or "").strip()
        said = f"{url} answers {code}{f' ({name})' if name else ''}"
        if 400 <= code < 500 and code not in (408, 425, 429):
            return InputError(f"{said}: check the address.")
        return HeatersError(f"{said}: try again later.")
    if "Unsupported URL" in message:
        return InputError(f"There is no video at {url}: check the address.")
    if re.search(r"Name or service not known|No address associated|name resolution", message):
        return HeatersError(f"{urlsplit(url).hostname} can't be found: check address and network.")
    if "Connection refused" in message:
        return HeatersError(f"{urlsplit(url).netloc} refuses the connection: try again later.")
    reason = re.sub(r"^ERROR:\s*(\[[^\]]*\]\s*)?([\w-]+:\s+)?", "", message)
    reason = re.split(r"; please report|\(caused by|\. Confirm you are on", reason)[0]
    return HeatersError(f"Could not download {url}: {reason.strip().rstrip('.')}.")
