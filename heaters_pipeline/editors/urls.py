"""Where media are, as timelines name it."""

from __future__ import annotations

from urllib.parse import quote


def media_url(path: str) -> str:
    """The address of an absolute path; that of an object as it is; else a relative address."""
    if "://" in path:
        return path
    return ("file://" if path.startswith("/") else "") + quote(path)
