"""Objects as files below one folder."""

from __future__ import annotations

import builtins
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files.blocks import copy
from heaters_pipeline.files.durable import sync
from heaters_pipeline.storage.base import (
    CHUNK_BYTES,
    PARTIAL_SUFFIX,
    Entry,
    ObjectMissing,
    Unfinished,
    check_key,
    too_short,
)

ABANDONED_AFTER_SECONDS = 24 * 3600


class LocalStorage:
    has_classes = False

    def __init__(self, root: Path) -> None:
        self.root = root

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def put(self, local: Path, key: str) -> None:
        target = self._path(key)
        with self._errors(key):
            self._put(local, target)

    def _put(self, local: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target)
        # A name of its own, so that two writers of one key never write into one file.
        partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
        try:
            try:
                os.link(local, partial)
            except OSError:  # another file system, or one without hard links
                copy(local, partial)
            sync(partial)
            partial.replace(target)
            sync(target.parent)
        finally:
            # It remains after an error, and where the target was a link to the very same file.
            partial.unlink(missing_ok=True)

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        path = self._path(key)
        if not path.is_file():
            raise ObjectMissing(key)
        yield path

    def is_near(self, key: str) -> bool:  # noqa: ARG002
        return True

    def doubt(self, key: str) -> bool:  # noqa: ARG002
        """There are no copies, here and below."""
        return False

    def make_room(self, free_bytes: int) -> None:
        pass

    def read_range(self, key: str, start: int, length: int) -> bytes:
        with self._open(key) as file:
            file.seek(start)
            content = file.read(length)
        if len(content) != length:
            raise too_short(key, start, length)
        return content

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        return _chunks(self._open(key), key, start, length)

    def size(self, key: str) -> int:
        with self.fetch(key) as path:
            return path.stat().st_size

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def link(self, *_: object, **__: object) -> None:
        return None

    def address(self, key: str) -> str:
        return str(self._path(key).absolute())

    def delete(self, *keys: str) -> None:
        for sentence in self.delete_each(keys).values():
            raise HeatersError(sentence)

    def delete_each(self, keys: Sequence[str]) -> dict[str, str]:
        failures = {}
        for key, path in [(key, self._path(key)) for key in keys]:
            try:
                with self._errors(key):
                    self._delete(path)
            except HeatersError as error:
                failures[key] = str(error)
        return failures

    def _delete(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self.root:
                break
            try:
                folder.rmdir()
            except OSError:  # not empty, or removed by another process
                break

    def set_class(self, key: str, storage_class: str | None) -> None:  # noqa: ARG002
        raise HeatersError(f"A folder has no storage classes, so {key!r} stays where it is.")

    def probe(self) -> None:
        """A folder answers always; what is wrong with its disk, each request says."""

    def entries(self, after: str = "") -> Iterator[Entry]:
        for key, found in self._walk(self.root, "", after):
            if not key.endswith(PARTIAL_SUFFIX):
                yield Entry(key, found.st_size, _changed_at(found), etag=None, is_cold=False)

    def unfinished(self) -> Iterator[Unfinished]:
        for key, found in self._walk(self.root, "", ""):
            if key.endswith(PARTIAL_SUFFIX):
                name = key.removesuffix(PARTIAL_SUFFIX).rpartition(".")[0]
                yield Unfinished(name, _changed_at(found), id=key)

    def abandon(self, upload: Unfinished) -> None:
        with self._errors(upload.key):
            self._delete(self.root / upload.id)

    def _walk(self, folder: Path, prefix: str, after: str) -> Iterator[tuple[str, os.stat_result]]:
        """All files in the order of their keys, one folder in memory at a time."""
        with self._errors(prefix):
            try:
                found = [(each.name + "/" * each.is_dir(), each) for each in os.scandir(folder)]
            except FileNotFoundError:  # removed meanwhile, or nothing has been stored yet
                return
        for name, each in sorted(found, key=lambda one: one[0]):
            key = prefix + name
            if key.endswith("/"):
                if key > after or after.startswith(key):
                    yield from self._walk(Path(each.path), key, after)
            elif key > after:
                with suppress(FileNotFoundError):
                    yield key, each.stat()

    def list(self, prefix: str) -> builtins.list[str]:
        # All keys lie in the folder that the prefix names in full.
        folder = self.root / prefix.rpartition("/")[0]
        keys = (
            path.relative_to(self.root).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != PARTIAL_SUFFIX
        )
        return sorted(key for key in keys if key.startswith(prefix))

    def _open(self, key: str) -> BinaryIO:
        path = self._path(key)
        with self._errors(key):
            try:
                return path.open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                raise ObjectMissing(key) from None

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise HeatersError(
                f"The storage in {self.root} can't be used for {key!r}: {error.strerror or error}. "
                "Check its disk, then try again."
            ) from error


def _chunks(file: BinaryIO, key: str, start: int, length: int | None) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = length
        while left is None or left > 0:
            chunk = file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk:
                if left is not None:
                    raise too_short(key, start, length or 0)
                return
            if left is not None:
                left -= len(chunk)
            yield chunk


def _changed_at(found: os.stat_result) -> datetime:
    """When the file came to its place: one that was linked may have been written long before."""
    return datetime.fromtimestamp(found.st_ctime, UTC)


def _remove_abandoned(target: Path) -> None:
    """Remove the partial files of killed writers of this key."""
    for partial in target.parent.iterdir():
        if partial.suffix == PARTIAL_SUFFIX and partial.name.startswith(f"{target.name}."):
            with suppress(FileNotFoundError):  # its writer has just ended
                if partial.lstat().st_mtime < time.time() - ABANDONED_AFTER_SECONDS:
                    partial.unlink()
