"""Copies of a storage's objects on this machine: files in one folder, which processes share.

A file is put there whole, by a link or a rename, and never changed. Whoever reads one holds a lock
on it, and a file that somebody holds is not deleted. All that changes the folder happens under one
lock, for moments. The kernel releases the locks of a process that dies.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from heaters_pipeline.files.blocks import copy
from heaters_pipeline.files.durable import sync
from heaters_pipeline.files.locks import lock, try_lock
from heaters_pipeline.files.scratch import scratch_folder

LOCK_NAME = ".lock"
TOTAL_NAME = ".bytes"
"""How many bytes all files have, written before a file comes: it may say too much, after a crash
or a deletion, and is counted anew where it says that there are too many."""

FULL_AFTER_TRIM = 0.9
"""The share of the allowed bytes that stays when files are deleted, so that this is seldom."""


class CacheLimits(NamedTuple):
    most_bytes: int
    """Of all files; 0 for no cache."""
    keep_free: int = 0
    """Bytes that shall stay free on the disk: the cache gives way."""


NO_CACHE = CacheLimits(0)


class ObjectCache:
    def __init__(self, home: Path, limits: CacheLimits) -> None:
        self.root = home / "cache"
        self._home = home
        self._limits = limits

    def has(self, name: str) -> bool:
        return (self.root / name).exists()

    def open(self, name: str) -> BinaryIO | None:
        """A file, which stays where it is until it is closed. None where there is none."""
        with suppress(FileNotFoundError), self._alone():
            file = (self.root / name).open("rb")
            fcntl.flock(file, fcntl.LOCK_SH)  # who wants it alone holds the lock of all, too
            _note_use(self.root / name)
            return file
        return None

    def add(self, name: str, file: Path) -> None:
        """Takes in the content of `file`, which must not change afterwards. What does not fit stays
        out, and so does everything while the disk is full."""
        with suppress(OSError):
            size = file.stat().st_size
            if size > self._kept_bytes or self.has(name):
                return
            sync(file)
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                self._take(name, size, lambda path: os.link(file, path))
            except FileExistsError:
                return
            except OSError:  # another file system, or one without hard links
                with scratch_folder(self._home) as folder:
                    whole = folder / "copy"
                    copy(file, whole)
                    sync(whole)
                    self._take(name, size, whole.replace)

    def _take(self, name: str, size: int, put: Callable[[Path], object]) -> None:
        with self._alone():
            before = self._total()
            self._note_total(before + size)
            try:
                put(self.root / name)
            except OSError:
                self._note_total(before)
                raise
            _note_use(self.root / name)
            self._trim(self._limits.keep_free)

    def make_room(self, free_bytes: int) -> None:
        """Deletes files, until the disk has so many bytes free or all that are left are in use; the
        allowed bytes may have become fewer, too."""
        if self.root.is_dir():
            with self._alone():
                self._trim(free_bytes)

    def drop(self, name: str, *, though_in_use: bool = False) -> None:
        """Deletes a file, unless somebody reads it."""
        if self.has(name):
            with self._alone():
                path = self.root / name
                if though_in_use:
                    path.unlink(missing_ok=True)
                else:
                    _delete(path)

    def size(self) -> int:
        """Bytes of all files, counted."""
        return sum(each.stat().st_size for each in self._files())

    def _trim(self, free_bytes: int) -> None:
        """Deletes files, the least recently used first, until neither they nor the disk are too
        full. The caller is alone."""
        missing = free_bytes - self._free()
        if self._total() <= self._limits.most_bytes and missing <= 0:
            return
        found = [(each, each.stat()) for each in self._files()]
        left = sum(stat.st_size for _, stat in found)
        goal = min(
            self._kept_bytes if left > self._limits.most_bytes else left, left - max(0, missing)
        )
        for path, stat in sorted(found, key=lambda one: one[1].st_atime_ns):
            if left <= goal:
                break
            if _delete(path):
                left -= stat.st_size
        self._note_total(left)

    def _files(self) -> list[Path]:
        return [path for path in self.root.glob("*") if path.name not in (LOCK_NAME, TOTAL_NAME)]

    def _alone(self) -> AbstractContextManager[None]:
        return lock(self.root / LOCK_NAME)

    @property
    def _kept_bytes(self) -> int:
        return round(self._limits.most_bytes * FULL_AFTER_TRIM)

    def _free(self) -> int:
        return shutil.disk_usage(self.root).free

    def _total(self) -> int:
        with suppress(FileNotFoundError, ValueError):
            return int((self.root / TOTAL_NAME).read_text())
        return self.size()

    def _note_total(self, total: int) -> None:
        (self.root / TOTAL_NAME).write_text(str(total))


def _delete(path: Path) -> bool:
    """Whether nobody reads it, so that it is gone. The caller is alone with the folder."""
    with suppress(FileNotFoundError):
        held = try_lock(path)
        if held is None:
            return False
        path.unlink()
        os.close(held)
    return True


def _note_use(path: Path) -> None:
    """In the time of the last access, which a disk that is mounted without does not note itself.
    That of the last change stays."""
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
