"""Objects by key: one small interface, a local folder or S3 behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.storage.base import (
    Entry,
    ObjectMissing,
    PartStorage,
    Stamp,
    Storage,
    Unfinished,
    check_key,
    stamps,
)
from heaters_pipeline.storage.cache import NO_CACHE, CacheLimits
from heaters_pipeline.storage.local import LocalStorage

__all__ = [
    "Entry",
    "LocalStorage",
    "ObjectMissing",
    "PartStorage",
    "Stamp",
    "Storage",
    "Unfinished",
    "check_key",
    "open_storage",
    "stamps",
]


def open_storage(
    url: str | None,
    home: Path,
    *,
    endpoint_url: str | None = None,
    client: Callable[[], Any] | None = None,
    class_by_kind: Mapping[Kind, str] | None = None,
    cache: CacheLimits = NO_CACHE,
) -> Storage:
    """The storage that `url` names: `s3://bucket/prefix` or a folder (path or `file://` URL); None
    names the folder `storage` in `home`. `endpoint_url` is the address of an S3-compatible service
    other than AWS; `client` makes the boto3 client where the caller has one;
    `class_by_kind` are S3's storage classes; `cache` is for copies of S3's objects in `home`."""
    if url is None:
        return LocalStorage(home / "storage")
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        from heaters_pipeline.storage.s3 import S3Storage, s3_client

        made = client() if client is not None else s3_client(endpoint_url)
        prefix = parts.path.strip("/")
        if not cache.most_bytes:
            return S3Storage(made, parts.netloc, prefix, home=home, class_by_kind=class_by_kind)
        from heaters_pipeline.storage.cached_s3 import CachedS3Storage

        return CachedS3Storage(
            made, parts.netloc, prefix, home=home, class_by_kind=class_by_kind, cache=cache
        )
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return LocalStorage(Path(unquote(parts.path)))
    if parts.scheme == "":
        return LocalStorage(Path(url).expanduser().absolute())
    raise InputError(
        f"STORAGE_URL is {url!r}; it must be s3://bucket/prefix or the path of a folder."
    )
