"""An upload as a client announces it, and what keeps the bytes that have arrived of it."""

from __future__ import annotations

import re
import secrets
from base64 import b64decode
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import IO, Protocol

from heaters_pipeline.domain import layout
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.work.register import upload_key
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

    @property
    def key_to_be(self) -> str:
        """Of the source video that it becomes."""
        return upload_key(self.id, self.name)

    @property
    def object_key(self) -> str:
        """Under which the storage has it in the end."""
        return layout.source(self.key_to_be, "upload", self.suffix)

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


def announced(length: int, metadata: str, most_bytes: int) -> Upload:
    """A new upload. Raises UploadRefused where nothing can come of it."""
    upload = Upload(secrets.token_hex(16), length, metadata)
    if not upload.name:
        raise UploadRefused(
            HTTPStatus.BAD_REQUEST,
            "The upload has no file name: send it as `filename` in Upload-Metadata.",
        )
    if length == 0:
        raise UploadRefused(HTTPStatus.BAD_REQUEST, f"{upload.name} is empty: it has no video.")
    if length > most_bytes:
        raise UploadRefused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{upload.name} has {file_size(length)}; files of at most {file_size(most_bytes)} are "
            "taken (HEATERS_MAX_SOURCE_GB).",
        )
    return upload


def lost() -> UploadRefused:
    return UploadRefused(
        HTTPStatus.NOT_FOUND,
        "There is no such upload: it was cancelled, or left alone for too long. Send "
        "the file again from its beginning.",
    )


def busy() -> UploadRefused:
    return UploadRefused(
        HTTPStatus.LOCKED,
        "Another request is working on this upload: ask for its offset in a moment.",
    )


class Uploads(Protocol):
    """All uploads in progress; any number of processes may share them."""

    most_bytes: int

    def create(self, length: int, metadata: str, keep_free: int, sender: str) -> Upload:
        """`sender` is the browser's address. Raises UploadRefused where
        nothing can come of it, or where the disk would have less than `keep_free` bytes free once
        all uploads have arrived."""

    def get(self, upload_id: str) -> Upload:
        """Raises UploadRefused (404) for one that never was or was swept."""

    def locked(self, upload_id: str) -> AbstractContextManager[Upload]:
        """The upload, for one request at a time, whichever process answers it."""

    def offset(self, upload: Upload) -> int:
        """How many bytes have arrived."""

    def expires(self, upload: Upload) -> float:
        """When the upload is swept unless it resumes, in seconds since 1970."""

    def append(self, upload: Upload, stream: IO[bytes], keep_free: int) -> None:
        """Keeps all bytes that arrive from `stream`, even if it breaks off, up to the announced
        length. Raises UploadRefused where the disk would have less than `keep_free` bytes free; the
        upload can resume when there is room."""

    def deliver(self, upload: Upload) -> None:
        """Make all bytes the object `object_key` in the storage. Can be repeated."""

    def finish(self, upload: Upload) -> Upload:
        """Call it when the source video is in the database."""

    def remove(self, upload: Upload) -> None: ...

    def sweep(self) -> None:
        """Removes abandoned uploads, and the oldest of too many that have not begun."""
