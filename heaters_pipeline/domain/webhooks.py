"""What an address is told, and how it can tell that Heaters says it.

The signature is made as Stripe makes its own: HMAC-SHA256 over the time, a dot and the body.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from heaters_pipeline.domain.errors import InputError

EVENT_HEADER = "Heaters-Event-Id"
SIGNATURE_HEADER = "Heaters-Signature"

MOST_TRIES = 12
"""Then a delivery is given up: after about three days."""

LONGEST_PAUSE = timedelta(hours=12)


class EventKind(StrEnum):
    EXPORTED = "clip.exported"
    READY = "source.ready"
    CLIP_FAILED = "clip.failed"
    SOURCE_FAILED = "source.failed"
    TEST = "test"


def body(content: Mapping[str, Any]) -> bytes:
    """The bytes that are sent and signed: the same at every try."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def signature(secret: str, timestamp: int, sent: bytes) -> str:
    """The value of the header SIGNATURE_HEADER, `t=<seconds since 1970>,v1=<hexadecimal>`."""
    signed = b"%d.%b" % (timestamp, sent)
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def pause(tries: int) -> timedelta:
    """Before the next try, after so many: a minute at first, then twice as long each time."""
    return min(timedelta(minutes=2 ** max(0, tries - 1)), LONGEST_PAUSE)


def checked_url(url: str) -> str:
    """Raises InputError for what is no address of a web server."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"{url!r} is no address of a web server: give http:// or https://.")
    return url.strip()
