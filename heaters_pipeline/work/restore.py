"""Restoring a backup: its objects into an empty storage, then its database, in one transaction."""

from __future__ import annotations

import errno
import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.ffmpeg.process import heed_stop
from heaters_pipeline.storage import ObjectMissing, Storage, stamps
from heaters_pipeline.work.backup_folder import Backup, Held, check_digest
from heaters_pipeline.work.side_by_side import side_by_side

AT_ONCE = 4


@dataclass
class Restored:
    objects: int
    absent: dict[str, str]
    """Objects that rows name and that are not there now: why, by key."""
    bytes: int = 0


def check_storage(backup: Backup, storage: Storage) -> list[Held]:
    """The objects of a backup. Raises InputError where the storage holds any other one: those of
    this backup may have come by a restore that was broken off."""
    held = backup.held()
    foreign = sorted(stamps(storage).keys() - {each.key for each in held})
    if foreign:
        raise InputError(
            f"The storage is not empty: it has {storage.address(foreign[0])}; set STORAGE_URL to "
            "an empty place."
        )
    return held


def restore_objects(
    backup: Backup,
    held: Iterable[Held],
    storage: Storage,
    home: Path,
    on_progress: Callable[[float], None] = lambda _done: None,
) -> Restored:
    """Puts the objects into the storage, each after its checksum was compared. One that is damaged
    in the backup is left out and told of: the rest is worth having."""
    check_digest(backup.dump, backup.description.dump_sha256)
    held = list(held)
    there = stamps(storage)
    result = Restored(len(held), dict(backup.description.absent))
    total = sum(each.bytes for each in held)

    def restore(each: Held) -> str | None:
        stamp = there.get(each.key)
        if stamp is not None and stamp.bytes == each.bytes and _is_there(storage, each):
            return None
        path = folder / secrets.token_hex(8)
        try:
            return _put(backup, each, storage, path)
        finally:
            path.unlink(missing_ok=True)

    def count(each: Held) -> None:
        result.bytes += each.bytes
        on_progress(result.bytes / max(1, total))

    with scratch_folder(home) as folder:
        told = side_by_side(restore, held, AT_ONCE, count)
    result.absent |= {
        each.key: why for each, why in zip(held, told, strict=True) if why is not None
    }
    result.objects -= len(result.absent.keys() & {each.key for each in held})
    return result


def _put(backup: Backup, each: Held, storage: Storage, path: Path) -> str | None:
    """Why an object can't be put; None if it was. The copy in between keeps the storage from
    sharing blocks with the backup."""
    try:
        with backup.objects.fetch(each.key) as source:
            shutil.copyfile(source, path)
    except ObjectMissing:
        return f"{each.key} is missing in the backup."
    except OSError as error:
        if error.errno == errno.EIO:
            return f"{each.key} can't be read from the backup."
        raise HeatersError(
            f"{each.key} can't be copied: {error.strerror or error}; the same command goes on "
            "from here."
        ) from error
    heed_stop()
    if file_digest(path) != each.sha256:
        return f"{each.key} is damaged in the backup."
    storage.put(path, each.key)
    return None


def _is_there(storage: Storage, each: Held) -> bool:
    digest = hashlib.sha256()
    for chunk in storage.stream(each.key):
        heed_stop()
        digest.update(chunk)
    return digest.hexdigest() == each.sha256
