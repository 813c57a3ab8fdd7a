"""A dataset as one ZIP file that is made while it is read.

A ZIP that breaks off has no list of its files, so that it can't be opened as if it were whole.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Full, Queue
from typing import Any, BinaryIO, cast

from heaters_pipeline.datasets.rows import Sink

IN_MEMORY = 8 << 20
"""Bytes of a file that wait in memory for their turn; more wait on the disk."""

PIECES = 16
LOOK_SECONDS = 0.2


class ZipSink:
    """Files one after the other in a ZIP. Each waits until it is whole: several can be open."""

    def __init__(self, archive: zipfile.ZipFile, scratch: Path) -> None:
        self._archive, self._scratch = archive, scratch

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(self._scratch)) as file:
            yield cast(BinaryIO, file)
            file.seek(0)
            entry = zipfile.ZipInfo(name)  # of 1980: the same bytes each time
            with self._archive.open(entry, "w", force_zip64=True) as out:
                shutil.copyfileobj(file, out, 1 << 20)


def zipped(make: Callable[[Sink], object], scratch: Path) -> Iterator[bytes]:
    """What `make` writes, as a ZIP. It works in a thread of its own, which waits for whoever reads
    and ends with them. Raises what `make` raises. `scratch` is a folder for work in progress."""
    out = _Pieces()

    def run() -> None:
        try:
            archive = zipfile.ZipFile(cast(BinaryIO, out), "w")
            make(ZipSink(archive, scratch))
            archive.close()
        except BaseException as error:
            out.end(error)
        else:
            out.end(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield from out.read()
    finally:
        out.stop()
        thread.join()


class _Pieces:
    """A file that one thread writes and another reads."""

    def __init__(self) -> None:
        self._pieces: Queue[bytes | BaseException | None] = Queue(PIECES)
        self._stopped = threading.Event()
        self._ended = False

    def flush(self) -> None:
        """What is written waits for its reader already."""

    def write(self, content: Any) -> int:
        if not self._ended:
            self._put(bytes(content))
        return len(content)

    def end(self, error: BaseException | None) -> None:
        if not self._stopped.is_set():
            self._put(error)
        self._ended = True  # an archive that was left open writes its list when it is forgotten

    def stop(self) -> None:
        self._stopped.set()

    def read(self) -> Iterator[bytes]:
        while (piece := self._pieces.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    def _put(self, piece: bytes | BaseException | None) -> None:
        while not self._stopped.is_set():
            try:
                return self._pieces.put(piece, timeout=LOOK_SECONDS)
            except Full:
                continue
        raise BrokenPipeError("Nobody reads the ZIP any more.")
