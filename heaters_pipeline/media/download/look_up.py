"""What is at an address, without a byte of media."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.keys import plain_text
from heaters_pipeline.domain.redaction import without_login
from heaters_pipeline.media.download.addresses import checked_address
from heaters_pipeline.media.download.failures import no_video
from heaters_pipeline.media.download.formats import PRIMARY_FORMAT
from heaters_pipeline.media.download.limits import check_length
from heaters_pipeline.media.download.network_guard import NetworkGuard
from heaters_pipeline.media.download.options import DownloadOptions
from heaters_pipeline.media.download.playlists import (
    LONGEST_LIST,
    Playlist,
    entries_of,
    is_extracted,
    read_playlist,
)
from heaters_pipeline.media.download.ytdlp import Info, downloader, guarded_site

NESTED_LISTS = 2
"""How often the only entry of a list is followed, which may be a list itself."""


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
    """yt-dlp's, with every listed format, and PRIMARY_FORMAT chosen."""


def look_up(url: str, options: DownloadOptions) -> WebVideo | Playlist:
    """The video, or the list of videos, at `url`.

    An entry of a list may itself turn out to be a list. Raises InputError where a retry is no use
    (no video there, not http(s), refused, a live stream, too long), HeatersError where it may help
    (network, server).
    """
    return _look_up(url, options, NESTED_LISTS)


def _look_up(url: str, options: DownloadOptions, nested: int) -> WebVideo | Playlist:
    url = checked_address(url)
    with guarded_site(url, options) as guard:
        info = extract(url, options, guard, PRIMARY_FORMAT)
    if (entries := entries_of(info)) is not None:
        found = read_playlist(info, entries, url)
        if len(found.entries) == 1 and not found.skipped and nested:
            return _look_up(found.entries[0].url, options, nested - 1)
        return found
    if info.get("is_live") or info.get("live_status") in ("is_live", "is_upcoming"):
        raise InputError(f"{url} is a live stream that has not ended: add it when it has.")
    title = plain_text(_title(info, url)) or without_login(url)
    video = WebVideo(url, title, _site_id(info), info.get("duration"), info)
    check_length(url, video.seconds, options.max_seconds)
    return video


def extract(url: str, options: DownloadOptions, guard: NetworkGuard, formats: str) -> Info:
    """yt-dlp's facts on a video, with `formats` chosen, or on a list, whose entries are not looked
    up. A list of one video that needs no further look-up is that video."""
    parameters = {
        "format": formats,
        "extract_flat": "in_playlist",
        # One more entry tells that there are more, so no further pages of the list are requested.
        "playlistend": LONGEST_LIST + 1,
    }
    with downloader(options, guard, **parameters) as ytdlp:
        info: Info | None = ytdlp.extract_info(url, download=False)
    if info is None or (entries := entries_of(info)) == []:
        raise no_video(url)
    return entries[0] if entries and len(entries) == 1 and is_extracted(entries[0]) else info


def _site_id(info: Info) -> str | None:
    site, name = info.get("extractor_key"), info.get("id")
    if not site or not name or site in ("Generic", "HTML5MediaEmbed"):
        return None
    return plain_text(f"{str(site).lower()}:{name}")


def _title(info: Info, url: str) -> str:
    """For a plain file its own name, which yt-dlp's generic extractor would cut at odd places."""
    named = Path(unquote(urlsplit(url).path)).stem
    if info.get("extractor") == "generic" and info.get("direct"):
        return named or str(info.get("title"))
    return str(info.get("title") or named)
