"""Uploads in progress: a folder each, with what was announced and the bytes that have arrived.

The size of the data file alone says how much has arrived, so an upload resumes where it was even if
the server was killed. A finished upload keeps its announcement for a day: a client that missed the
last answer can ask for it again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from http import HTTPStatus
from pathlib import Path
from typing import IO

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files.locks import try_lock
from heaters_pipeline.storage import Storage
from review_app.presenters.texts import file_size
from review_app.uploads.upload import (
    KEPT_SECONDS,
    MOST_UNBEGUN,
    PIECE_BYTES,
    UNBEGUN_SECONDS,
    Upload,
    UploadRefused,
    announced,
    busy,
    lost,
)

_ID = re.compile(r"[0-9a-f]{32}")
_DATA, _INFO, _LOCK = "data", "info.json", "lock"
_UNBEGUN = "unbegun"
"""A file that is there until the first byte arrives."""


class UploadFolder:
    """All uploads in progress, below `root`; any number of processes may share it. In the end they
    lie in `storage`."""

    def __init__(self, root: Path, storage: Storage, most_bytes: int) -> None:
        self.root = root
        self._storage = storage
        self.most_bytes = most_bytes

    def create(self, length: int, metadata: str, keep_free: int, sender: str) -> Upload:  # noqa: ARG002
        upload = announced(length, metadata, self.most_bytes)
        self._storage.make_room(length + keep_free)
        self.sweep()
        (self.root / upload.id).mkdir(parents=True)
        try:
            # Uploads that are announced at the same time count this one, too.
            (self.root / upload.id / _UNBEGUN).touch()
            self._write(upload)
            self._check_room(upload, keep_free)
        except UploadRefused:
            self.remove(upload)
            raise
        return upload

    def _check_room(self, upload: Upload, keep_free: int) -> None:
        free = shutil.disk_usage(self.root).free
        promised = sum(each.length - self.offset(each) for each in self._live() if each != upload)
        if upload.length + promised + keep_free > free:
            others = f", {file_size(promised)} of it promised to other uploads" if promised else ""
            raise UploadRefused(
                HTTPStatus.INSUFFICIENT_STORAGE,
                f"{upload.name} has {file_size(upload.length)}, and the server's disk has only "
                f"{file_size(free)} left{others}{_kept(keep_free)}: make room, "
                "or send a smaller file.",
            )

    def _live(self) -> Iterator[Upload]:
        """Those that have got bytes, or were announced, lately."""
        since = time.time() - UNBEGUN_SECONDS
        for folder in self.root.iterdir():
            # It may be removed or announced just now.
            with suppress(FileNotFoundError, UploadRefused):
                if _last_change(folder) >= since:
                    yield self.get(folder.name)

    def get(self, upload_id: str) -> Upload:
        if _ID.fullmatch(upload_id):
            with suppress(FileNotFoundError):
                told = (self.root / upload_id / _INFO).read_text()
                return Upload(**json.loads(told))
        raise lost()

    @contextmanager
    def locked(self, upload_id: str) -> Iterator[Upload]:
        self.get(upload_id)
        try:
            held = try_lock(self.root / upload_id / _LOCK)
        except FileNotFoundError:
            held = None
        if held is None:
            raise busy()
        try:
            yield self.get(upload_id)
        finally:
            os.close(held)

    def _data(self, upload: Upload) -> Path:
        return self.root / upload.id / _DATA

    def offset(self, upload: Upload) -> int:
        if upload.video_key is not None:
            return upload.length
        with suppress(FileNotFoundError):
            return self._data(upload).stat().st_size
        return 0

    def expires(self, upload: Upload) -> float:
        folder = self.root / upload.id
        kept = UNBEGUN_SECONDS if (folder / _UNBEGUN).exists() else KEPT_SECONDS
        return _last_change(folder) + kept

    def append(self, upload: Upload, stream: IO[bytes], keep_free: int) -> None:
        left = upload.length - self.offset(upload)
        try:
            with self._data(upload).open("ab") as file:
                while piece := stream.read(min(left, PIECE_BYTES)):
                    free = shutil.disk_usage(self.root).free
                    if len(piece) + keep_free > free:
                        raise UploadRefused(
                            HTTPStatus.INSUFFICIENT_STORAGE,
                            f"{upload.name} has to wait at byte {upload.length - left}: the "
                            f"server's disk has only {file_size(free)} left{_kept(keep_free)}: "
                            "make room, and resume it.",
                        )
                    left -= file.write(piece)
                    (self.root / upload.id / _UNBEGUN).unlink(missing_ok=True)
        except OSError as error:
            raise HeatersError(
                f"{upload.name} can't be written on the server: {error.strerror}."
            ) from error

    def deliver(self, upload: Upload) -> None:
        self._storage.put(self._data(upload), upload.object_key)

    def finish(self, upload: Upload) -> Upload:
        finished = replace(upload, video_key=upload.key_to_be)
        self._write(finished)
        self._data(upload).unlink(missing_ok=True)
        self.sweep()
        return finished

    def remove(self, upload: Upload) -> None:
        shutil.rmtree(self.root / upload.id, ignore_errors=True)
        self.sweep()

    def sweep(self) -> None:
        if not self.root.is_dir():
            return
        unbegun: list[tuple[float, Path]] = []
        for folder in self.root.iterdir():
            with suppress(FileNotFoundError):  # another process is just removing it
                changed, has_begun = _last_change(folder), not (folder / _UNBEGUN).exists()
                if changed + (KEPT_SECONDS if has_begun else UNBEGUN_SECONDS) < time.time():
                    self._abandon(folder)
                elif not has_begun:
                    unbegun.append((changed, folder))
        for _, folder in sorted(unbegun)[:-MOST_UNBEGUN]:
            self._abandon(folder)

    def _abandon(self, folder: Path) -> None:
        with suppress(FileNotFoundError):
            held = try_lock(folder / _LOCK)
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)

    def _write(self, upload: Upload) -> None:
        info = self.root / upload.id / _INFO
        written = info.with_suffix(".partial")
        written.write_text(json.dumps(asdict(upload)))
        written.replace(info)


def _kept(keep_free: int) -> str:
    if not keep_free:
        return ""
    return f", and {file_size(keep_free)} have to stay free (HEATERS_MIN_FREE_GB)"


def _last_change(folder: Path) -> float:
    data = folder / _DATA
    return (data if data.exists() else folder).stat().st_mtime
