"""A folder of backups, on disk.

    DIR/2026-11-29T09-33-12.123456Z/    one backup
        database.dump                   by pg_dump, in its custom format
        objects/videos/...              every object under its key
        objects.jsonl                   size, checksum and stamp of each
        backup.json                     what all of this is

A backup has its name once it is whole; before, `.partial` follows. Objects that an earlier one
holds are shared with it by hard links, so each can be read and deleted by itself.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.files.durable import sync
from heaters_pipeline.files.locks import try_lock
from heaters_pipeline.storage import LocalStorage, Stamp

FORMAT = 1
PARTIAL = ".partial"
DUMP = "database.dump"
OBJECTS = "objects"
LIST = "objects.jsonl"
DESCRIPTION = "backup.json"


class Held(NamedTuple):
    """An object in a backup."""

    key: str
    bytes: int
    sha256: str
    stamp: Stamp
    """That it had in the storage."""


@dataclass(frozen=True)
class Description:
    taken_at: str
    heaters: str
    """The version that made it."""
    schema: str
    """The last migration that the database had seen."""
    postgres: int
    """The server's major version."""
    pg_dump: int
    """The program's major version."""
    dump_sha256: str
    list_sha256: str
    objects: int
    bytes: int
    """Of all objects."""
    absent: Mapping[str, str]
    """Objects that the database names and the backup lacks: why, by key."""
    format: int = FORMAT


@dataclass(frozen=True)
class Backup:
    """One that is whole, as far as its description says."""

    folder: Path
    description: Description

    @property
    def dump(self) -> Path:
        return self.folder / DUMP

    @property
    def objects(self) -> LocalStorage:
        return LocalStorage(self.folder / OBJECTS)

    def held(self) -> list[Held]:
        """Raises HeatersError where the list of objects is not the one that was written."""
        check_digest(self.folder / LIST, self.description.list_sha256)
        return list(_read_list(self.folder / LIST))


class Unfinished:
    """A backup that is being written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dump = folder / DUMP
        self.objects = LocalStorage(folder / OBJECTS)
        self._list = (folder / LIST).open("w")
        self._lock = threading.Lock()

    def note(self, held: Held) -> None:
        """Of an object that is there from now on, also for the next backup if this one ends
        early."""
        with self._lock:
            self._list.write(json.dumps(held) + "\n")
            self._list.flush()

    def finish(self, description: Description) -> Path:
        """Gives the backup its name: until then nobody takes it for one."""
        text = json.dumps(asdict(description), indent=2)
        (self.folder / DESCRIPTION).write_text(text + "\n")
        for path in (self.dump, self.folder / LIST, self.folder / DESCRIPTION, self.folder):
            sync(path)
        final = self.folder.with_suffix("")
        self.folder.rename(final)
        sync(final.parent)
        return final

    def close(self) -> None:
        self._list.close()


@contextmanager
def new_backup(root: Path) -> Iterator[tuple[Unfinished, dict[str, tuple[Held, LocalStorage]]]]:
    """A backup to be written into the folder `root`, and what the last one holds by key, with those
    that were broken off since. These are removed once the new one is finished. Raises Conflict
    while another process writes there."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = try_lock(root / ".lock")
    except OSError as error:
        raise InputError(f"{root} can't hold backups: {error.strerror or error}.") from None
    if lock is None:
        raise Conflict(f"Another process is writing a backup into {root}: wait for it to end.")
    try:
        broken_off = sorted(root.glob(f"*Z{PARTIAL}"))
        finished = sorted(_finished(root))[-1:]
        before = {
            held.key: (held, LocalStorage(folder / OBJECTS))
            for folder in [*finished, *broken_off]
            for held in _read_list(folder / LIST)
        }
        name = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%fZ")
        folder = root / f"{name}{PARTIAL}"
        folder.mkdir(mode=0o700)
        unfinished = Unfinished(folder)
        try:
            yield unfinished, before
        finally:
            unfinished.close()
        for old in broken_off:
            shutil.rmtree(old, ignore_errors=True)
    finally:
        os.close(lock)


def open_backup(folder: Path) -> Backup:
    """The newest whole backup in a folder of backups, or the one that lies in `folder` itself."""
    if not (folder / DESCRIPTION).is_file():
        finished = sorted(_finished(folder))
        if not finished:
            raise InputError(f"{folder} holds no finished backup: name the folder of a backup.")
        folder = finished[-1]
    if folder.name.endswith(PARTIAL):
        raise InputError(f"The backup {folder} was broken off: it is not whole.")
    try:
        known = {field.name for field in fields(Description)}
        described = json.loads((folder / DESCRIPTION).read_text())
        if described["format"] > FORMAT:
            raise InputError(f"{folder} was written by a newer Heaters: install that one.")
        return Backup(folder, Description(**{name: described[name] for name in known}))
    except (OSError, ValueError, KeyError, TypeError):
        raise HeatersError(f"{folder / DESCRIPTION} is damaged: restore another backup.") from None


def check_digest(path: Path, sha256: str) -> None:
    """Raises HeatersError where the file is not the one that was written."""
    if not path.is_file() or file_digest(path) != sha256:
        raise _damaged(path)


def _damaged(path: Path) -> HeatersError:
    return HeatersError(f"{path} is missing or damaged: restore another backup.")


def _finished(root: Path) -> Iterator[Path]:
    for folder in root.glob("*Z"):
        if (folder / DESCRIPTION).is_file():
            yield folder


def _read_list(path: Path) -> Iterator[Held]:
    """As far as it was written."""
    if not path.is_file():
        return
    with path.open() as lines:
        for line in lines:
            try:
                key, size, sha256, stamp = json.loads(line)
                yield Held(key, size, sha256, Stamp(*stamp))
            except (ValueError, TypeError):  # a kill cut it short
                return
