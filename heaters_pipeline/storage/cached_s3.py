"""S3 with copies of objects on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.keys import text_digest
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.storage.cache import CacheLimits, ObjectCache
from heaters_pipeline.storage.s3 import S3Storage


class CachedS3Storage(S3Storage):
    """What is put or fetched as a whole stays on this machine, and the next `fetch` finds it here.
    All else asks the bucket. Only objects of the pipeline are kept: their keys never name two
    contents."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        prefix: str = "",
        *,
        home: Path,
        class_by_kind: Mapping[Kind, str] | None = None,
        cache: CacheLimits,
    ) -> None:
        super().__init__(client, bucket, prefix, home=home, class_by_kind=class_by_kind)
        self.cache = ObjectCache(home, cache)

    def put(self, local: Path, key: str) -> None:
        super().put(local, key)
        if layout.is_ours(key):
            self.cache.add(self._file_name(key), local)

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        if not layout.is_ours(key):
            with super().fetch(key) as path:
                yield path
            return
        name = self._file_name(key)
        copy = self.cache.open(name)
        if copy is not None:
            with copy:
                yield Path(copy.name)
            return
        with super().fetch(key) as path:
            if not _is_whole(path, key):
                raise HeatersError(f"What the bucket sent as {key!r} is not what was put there.")
            self.cache.add(name, path)
            yield path

    def is_near(self, key: str) -> bool:
        return self.cache.has(self._file_name(key))

    def doubt(self, key: str) -> bool:
        copy = self.cache.open(self._file_name(key))
        if copy is None:
            return False
        with copy:
            if _is_whole(Path(copy.name), key):
                return False
            self.cache.drop(self._file_name(key), though_in_use=True)
        return True

    def make_room(self, free_bytes: int) -> None:
        self.cache.make_room(free_bytes)

    def delete_each(self, keys: Sequence[str]) -> dict[str, str]:
        failures = super().delete_each(keys)
        for key in keys:
            self.cache.drop(self._file_name(key))
        return failures

    def _file_name(self, key: str) -> str:
        """Its suffix is the key's, and another bucket has other names."""
        return f"{text_digest(self.address(key))[:24]}-{PurePosixPath(key).name}"


def _is_whole(path: Path, key: str) -> bool:
    """Whether a file has the digest that the key names, where it names one."""
    digest = layout.own_digest(key)
    return digest is None or layout.name_of(file_digest(path)) == digest
