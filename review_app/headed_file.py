"""A part of a file behind some bytes, as one file."""

from __future__ import annotations

import os
from typing import BinaryIO


class HeadedFile:
    """`head`, then `length` bytes of `file` from byte `start`: as much of a file as PEP 3333's
    file_wrapper asks for. Closing it closes `file`."""

    def __init__(self, head: bytes, file: BinaryIO, start: int, length: int) -> None:
        self._head = head
        self._file = file
        self._start = start
        self._end = len(head) + length
        self._at = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        self._at = origin + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._end if size < 0 else min(self._at + size, self._end)
        content = self._head[self._at : end]
        if end > len(self._head):
            self._file.seek(self._start + max(0, self._at - len(self._head)))
            content += self._file.read(end - max(self._at, len(self._head)))
        self._at += len(content)
        return content

    def close(self) -> None:
        self._file.close()
