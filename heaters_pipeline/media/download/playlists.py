"""Lists of videos: playlists, channels, feeds, pages with several videos."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.keys import plain_text
from heaters_pipeline.domain.redaction import without_login
from heaters_pipeline.media.download.addresses import checked_address, without_smuggled
from heaters_pipeline.media.download.ytdlp import Info

LONGEST_LIST = 5000
"""How many entries of one list are taken, from its beginning. Each becomes a source video, with a
row and runs of its own, and the author of a list must not fill the database with one address. The
longest playlists that sites allow have this many; the parts of a longer list can be added one by
one."""


@dataclass(frozen=True)
class PlaylistEntry:
    url: str
    title: str | None


@dataclass(frozen=True)
class Playlist:
    title: str
    entries: tuple[PlaylistEntry, ...]
    skipped: int = 0
    """How many more entries there are: without an address of the web, or beyond LONGEST_LIST (at
    least this many, where the site does not tell how long its list is)."""


def entries_of(info: Info) -> list[Info] | None:
    """None: `info` is no list."""
    if info.get("_type") not in ("playlist", "multi_video"):
        return None
    return [each for each in info.get("entries") or () if each]


def is_extracted(entry: Info) -> bool:
    """Whether an entry is a video already, with formats, rather than an address to look up."""
    return bool(entry.get("_type", "video") == "video")


def read_playlist(info: Info, entries: list[Info], url: str) -> Playlist:
    """Raises InputError where none of the `entries` can be fetched."""
    base = without_smuggled(str(info.get("webpage_url") or url))
    taken = tuple(filter(None, (_entry(each, base) for each in entries[:LONGEST_LIST])))
    if not taken:
        raise InputError(
            f"{url} lists no address that can be fetched: give the addresses of its videos."
        )
    count = info.get("playlist_count")
    known = max(len(entries), count if isinstance(count, int) else 0)
    title = plain_text(str(info.get("title") or "")) or without_login(url)
    return Playlist(title, taken, known - len(taken))


def _entry(info: Info, base: str) -> PlaylistEntry | None:
    """An entry by the address of its page or else of its manifest or file; None if that is not in
    the web. The address may be relative to `base`, unless only some extractor can read it."""
    url = info.get("url")
    if is_extracted(info):
        best = (info.get("formats") or [info])[-1]
        url = best.get("manifest_url") or best.get("url")
    address = without_smuggled(str(url or "")).strip()
    if not address:
        return None
    try:
        if not urlsplit(address).scheme and info.get("ie_key") in (None, "Generic"):
            address = urljoin(base, address)
        address = checked_address(address)
    except (InputError, ValueError):
        return None
    return PlaylistEntry(address, plain_text(str(info.get("title") or "")) or None)
