"""Keys of source videos: partition keys in Dagster, folder names in storage, ids in URLs."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import urlsplit

KEY_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""What Dagster's UI, every file system and every URL take without escaping."""

DIGEST_LENGTH = 10
SLUG_LENGTH = 40


def slug(text: str) -> str:
    """`text` in lower-case ASCII letters, digits and single hyphens; `video` if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:SLUG_LENGTH].strip("-") or "video"


def mint_key(name: str, digest: str) -> str:
    """A key that tells a person which video it is (`name`) and is the same for the same content
    or address (`digest`, hexadecimal)."""
    return f"{slug(name)}-{digest[:DIGEST_LENGTH]}"


def url_name(url: str) -> str:
    """The last part of a URL's path, or its host."""
    parts = urlsplit(url)
    return PurePosixPath(parts.path).stem or parts.hostname or "video"


def plain_url(url: str) -> str:
    """`url` with scheme and host in lower case and without its scheme's usual port, so that two
    spellings of one address are equal."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    user, at, _ = parts.netloc.rpartition("@")
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    shown = host if port in (None, usual) else f"{host}:{port}"
    return parts._replace(netloc=f"{user}{at}{shown}", path=parts.path or "/").geturl()


def plain_text(text: str) -> str:
    """`text` without line breaks, control characters and halves of surrogate pairs."""
    printable = (each if each.isprintable() else " " for each in text)
    return " ".join("".join(printable).split())


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
