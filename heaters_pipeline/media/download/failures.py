"""The failures of yt-dlp, as sentences."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import urlsplit

from heaters_pipeline.domain.errors import HeatersError, InputError, Unavailable
from heaters_pipeline.domain.keys import plain_text
from heaters_pipeline.domain.outages import site_of
from heaters_pipeline.domain.redaction import without_login
from heaters_pipeline.media.download.options import DownloadOptions

_LATER = (408, 425, 429)
"""HTTP statuses below 500 that may change in a while."""

_NO_SUCH_HOST = r"Name or service not known|No address associated"
_NO_NAMES = "name resolution"
"""The name server does not answer, which says nothing of the host."""
_NETWORK = (
    r"timed out|[Cc]onnection (reset|refused|aborted|broken)|Remote end closed|RemoteDisconnected|"
    r"IncompleteRead|bytes read|Network is unreachable|No route to host|content too short|"
    rf"HTTP Error (408|425|429|503)|{_NO_SUCH_HOST}|{_NO_NAMES}"
)
_SILENT = (
    r"timed out|[Cc]onnection (reset|refused|aborted)|Remote end closed|RemoteDisconnected|"
    rf"Network is unreachable|No route to host|{_NO_NAMES}"
)
"""Of a site that does not answer at all, as a whole. One that breaks off in the middle does."""

_NOT_OPENED = "Error opening input files: Invalid argument"
"""The end of what ffmpeg says to a format that is not on its list."""

_DISK = r"unable to (write|open)|No space left|Disk quota"


class FormatFailed(Exception):
    """Another format may do; without one, `error` tells what happened."""

    def __init__(self, error: HeatersError) -> None:
        super().__init__(str(error))
        self.error = error


def fails_in_any_format(error: Exception) -> bool:
    """Whether the network or the disk failed: another format would fail too, or get less than a
    retry gets."""
    return re.search(f"{_NETWORK}|{_DISK}", str(error)) is not None


def as_sentence(
    url: str, error: Exception, options: DownloadOptions, *, looked_up: bool = False
) -> HeatersError:
    """One sentence for an error of yt-dlp; an InputError where a retry is no use, Unavailable where
    the site does not answer, or not now. `looked_up`: the page is there, and its media fail, whose
    addresses expire."""
    message = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    parts = urlsplit(without_login(url))
    site = site_of(url) or str(parts.hostname)
    if "Netscape" in message or "failed to load cookies" in message:
        return InputError(
            f"The cookies file {options.cookies_file} is not in Netscape's format: check "
            "HEATERS_COOKIES_FILE."
        )
    if found := re.search(r"HTTP Error (\d+)(?:: ([\w ]+))?", message):
        code, name = int(found[1]), (found[2] or "").strip()
        said = f"answers {code}{f' ({name})' if name else ''}"
        said = f"The video of {url} {said}" if looked_up else f"{url} {said}"
        if code == HTTPStatus.TOO_MANY_REQUESTS or code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable(site, f"{said}: try again later.")
        if looked_up:
            return HeatersError(f"{said}: try again later.")
        if code in (401, 403):
            return InputError(f"{said}: if it wants a login, set HEATERS_COOKIES_FILE.")
        if 400 <= code < 500 and code not in _LATER:
            return InputError(f"{said}: check the address.")
        return HeatersError(f"{said}: try again later.")
    if _NOT_OPENED in message:
        return InputError(
            f"What {url} sends is in no format that Heaters opens: check the address."
        )
    if "Unsupported URL" in message:
        return no_video(url)
    if re.search(f"{_NO_SUCH_HOST}|{_NO_NAMES}", message):
        told = f"{parts.hostname} can't be found: check address and network."
        return Unavailable(site, told) if re.search(_NO_NAMES, message) else HeatersError(told)
    if "Connection refused" in message:
        return Unavailable(site, f"{parts.netloc} refuses the connection: try again later.")
    if "timed out" in message:
        return Unavailable(
            site,
            f"{url} stalled, nothing arrived for {options.stall_seconds:g} seconds: try again "
            "later, or raise HEATERS_STALL_SECONDS.",
        )
    if re.search(_NETWORK, message):
        told = f"The connection to {parts.netloc} broke off: try again later."
        return Unavailable(site, told) if re.search(_SILENT, message) else HeatersError(told)
    reason = re.sub(r"^ERROR:\s*(\[[^\]]*\]\s*)?([\w-]+:\s+)?", "", message)
    reason = re.split(r"; please report|\(caused by|\. Confirm you are on|\n", reason)[0]
    reason = plain_text(reason).rstrip(".") or type(error).__name__
    return HeatersError(f"Could not download {url}: {reason}.")


def no_video(url: str) -> InputError:
    return InputError(f"There is no video at {url}: check the address.")
