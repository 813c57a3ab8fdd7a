"""Backing up: the database at one moment, and every object that it names.

Work goes on meanwhile. The database is read first; what it names and what is deleted before it was
copied is told of.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db import backed_up_objects, migrate
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.snapshots import server_version, snapshot
from heaters_pipeline.domain.errors import HeatersError, InputError, Refused
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.media.ffmpeg.process import heed_stop
from heaters_pipeline.storage import LocalStorage, ObjectMissing, Stamp, Storage, stamps
from heaters_pipeline.work.backup_folder import (
    LIST,
    Description,
    Held,
    Unfinished,
    new_backup,
)
from heaters_pipeline.work.side_by_side import side_by_side

AT_ONCE = 4
TRIES = 3
"""How often an object is read whose bytes are not the expected ones."""

Dump = Callable[[str, Path], int]
"""Writes the database into a file, as the snapshot of this name shows it; the major version of the
program that did it."""


@dataclass(frozen=True)
class BackedUp:
    folder: Path
    objects: int
    bytes: int
    copied: int
    copied_bytes: int
    """Of those, what no earlier backup held."""
    vanished: list[str]
    """Objects that a decision had deleted or replaced before they were copied."""
    troubles: Mapping[str, str]
    """Why objects are missing or damaged, by key."""


def back_up(
    engine: Engine,
    storage: Storage,
    root: Path,
    dump: Dump,
    on_progress: Callable[[str, float], None] = lambda _step, _done: None,
) -> BackedUp:
    """Writes a backup into a new folder below `root`. Objects that the last backup there holds, and
    those broken off since, are not copied again."""
    with new_backup(root) as (backup, before):
        on_progress("database", 0)
        with snapshot(engine) as (session, name):
            schema = _schema(session)
            server = server_version(session)
            named = backed_up_objects.named(session)
            entered = backed_up_objects.entered(session)
            taken_at = datetime.now(UTC).isoformat()
            program = dump(name, backup.dump)
        copies = _Copies(storage, backup, before, named, on_progress)
        copies.take(named.keys() | entered)
        with transaction(engine) as session:
            now = backed_up_objects.named(session)
        vanished, troubles = copies.judged(now)
        folder = backup.finish(
            Description(
                taken_at=taken_at,
                heaters=version("heaters"),
                schema=schema,
                postgres=server,
                pg_dump=program,
                dump_sha256=file_digest(backup.dump),
                list_sha256=file_digest(backup.folder / LIST),
                objects=copies.objects,
                bytes=copies.bytes,
                absent={key: why for key, why in copies.absent.items() if key in named},
            )
        )
    return BackedUp(
        folder, copies.objects, copies.bytes, copies.copied, copies.copied_bytes, vanished, troubles
    )


def _schema(session: Session) -> str:
    schema = migrate.revision(session.connection())
    if schema is None:
        raise InputError("The database has no tables of Heaters: there is nothing to back up.")
    migrate.check_known(schema, "The database")
    return schema


class _Copies:
    """The objects of one backup, while they are copied."""

    def __init__(
        self,
        storage: Storage,
        backup: Unfinished,
        before: Mapping[str, tuple[Held, LocalStorage]],
        named: Mapping[str, str | None],
        on_progress: Callable[[str, float], None],
    ) -> None:
        self.storage = storage
        self.backup = backup
        self.before = before
        self.named = named
        self.on_progress = on_progress
        self.objects = self.bytes = self.copied = self.copied_bytes = 0
        self.absent: dict[str, str] = {}
        self.differing: dict[str, str] = {}
        """Digests of objects whose bytes are not those that a row tells of."""
        self._lock = threading.Lock()

    def take(self, keys: set[str]) -> None:
        there = stamps(self.storage)
        self.absent = {key: str(ObjectMissing(key)) for key in keys - there.keys()}
        wanted = {key: there[key] for key in sorted(keys & there.keys())}
        total = sum(stamp.bytes for stamp in wanted.values())
        side_by_side(
            lambda key: self._take(key, wanted[key]),
            wanted,
            AT_ONCE,
            lambda _key: self.on_progress("objects", self.bytes / max(1, total)),
        )

    def judged(self, now: Mapping[str, str | None]) -> tuple[list[str], dict[str, str]]:
        """What went away while work went on, and what is wrong, by what rows name `now`."""
        absent = {key: why for key, why in self.absent.items() if key in self.named}
        troubles = {key: why for key, why in absent.items() if key in now}
        troubles |= {
            key: f"{key} is damaged in the storage: it is not what was put there."
            for key, digest in self.differing.items()
            if now.get(key) not in (None, digest)
        }
        gone = absent.keys() | self.differing.keys()
        return sorted(gone - troubles.keys()), troubles

    def _take(self, key: str, stamp: Stamp) -> None:
        try:
            held = self._linked(key, stamp)
            is_new = held is None
            held = held or self._copied(key, stamp)
        except (ObjectMissing, Refused) as error:
            with self._lock:
                self.absent[key] = str(error)
            return
        self.backup.note(held)
        with self._lock:
            self.objects += 1
            self.bytes += held.bytes
            self.copied += is_new
            self.copied_bytes += held.bytes * is_new
            if self.named.get(key) not in (None, held.sha256):
                self.differing[key] = held.sha256

    def _linked(self, key: str, stamp: Stamp) -> Held | None:
        """The object of an earlier backup, if the storage has had no other one since."""
        held, objects = self.before.get(key, (None, None))
        if held is None or objects is None or held.stamp != stamp:
            return None
        try:
            with objects.fetch(key) as path:
                if path.stat().st_size == held.bytes:
                    self.backup.objects.put(path, key)
                    return held
        except ObjectMissing:
            pass
        return None

    def _copied(self, key: str, stamp: Stamp) -> Held:
        path = self.backup.folder / f"{secrets.token_hex(8)}.partial"
        try:
            for tried in range(1, TRIES + 1):
                try:
                    size, sha256 = self._write(key, path)
                except (ObjectMissing, Refused):
                    raise
                except HeatersError:
                    if tried == TRIES:
                        raise
                    continue
                if size == stamp.bytes and self.named.get(key) in (None, sha256):
                    break
            self.backup.objects.put(path, key)
        finally:
            path.unlink(missing_ok=True)
        return Held(key, size, sha256, stamp)

    def _write(self, key: str, path: Path) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("wb") as file:
                for chunk in _chunks(self.storage, key):
                    digest.update(chunk)
                    size += file.write(chunk)
        except OSError as error:
            raise HeatersError(
                f"The backup can't be written to {path.parent}: {error.strerror or error}; the "
                "same command goes on from here."
            ) from error
        return size, digest.hexdigest()


def _chunks(storage: Storage, key: str) -> Iterator[bytes]:
    try:
        for chunk in storage.stream(key):
            heed_stop()
            yield chunk
    except OSError as error:
        raise Refused(f"{key} can't be read: {error.strerror or error}.") from error
