"""Where media are, as timelines name it."""

from __future__ import annotations

import re
from urllib.parse import quote


def media_url(path: str) -> str:
    """The address of an absolute path, also of one on Windows, with a drive or on another host
    (RFC 8089, appendix E); that of an object as it is; else a relative address."""
    if "://" in path:
        return path
    if re.match(r"[A-Za-z]:[\\/]", path):
        return "file:///" + quote(path.replace("\\", "/"), safe="/:")
    if path.startswith("\\\\"):
        return "file:" + quote(path.replace("\\", "/"))
    return ("file://" if path.startswith("/") else "") + quote(path)
