"""The limits and the way to the network that a download is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heaters_pipeline.domain.film_limits import FilmLimits
from heaters_pipeline.domain.networks import Network


@dataclass(frozen=True)
class DownloadOptions:
    stall_seconds: float
    """A server that sends nothing for this long has stalled; so has an ffmpeg that makes no
    progress."""
    rate_limit: int | None = None
    """Bytes per second."""
    cookies_file: Path | None = None
    """In Netscape's format; read, never written."""
    proxy: str | None = None
    """URL of a proxy (http, https, socks4, socks5); None: the one that the environment names, if
    any. A proxy decides itself which addresses it connects to."""
    retries: int = 3
    """Of each request, after a short pause that doubles."""
    max_bytes: int | None = None
    max_seconds: float | None = None
    """Length of the video."""
    time_limit_seconds: float | None = None
    """For looking up one video, and for downloading it."""
    allowed_networks: tuple[Network, ...] = ()
    """Private networks that downloads may reach."""
    film_limits: FilmLimits | None = None
    """For what is decoded and encoded again."""
