"""Files that lie elsewhere, and are read by ranges."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Protocol

BLOCK_BYTES = 1 << 18
"""Read at a time while the index is looked for."""


class Remote(Protocol):
    """An object that is read by ranges."""

    @property
    def size(self) -> int: ...

    def read(self, start: int, length: int) -> bytes: ...

    def stream(self, start: int, length: int) -> Iterable[bytes]: ...


class RemoteFile(io.RawIOBase):
    """As a file, for the time that it takes to look for an index."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._at = 0
        self.blocks: dict[int, bytes] = {}
        """That were read, by number."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._remote.size}[whence]
        self._at = base + offset
        return self._at

    def read(self, length: int = -1) -> bytes:
        number, within = divmod(self._at, BLOCK_BYTES)
        start = number * BLOCK_BYTES
        if number not in self.blocks:
            size = min(BLOCK_BYTES, self._remote.size - start)
            self.blocks[number] = self._remote.read(start, size) if size > 0 else b""
        block = self.blocks[number]
        found = block[within:] if length < 0 else block[within : within + length]
        self._at += len(found)
        return found
