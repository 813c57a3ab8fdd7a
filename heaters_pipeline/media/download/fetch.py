"""Fetching a source video: yt-dlp for web addresses, a copy for local files."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import av.error

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.keys import plain_text, slug, url_name
from heaters_pipeline.media.download.merge_check import find_flaw, picture_span
from heaters_pipeline.media.download.network_guard import NetworkGuard
from heaters_pipeline.media.download.normalise import normalise
from heaters_pipeline.media.download.parts import (
    choice_of,
    chosen_formats,
    clear,
    clear_results,
    keep_as_served,
    note_result,
    noted_result,
    parts_folder,
    take_up,
)
from heaters_pipeline.media.download.ytdlp import (
    SMUGGLED,
    DownloadOptions,
    Info,
    as_sentence,
    downloader,
    guarded_site,
    is_no_format_s_fault,
    no_video,
)
from heaters_pipeline.media.ffmpeg.probe import open_video

__all__ = [
    "DownloadOptions",
    "DownloadProgress",
    "Downloaded",
    "Playlist",
    "PlaylistEntry",
    "WebVideo",
    "copy_file",
    "download",
    "look_up",
]

FORMAT = "bv*[ext=mp4]+ba[ext=m4a]/b[ext=mp4]/bv*+ba/b"
"""The best picture and the best sound that go into an MP4 as they are; without such, the best of
any kind. This and FALLBACK_FORMAT are all that chooses: a limit of height, a preferred extension or
a fixed client anywhere else would quietly turn 4K into 360p."""

FALLBACK_FORMAT = "bestvideo[ext=mp4][vcodec^=avc1]+bestaudio[ext=m4a]/best[ext=mp4]/best"
"""H.264 and AAC, which sites have longest served and everything reads, for when FORMAT fails."""

LONGEST_LIST = 5000
"""Entries of one list that are taken, the first ones: each becomes a source video, with a row and
runs of its own, and whoever writes a list must not fill the database with one address. The longest
playlists that sites allow have so many; of what is longer than that, each part can be added."""

NESTED_LISTS = 2
"""How often a list's only entry is followed when it may be a list itself."""

DownloadProgress = Callable[[int, int | None], None]
"""Called with bytes done and bytes in all, where they are known."""


@dataclass(frozen=True)
class WebVideo:
    url: str
    title: str
    site_id: str | None
    """Like `youtube:abc`, the same for every address of one video; None where the site has no ids
    of its own, as for a plain file."""
    seconds: float | None
    """Its length, where the site tells."""
    info: Info = field(repr=False)
    """yt-dlp's, with every listed format and FORMAT chosen."""


@dataclass(frozen=True)
class PlaylistEntry:
    url: str
    title: str | None


@dataclass(frozen=True)
class Playlist:
    title: str
    entries: tuple[PlaylistEntry, ...]
    skipped: int = 0
    """Further entries: of no address of the web, or beyond LONGEST_LIST (at least so many, where
    the site does not tell how long its list is)."""


@dataclass(frozen=True)
class Downloaded:
    path: Path
    title: str
    quality: dict[str, Any] = field(default_factory=dict)
    """`got`, measured in the file, and `best_listed`, the best of all that the site listed, each of
    height, width, fps, vcodec, acodec, bitrate (kbit/s) and format_id (None: unknown); `format`
    (`primary` or `fallback`); `normalised` (why the file was encoded again, or None). Empty for
    local files."""


def look_up(url: str, options: DownloadOptions | None = None) -> WebVideo | Playlist:
    """What is at `url`: one video, or a list of more; no media is fetched.

    An entry of a list may turn out to be a list when it is looked up. Raises InputError where
    another try is no use (no video there, not http(s), refused, a live stream, too long),
    HeatersError where it may be (network, server).
    """
    return _look_up(url, options or DownloadOptions(), NESTED_LISTS)


def _look_up(url: str, options: DownloadOptions, nested: int) -> WebVideo | Playlist:
    url = _checked(url)
    with guarded_site(url, options) as guard:
        info = _extract(url, options, guard, FORMAT)
    if (entries := _entries(info)) is not None:
        found = _playlist(info, entries, url)
        if len(found.entries) == 1 and not found.skipped and nested:
            return _look_up(found.entries[0].url, options, nested - 1)
        return found
    if info.get("is_live") or info.get("live_status") in ("is_live", "is_upcoming"):
        raise InputError(f"{url} is a live stream that has not ended: add it when it has.")
    title = plain_text(_title(info, url)) or url
    video = WebVideo(url, title, _site_id(info), info.get("duration"), info)
    _check_length(url, video.seconds, options)
    return video


def download(
    video: WebVideo,
    folder: Path,
    options: DownloadOptions | None = None,
    on_progress: DownloadProgress | None = None,
) -> Downloaded:
    """Puts the video into `folder`, going on from what an earlier call for it left there, which may
    be all; afterwards nothing of its own but the result, and a note on it, is there.

    A format that fails is replaced by the fallback format; one that the network fails is not, for
    another try gets it whole. Raises InputError where that is no use, and leaves nothing then;
    else HeatersError, and leaves what has been fetched.
    """
    attempt = _Attempt(video, folder, options or DownloadOptions(), on_progress)
    if noted := noted_result(folder, video.url, video.info):
        path, quality = noted
    else:
        clear_results(folder, attempt.name)
        try:
            with guarded_site(video.url, attempt.options) as guard:
                got = attempt.fetch_or_fall_back(guard)
            _check_length(video.url, _seconds(got.path), attempt.options)
        except InputError:
            clear(folder)
            raise
        path, quality = got.path.replace(folder / got.path.name), got.quality
        if quality["format"] == "primary":
            # What fell back tries again for the best.
            note_result(path, video.url, video.info, quality)
    clear(folder)
    return Downloaded(path, video.title, quality)


def copy_file(path: Path, folder: Path) -> Downloaded:
    """Copies a local file into `folder`. Raises InputError if it can't be read."""
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


def _checked(url: str) -> str:
    """`url`, if it is an address of the web and nothing else."""
    shown = "".join(each if each.isprintable() else "?" for each in url)[:200]
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web:
        raise InputError(f"{shown} can't be fetched: give an http(s) address, or a file.")
    if re.search(r"[\s\x00-\x1f\x7f\ud800-\udfff]", url):
        raise InputError(f"{shown} has spaces or control characters in it: check the address.")
    return url.partition(SMUGGLED)[0]


def _extract(url: str, options: DownloadOptions, guard: NetworkGuard, formats: str) -> Info:
    """yt-dlp's facts on a video, with `formats` chosen, or on a list, whose entries are not looked
    up; a list of one video that needs no looking up is that video."""
    parameters = {
        "format": formats,
        "extract_flat": "in_playlist",
        # One more tells that there are more; further pages of the list are not asked for.
        "playlistend": LONGEST_LIST + 1,
    }
    with downloader(options, guard, **parameters) as ytdlp:
        info: Info | None = ytdlp.extract_info(url, download=False)
    if info is None or (entries := _entries(info)) == []:
        raise no_video(url)
    return entries[0] if entries and len(entries) == 1 and _is_extracted(entries[0]) else info


def _entries(info: Info) -> list[Info] | None:
    """None: it is no list."""
    if info.get("_type") not in ("playlist", "multi_video"):
        return None
    return [each for each in info.get("entries") or () if each]


def _is_extracted(entry: Info) -> bool:
    return bool(entry.get("_type", "video") == "video")


def _playlist(info: Info, entries: list[Info], url: str) -> Playlist:
    """Raises InputError where none of the `entries` can be fetched."""
    base = str(info.get("webpage_url") or url).partition(SMUGGLED)[0]
    taken = tuple(filter(None, (_entry(each, base) for each in entries[:LONGEST_LIST])))
    if not taken:
        raise InputError(
            f"{url} lists no address that can be fetched: give the addresses of its videos."
        )
    count = info.get("playlist_count")
    known = max(len(entries), count if isinstance(count, int) else 0)
    title = plain_text(str(info.get("title") or "")) or url
    return Playlist(title, taken, known - len(taken))


def _entry(info: Info, base: str) -> PlaylistEntry | None:
    """An entry with a page, or else a manifest or file, of its own; None if that is not in the
    web. The address may be relative to `base` unless it is what some extractor alone can read."""
    url = info.get("url")
    if _is_extracted(info):
        best = (info.get("formats") or [info])[-1]
        url = best.get("manifest_url") or best.get("url")
    address = str(url or "").partition(SMUGGLED)[0].strip()
    if not address:
        return None
    try:
        if not urlsplit(address).scheme and info.get("ie_key") in (None, "Generic"):
            address = urljoin(base, address)
        address = _checked(address)
    except (InputError, ValueError):
        return None
    return PlaylistEntry(address, plain_text(str(info.get("title") or "")) or None)


def _site_id(info: Info) -> str | None:
    site, name = info.get("extractor_key"), info.get("id")
    if not site or not name or site in ("Generic", "HTML5MediaEmbed"):
        return None
    return plain_text(f"{str(site).lower()}:{name}")


def _title(info: Info, url: str) -> str:
    """A plain file's own name; yt-dlp's generic extractor would cut it at odd places."""
    named = Path(unquote(urlsplit(url).path)).stem
    if info.get("extractor") == "generic" and info.get("direct"):
        return named or str(info.get("title"))
    return str(info.get("title") or named or url)


def _check_length(url: str, seconds: float | None, options: DownloadOptions) -> None:
    if seconds and options.max_seconds and seconds > options.max_seconds:
        raise InputError(
            f"{url} lasts {seconds / 3600:.3g} hours, more than {options.max_seconds / 3600:.3g}: "
            "raise HEATERS_MAX_SOURCE_HOURS to take it."
        )


class _FormatFailed(Exception):
    """Another format may do; else this is what there is to say."""

    def __init__(self, error: HeatersError) -> None:
        super().__init__(str(error))
        self.error = error


class _Attempt:
    """Fetching one video, in one choice of formats or the other."""

    def __init__(
        self,
        video: WebVideo,
        folder: Path,
        options: DownloadOptions,
        on_progress: DownloadProgress | None,
    ) -> None:
        self.options = options
        self.name = slug(url_name(video.url))
        self._video = video
        self._folder = folder
        self._on_progress = on_progress or (lambda *_: None)

    def fetch_or_fall_back(self, guard: NetworkGuard) -> Downloaded:
        try:
            return self._fetch(self._video.info, FORMAT, guard)
        except _FormatFailed as failure:
            guard.check()
            info = self._look_again(guard)
            if info is None or choice_of(info) == choice_of(self._video.info):
                raise failure.error from failure
        clear(self._folder, keep=parts_folder(self._folder, info))
        try:
            return self._fetch(info, FALLBACK_FORMAT, guard)
        except _FormatFailed as failure:
            raise failure.error from failure

    def _look_again(self, guard: NetworkGuard) -> Info | None:
        """With the fallback format chosen, if there is one; the addresses of the first look may
        have expired."""
        with suppress(Exception):
            return _extract(self._video.url, self.options, guard, FALLBACK_FORMAT)
        return None

    def _fetch(self, info: Info, formats: str, guard: NetworkGuard) -> Downloaded:
        from yt_dlp.utils import YoutubeDLError

        parts = parts_folder(self._folder, info)
        take_up(parts)
        watch = _Watch(self._video.url, info, self.options, guard, self._on_progress)
        parameters = {
            "format": formats,
            "outtmpl": {"default": str(parts / self.name).replace("%", "%%") + ".%(ext)s"},
            "progress_hooks": [watch],
            "keep_fragments": True,
            "skip_unavailable_fragments": False,
            "keepvideo": True,
            # Also of what an earlier run has fetched.
            "fixup": "force",
        }
        try:
            with downloader(self.options, guard, **parameters) as ytdlp:
                done = ytdlp.process_ie_result(_copy(info), download=True)
        except YoutubeDLError as error:
            guard.check()
            if is_no_format_s_fault(error):
                raise
            said = as_sentence(self._video.url, error, self.options, looked_up=True)
            raise _FormatFailed(said) from error
        guard.check()
        files = [Path(each["filepath"]) for each in done.get("requested_downloads") or ()]
        if not files or not files[0].exists():
            raise _FormatFailed(no_video(self._video.url))
        path, reason = files[0], None
        if "requested_formats" in done:
            path, reason = self._mended(path, done, formats == FORMAT, watch)
        watch.finish()
        quality = {
            "got": _measured(path) | {"format_id": _plain(done.get("format_id"))},
            "best_listed": _best_listed(info),
            "format": "primary" if formats == FORMAT else "fallback",
            "normalised": reason,
        }
        return Downloaded(path, self._video.title, quality)

    def _mended(
        self, path: Path, info: Info, may_encode: bool, watch: _Watch
    ) -> tuple[Path, str | None]:
        """The merged file if it is sound, else one encoded anew, and why that was needed."""
        sound = any(each.get("acodec") != "none" for each in chosen_formats(info))
        flaw = find_flaw(path, sound=sound)
        if flaw is None:
            return path, None
        picture = picture_span(path)
        if may_encode and picture:
            out = path.with_name(f"{path.stem}.normalised.mp4")
            try:
                normalise(
                    path,
                    out,
                    sound=sound,
                    end_seconds=picture[1],
                    on_progress=lambda _: watch.check(),
                    stall_seconds=self.options.stall_seconds,
                )
            except InputError as error:
                # It can't be encoded: the other format may do. Any other end says nothing of it.
                if is_no_format_s_fault(error):
                    raise HeatersError(str(error)) from error
            watch.check()
            # Encoding makes two streams agree, maybe on a length that neither should have.
            seconds = info.get("duration") or picture[1] - picture[0]
            if out.exists() and not find_flaw(out, sound=sound, expected_seconds=seconds):
                return out.replace(path.with_suffix(".mp4")), flaw
        raise _FormatFailed(
            InputError(
                f"{self._video.url} arrives broken, {flaw}: check that it plays on its own page."
            )
        )


def _copy(info: Info) -> dict[str, Any]:
    """One that yt-dlp may write into."""
    copied = dict(info)
    if copied.get("formats"):
        copied["formats"] = [dict(each) for each in copied["formats"]]
    return copied


class _Watch:
    """yt-dlp's progress hook: reports, holds the limits, keeps what was served."""

    def __init__(
        self,
        url: str,
        info: Info,
        options: DownloadOptions,
        guard: NetworkGuard,
        on_progress: DownloadProgress,
    ) -> None:
        self._url = url
        self._limit = options.max_bytes
        self._guard = guard
        self._on_progress = on_progress
        formats = chosen_formats(info)
        sizes = [each.get("filesize") or each.get("filesize_approx") for each in formats]
        self._listed = sum(filter(None, sizes)) if all(sizes) else None
        self._pieces = len(formats)
        self._done: dict[str, int] = {}
        self._whole: dict[str, int] = {}

    def __call__(self, status: Mapping[str, Any]) -> None:
        self.check()
        name = str(status["filename"])
        if status["status"] == "finished":
            path = Path(name)
            self._done[name] = self._whole[name] = path.stat().st_size
            _refuse_text(self._url, path)
            keep_as_served(path)
        else:
            self._done[name] = int(status.get("downloaded_bytes") or 0)
            announced = int(status.get("total_bytes") or 0)
            if whole := announced or status.get("total_bytes_estimate"):
                self._whole[name] = int(whole)
            self._check_size(self._all_done() - self._done[name] + announced)
        self._check_size(self._all_done())
        self._report(self._all_done(), self._expected())

    def check(self) -> None:
        self._guard.check()

    def finish(self) -> None:
        self._report(self._all_done(), self._all_done())

    def _all_done(self) -> int:
        return sum(self._done.values())

    def _expected(self) -> int | None:
        known = sum(self._whole.values())
        if len(self._whole) == self._pieces:
            return known
        return max(self._listed, known) if self._listed else None

    def _report(self, done: int, whole: int | None) -> None:
        with self._guard.lifted():
            self._on_progress(done, whole)

    def _check_size(self, size: int) -> None:
        if self._limit is not None and size > self._limit:
            raise InputError(
                f"{self._url} is larger than {self._limit / 1e9:g} GB: raise "
                "HEATERS_MAX_SOURCE_GB to take it."
            )


def _refuse_text(url: str, path: Path) -> None:
    """Lists of other files, which ffmpeg would open, are text; media never is."""
    with path.open("rb") as file:
        head = file.read(512)
    with suppress(UnicodeDecodeError):
        # The cut may go through a character.
        text = head[:-3].decode("utf-8-sig") if len(head) == 512 else head.decode("utf-8-sig")
        if not re.search(r"[\x00-\x08\x0e-\x1f]", text):
            raise _FormatFailed(
                InputError(f"What {url} sends is text, not a video: check the address.")
            )


_TOLD = ("height", "width", "fps", "vcodec", "acodec", "format_id")


def _best_listed(info: Info) -> dict[str, Any]:
    listed = [each for each in info.get("formats") or [info] if each.get("vcodec") != "none"]
    best = max(
        listed,
        key=lambda each: (each.get("height") or 0, each.get("fps") or 0, each.get("tbr") or 0),
        default=info,
    )
    told = {name: best.get(name) for name in _TOLD} | {"bitrate": best.get("tbr")}
    return {name: None if value == "none" else _plain(value) for name, value in told.items()}


def _plain(value: Any) -> Any:
    """What a site says, as a database takes it."""
    return plain_text(value) if isinstance(value, str) else value


def _measured(path: Path) -> dict[str, Any]:
    """What the file itself says; nothing where it can't be read, which its user will find."""
    told: dict[str, Any] = dict.fromkeys((*_TOLD, "bitrate"))
    with suppress(av.error.FFmpegError), open_video(path) as container:
        if container.bit_rate:
            told["bitrate"] = round(container.bit_rate / 1000)
        for video in container.streams.video[:1]:
            rate = video.average_rate
            told |= {"height": video.height, "width": video.width}
            told |= {"fps": round(float(rate), 3) if rate else None}
            told |= {"vcodec": video.codec_context.codec.canonical_name}
        for audio in container.streams.audio[:1]:
            told["acodec"] = audio.codec_context.codec.canonical_name
    return told


def _seconds(path: Path) -> float | None:
    with suppress(av.error.FFmpegError), open_video(path) as container:
        return container.duration / av.time_base if container.duration else None
    return None
