"""Uploads in progress: a folder each, with what was announced and the bytes that have arrived.

The size of the data file alone says how much has arrived, so an upload resumes where it was even if
the server was killed. A finished upload keeps its announcement for a day: a client that missed the
last answer can ask for it again.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import IO

from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files.locks import try_lock
from review_app.presenters.texts import file_size, one_line

KEPT_SECONDS = 24 * 3600
"""An upload that has got no bytes for so long is abandoned."""

UNBEGUN_SECONDS = 10 * 60
"""An announcement without a byte is abandoned sooner, and an upload that rests for so long has no
place on the disk promised to it any more: it resumes when there is some."""

MOST_UNBEGUN = 100
"""Announcements without a byte. A further one takes the place of the oldest, so that nobody can
keep others from announcing."""

PIECE_BYTES = 1 << 20
LONGEST_NAME = 255
"""As long as a name may be on the usual file systems."""

_ID = re.compile(r"[0-9a-f]{32}")
_DATA, _INFO, _LOCK = "data", "info.json", "lock"
_UNBEGUN = "unbegun"
"""A file that is there until the first byte arrives."""


class UploadRefused(HeatersError):
    """A request that is answered with `status` and a sentence."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Upload:
    """A file that a client has announced. `metadata` is its header as it came, which HEAD answers;
    `video_key` is the key of the source video, once the upload has become one."""

    id: str
    length: int
    metadata: str
    video_key: str | None = None

    @property
    def name(self) -> str:
        """The file's name without any folders, which browsers and scripts may put before it."""
        name = one_line(re.split(r"[/\\]", self._told("filename") or self._told("name"))[-1])
        return "" if name in (".", "..") else name[:LONGEST_NAME]

    @property
    def suffix(self) -> str:
        """With its dot; empty where the name has none."""
        suffix = PurePosixPath(self.name).suffix.lower()
        return suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ""

    @property
    def title(self) -> str | None:
        return one_line(self._told("title")) or None

    @property
    def already_cut(self) -> bool:
        return self._told("already_cut") in ("1", "true")

    @property
    def pipeline(self) -> ClipPipeline | None:
        """None where nobody says."""
        told = self._told("pipeline")
        return ClipPipeline(told) if told in set(ClipPipeline) else None

    def _told(self, field: str) -> str:
        return parse_metadata(self.metadata).get(field, "")


def parse_metadata(header: str) -> dict[str, str]:
    """The fields of an `Upload-Metadata` header: `name base64,name base64`; a value may be
    missing (tus 1.0.0, extension Creation)."""
    fields = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            fields[name] = b64decode(value.strip(), validate=True).decode()
        except ValueError:
            raise UploadRefused(
                HTTPStatus.BAD_REQUEST,
                f"The field {name!r} of Upload-Metadata is not UTF-8 text in base64.",
            ) from None
    return fields


class UploadFolder:
    """All uploads in progress, below `root`; any number of processes may share it."""

    def __init__(self, root: Path, most_bytes: int) -> None:
        self.root = root
        self.most_bytes = most_bytes

    def create(self, length: int, metadata: str, keep_free: int) -> Upload:
        """Raises UploadRefused where the disk would have less than `keep_free` bytes free once this
        upload and all others have arrived."""
        upload = Upload(secrets.token_hex(16), length, metadata)
        self._check(upload)
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

    def _check(self, upload: Upload) -> None:
        if not upload.name:
            raise UploadRefused(
                HTTPStatus.BAD_REQUEST,
                "The upload has no file name: send it as `filename` in Upload-Metadata.",
            )
        if upload.length == 0:
            raise UploadRefused(HTTPStatus.BAD_REQUEST, f"{upload.name} is empty: it has no video.")
        if upload.length > self.most_bytes:
            raise UploadRefused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"{upload.name} has {file_size(upload.length)}; files of at most "
                f"{file_size(self.most_bytes)} are taken (HEATERS_MAX_SOURCE_GB).",
            )

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
        """Raises UploadRefused (404) for one that never was or was swept."""
        if _ID.fullmatch(upload_id):
            with suppress(FileNotFoundError):
                told = (self.root / upload_id / _INFO).read_text()
                return Upload(**json.loads(told))
        raise UploadRefused(
            HTTPStatus.NOT_FOUND,
            "There is no such upload: it was cancelled, or left alone for too long. Send "
            "the file again from its beginning.",
        )

    @contextmanager
    def locked(self, upload_id: str) -> Iterator[Upload]:
        """The upload, for one request at a time, whichever process answers it."""
        self.get(upload_id)
        try:
            held = try_lock(self.root / upload_id / _LOCK)
        except FileNotFoundError:
            held = None
        if held is None:
            raise UploadRefused(
                HTTPStatus.LOCKED,
                "Another request is working on this upload: ask for its offset in a moment.",
            )
        try:
            yield self.get(upload_id)
        finally:
            os.close(held)

    def data(self, upload: Upload) -> Path:
        return self.root / upload.id / _DATA

    def offset(self, upload: Upload) -> int:
        """How many bytes have arrived."""
        if upload.video_key is not None:
            return upload.length
        with suppress(FileNotFoundError):
            return self.data(upload).stat().st_size
        return 0

    def expires(self, upload: Upload) -> float:
        """When the upload is swept unless it resumes, in seconds since 1970."""
        folder = self.root / upload.id
        kept = UNBEGUN_SECONDS if (folder / _UNBEGUN).exists() else KEPT_SECONDS
        return _last_change(folder) + kept

    def append(self, upload: Upload, stream: IO[bytes], keep_free: int) -> None:
        """Keeps all bytes that arrive from `stream`, even if it breaks off, up to the announced
        length. Raises UploadRefused where the disk would have less than `keep_free` bytes free; the
        upload can resume when there is room."""
        left = upload.length - self.offset(upload)
        try:
            with self.data(upload).open("ab") as file:
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

    def finish(self, upload: Upload, video_key: str) -> Upload:
        """Call it when the bytes are safe elsewhere."""
        finished = replace(upload, video_key=video_key)
        self._write(finished)
        self.data(upload).unlink(missing_ok=True)
        self.sweep()
        return finished

    def remove(self, upload: Upload) -> None:
        shutil.rmtree(self.root / upload.id, ignore_errors=True)
        self.sweep()

    def sweep(self) -> None:
        """Removes abandoned uploads, and the oldest of too many that have not begun."""
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
