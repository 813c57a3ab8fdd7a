"""What a download got against the best that its site listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from typing_extensions import TypedDict


class FormatFacts(TypedDict):
    """None: unknown."""

    height: int | None
    width: int | None
    fps: float | None
    vcodec: str | None
    acodec: str | None
    bitrate: float | None
    """kbit/s"""
    format_id: str | None
    """The site's own name of the format."""


class DownloadQuality(TypedDict):
    """As a row keeps it, in JSON."""

    got: FormatFacts
    """Measured in the file."""
    best_listed: FormatFacts
    """The best of all formats that the site listed."""
    format: Literal["primary", "fallback"]
    normalised: str | None
    """Why the file was encoded again, if it was."""


CROPPED = 0.95
"""A size counts as less when both width and height are below this share: sites call a film of
1920 x 804 `1080p`, and round sizes."""

MUCH_SLOWER = 0.7
"""Sites list 30 for 29.97, 25 and even 24 frames per second; 60 listed and 30 got is a loss."""

WIDE = 16 / 9
"""The width of a listed format that tells only its height."""


def shortfall(quality: Mapping[str, Any] | None) -> str | None:
    """`got 360p of the 2160p that were listed`; None where the download got no less than that, or
    where the site told nothing to compare with.

    `quality` is a DownloadQuality, of which any part may be absent.
    """
    if not quality:
        return None
    got, best = quality.get("got") or {}, quality.get("best_listed") or {}
    reason = quality.get("normalised")
    phrases = [_less(got, best), f"re-encoded because {reason}" if reason else None]
    return ", ".join(filter(None, phrases)) or None


def _less(got: Mapping[str, Any], best: Mapping[str, Any]) -> str | None:
    height, listed = got.get("height"), best.get("height")
    if not height or not listed:
        return None
    width, listed_width = got.get("width") or 0, best.get("width") or listed * WIDE
    if height < CROPPED * listed and width < CROPPED * listed_width:
        return f"got {height}p of the {listed}p that were listed"
    rate, listed_rate = got.get("fps"), best.get("fps")
    if rate and listed_rate and rate < MUCH_SLOWER * listed_rate:
        return f"got {rate:.4g} of the {listed_rate:.4g} frames per second that were listed"
    return None
