"""Uploads in progress where the storage is a bucket: their bytes go straight into it, as the parts
of one upload of S3's, and a row says what has arrived. So an upload can begin with one review app
and resume with another, on any machine.

S3 takes parts of 5 MiB and more. What is too little for one waits in the row until more comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import IO

from sqlalchemy import Engine

from heaters_pipeline.db import bucket_uploads
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import upload_lock
from heaters_pipeline.db.models import BucketUpload
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.storage import ObjectMissing, PartStorage, Unfinished
from review_app.uploads.upload import (
    KEPT_SECONDS,
    MOST_UNBEGUN,
    PIECE_BYTES,
    UNBEGUN_SECONDS,
    Upload,
    announced,
    busy,
    lost,
)

PART_BYTES = 8 << 20
"""What the page sends in a request is one part."""

MOST_PARTS = 9000
"""Of one object; S3 takes 10,000."""

_ID = re.compile(r"[0-9a-f]{32}")


class BucketUploads:
    """All uploads into one storage; any number of processes on any number of machines may share
    them."""

    def __init__(self, engine: Engine, storage: PartStorage, most_bytes: int) -> None:
        self._engine = engine
        self._storage = storage
        self.most_bytes = most_bytes

    def create(self, length: int, metadata: str, keep_free: int, sender: str) -> Upload:  # noqa: ARG002
        upload = announced(length, metadata, self.most_bytes)
        with transaction(self._engine) as session:
            bucket_uploads.add(session, upload.id, length, metadata, sender)
        self.sweep()
        return upload

    def get(self, upload_id: str) -> Upload:
        row = self._row(upload_id)
        return Upload(row.id, row.length, row.told, row.video_key)

    @contextmanager
    def locked(self, upload_id: str) -> Iterator[Upload]:
        self.get(upload_id)
        with ExitStack() as held:
            try:
                held.enter_context(upload_lock(self._engine, upload_id))
            except Conflict:
                raise busy() from None
            yield self.get(upload_id)

    def offset(self, upload: Upload) -> int:
        return self._row(upload.id).offset

    def expires(self, upload: Upload) -> float:
        row = self._row(upload.id)
        return row.changed_at.timestamp() + (KEPT_SECONDS if row.offset else UNBEGUN_SECONDS)

    def append(self, upload: Upload, stream: IO[bytes], keep_free: int) -> None:  # noqa: ARG002
        row = self._row(upload.id)
        etags, in_parts, rest = list(row.etags), row.in_parts, bytearray(row.rest)
        left = upload.length - row.offset
        size = _part_bytes(upload.length)
        try:
            while piece := stream.read(min(left, PIECE_BYTES)):
                rest += piece
                left -= len(piece)
                while len(rest) >= size:
                    etags.append(self._put_part(upload, len(etags) + 1, bytes(rest[:size])))
                    in_parts += size
                    del rest[:size]
        finally:
            with transaction(self._engine) as session:
                bucket_uploads.arrived(session, upload.id, etags, in_parts, bytes(rest))

    def _put_part(self, upload: Upload, number: int, content: bytes) -> str:
        row = self._row(upload.id)
        multipart_id = row.multipart_id
        if multipart_id is None:
            multipart_id = self._storage.begin_parts(upload.object_key)
            with transaction(self._engine) as session:
                bucket_uploads.begin_parts(session, upload.id, multipart_id)
        try:
            return self._storage.put_part(upload.object_key, multipart_id, number, content)
        except ObjectMissing:  # the bucket has forgotten it, or is another one
            self._forget(upload.id)
            raise lost() from None

    def deliver(self, upload: Upload) -> None:
        row = self._row(upload.id)
        if row.multipart_id is not None and self._is_there(upload):
            return  # joined, and the process died before it could say so
        etags = list(row.etags)
        if row.rest:
            etags.append(self._put_part(upload, len(etags) + 1, row.rest))
        multipart_id = self._row(upload.id).multipart_id
        try:
            self._storage.join_parts(upload.object_key, str(multipart_id), etags)
        except ObjectMissing:
            self._forget(upload.id)
            raise lost() from None

    def _is_there(self, upload: Upload) -> bool:
        with suppress(ObjectMissing):
            return self._storage.size(upload.object_key) == upload.length
        return False

    def finish(self, upload: Upload) -> Upload:
        with transaction(self._engine) as session:
            bucket_uploads.finish(session, upload.id, upload.key_to_be)
        self.sweep()
        return self.get(upload.id)

    def remove(self, upload: Upload) -> None:
        self._abandon(upload.id)
        self.sweep()

    def sweep(self) -> None:
        kept, unbegun = timedelta(seconds=KEPT_SECONDS), timedelta(seconds=UNBEGUN_SECONDS)
        with transaction(self._engine) as session:
            old = bucket_uploads.abandoned(session, kept, unbegun, MOST_UNBEGUN)
        for upload_id in old:
            with suppress(Conflict), upload_lock(self._engine, upload_id):
                self._abandon(upload_id)

    def _abandon(self, upload_id: str) -> None:
        """The parts go first: a row without them can be abandoned again."""
        with transaction(self._engine) as session:
            row = bucket_uploads.get(session, upload_id)
        if row is None:
            return
        if row.multipart_id is not None:
            key = Upload(row.id, row.length, row.told).object_key
            self._storage.abandon(Unfinished(key, datetime.now(UTC), row.multipart_id))
        self._forget(upload_id)

    def _forget(self, upload_id: str) -> None:
        with transaction(self._engine) as session:
            bucket_uploads.remove(session, upload_id)

    def _row(self, upload_id: str) -> BucketUpload:
        if _ID.fullmatch(upload_id):
            with transaction(self._engine) as session:
                row = bucket_uploads.get(session, upload_id)
            if row is not None:
                return row
        raise lost()


def _part_bytes(length: int) -> int:
    """Of each part but the last of an upload of so many bytes."""
    return max(PART_BYTES, -(-length // MOST_PARTS))
