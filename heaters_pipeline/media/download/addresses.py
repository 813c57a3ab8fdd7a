"""Addresses of the web that may be looked up."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.redaction import without_login

_SMUGGLED = "#__youtubedl_smuggle"
"""After this mark, yt-dlp's extractors pass options to one another within an address."""


def without_smuggled(url: str) -> str:
    """`url` without the options that yt-dlp's extractors pass on in it."""
    return url.partition(_SMUGGLED)[0]


def checked_address(url: str) -> str:
    """`url`, if it is an http(s) address and nothing else; raises InputError otherwise."""
    shown = "".join(each if each.isprintable() else "?" for each in without_login(url))[:200]
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web:
        raise InputError(f"{shown} can't be fetched: give an http(s) address, or a file.")
    if re.search(r"[\s\x00-\x1f\x7f\ud800-\udfff]", url):
        raise InputError(f"{shown} has spaces or control characters in it: check the address.")
    return without_smuggled(url)
