"""An object as a file that can be read at any place."""

from __future__ import annotations

import io

from heaters_pipeline.storage.base import Storage


class StoredFile(io.RawIOBase):
    """Reads only the bytes that are asked for. Raises ObjectMissing at once."""

    def __init__(self, storage: Storage, key: str) -> None:
        self._storage, self._key = storage, key
        self._size, self._at = storage.size(key), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._at)
        length = left if size < 0 else min(size, left)
        content = self._storage.read_range(self._key, self._at, length) if length else b""
        self._at += length
        return content
