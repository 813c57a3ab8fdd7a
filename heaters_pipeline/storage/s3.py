"""Objects in a bucket of S3, or of a service with the same protocol."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import boto3
import botocore.exceptions
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError, Refused, Unavailable
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.outages import STORAGE
from heaters_pipeline.files.pulse import beat
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.storage.base import (
    CHUNK_BYTES,
    Entry,
    ObjectMissing,
    Unfinished,
    check_key,
    too_short,
)
from heaters_pipeline.storage.s3_json import understand_json

MOST_IN_A_REQUEST = 1000
"""Of DeleteObjects."""

THAWED_DAYS = 7
"""A thawed copy stays that long."""

CONNECT_SECONDS = 10
READ_SECONDS = 60
IMPATIENT_SECONDS = 5

DELETED_AT_A_TIME = 8
"""boto3's client has ten connections; readers need a few."""


def s3_client(endpoint_url: str | None = None, *, patient: bool = True) -> Any:
    """A client with boto3's own search for credentials and region. For services other than AWS
    (`endpoint_url`) the bucket goes into the path: few have a host name per bucket. One that is not
    `patient` asks once."""
    tries: dict[str, Any] = {"max_attempts": 5} if patient else {"total_max_attempts": 1}
    config = Config(
        retries={"mode": "standard", **tries},
        connect_timeout=CONNECT_SECONDS if patient else IMPATIENT_SECONDS,
        read_timeout=READ_SECONDS if patient else IMPATIENT_SECONDS,
        s3={"addressing_style": "path"} if endpoint_url else None,
        # Else addresses for others (`link`) are signed as of old, without what they may ask for.
        signature_version="s3v4",
    )
    return boto3.client("s3", endpoint_url=endpoint_url, config=config)


class S3Storage:
    """`client` is a boto3 S3 client; keys lie below `prefix` (may be empty); fetched files lie in
    the scratch space of the folder `home`. Objects of a kind that
    `class_by_kind` names go into that storage class, others into the bucket's own."""

    has_classes = True

    def __init__(
        self,
        client: Any,
        bucket: str,
        prefix: str = "",
        *,
        home: Path,
        class_by_kind: Mapping[Kind, str] | None = None,
    ) -> None:
        understand_json(client)
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._home = home
        self._class_by_kind = dict(class_by_kind or {})

    @cached_property
    def _impatient(self) -> S3Storage:
        client = s3_client(self._client.meta.endpoint_url, patient=False)
        return S3Storage(client, self._bucket, self._prefix, home=self._home)

    def _name(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + check_key(key)}

    def put(self, local: Path, key: str) -> None:
        # S3 shows an object only when its upload is complete, so readers never see a part.
        extra = self._class_of(key)
        with self._errors(key):
            self._client.upload_file(str(local), **self._name(key), ExtraArgs=extra, Callback=beat)

    def _class_of(self, key: str) -> dict[str, str]:
        kind = layout.kind(key)
        named = self._class_by_kind.get(kind) if kind else None
        return {"StorageClass": named} if named else {}

    def begin_parts(self, key: str) -> str:
        with self._errors(key):
            begun = self._client.create_multipart_upload(**self._name(key), **self._class_of(key))
        return str(begun["UploadId"])

    def put_part(self, key: str, upload_id: str, number: int, content: bytes) -> str:
        with self._errors(key):
            answer = self._client.upload_part(
                **self._name(key), UploadId=upload_id, PartNumber=number, Body=content
            )
        return str(answer["ETag"])

    def join_parts(self, key: str, upload_id: str, etags: Sequence[str]) -> None:
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]
        with self._errors(key):
            self._client.complete_multipart_upload(
                **self._name(key), UploadId=upload_id, MultipartUpload={"Parts": parts}
            )

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        with scratch_folder(self._home) as folder:
            path = folder / PurePosixPath(check_key(key)).name
            with self._errors(key):
                self._client.download_file(**self._name(key), Filename=str(path), Callback=beat)
            yield path

    def is_near(self, key: str) -> bool:  # noqa: ARG002
        return False

    def doubt(self, key: str) -> bool:  # noqa: ARG002
        """There are no copies, here and below (`cached_s3`)."""
        return False

    def make_room(self, free_bytes: int) -> None:
        pass

    def read_range(self, key: str, start: int, length: int) -> bytes:
        return b"".join(self.stream(key, start, length))

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        if length == 0:
            self.size(key)
            return iter(())
        last = "" if length is None else start + length - 1
        with self._errors(key):
            try:
                answer = self._client.get_object(**self._name(key), Range=f"bytes={start}-{last}")
            except ClientError as error:
                if _code(error) not in ("InvalidRange", "416"):
                    raise
                if length is None:
                    return iter(())
                raise too_short(key, start, length) from None
        if length is not None and answer["ContentLength"] != length:
            answer["Body"].close()
            raise too_short(key, start, length)
        return self._chunks(key, answer["Body"])

    def _chunks(self, key: str, body: Any) -> Iterator[bytes]:
        with self._errors(key), body:
            yield from body.iter_chunks(CHUNK_BYTES)

    def size(self, key: str) -> int:
        with self._errors(key):
            return int(self._client.head_object(**self._name(key))["ContentLength"])

    def exists(self, key: str) -> bool:
        try:
            self.size(key)
        except ObjectMissing:
            return False
        return True

    def address(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{check_key(key)}"

    def link(
        self,
        key: str,
        seconds: int,
        *,
        part: range | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        wanted = {
            f"Response{name.replace('-', '')}": value for name, value in (headers or {}).items()
        }
        if part is not None:
            wanted["Range"] = f"bytes={part.start}-{part.stop - 1}"
        return str(
            self._client.generate_presigned_url(
                "get_object", Params={**self._name(key), **wanted}, ExpiresIn=seconds
            )
        )

    def delete(self, *keys: str) -> None:
        for sentence in self.delete_each(keys).values():
            raise HeatersError(sentence)

    def delete_each(self, keys: Sequence[str]) -> dict[str, str]:
        failures: dict[str, str] = {}
        for start in range(0, len(keys), MOST_IN_A_REQUEST):
            failures |= self._delete_many(keys[start : start + MOST_IN_A_REQUEST])
        return failures

    def _delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        by_name = {self._name(key)["Key"]: key for key in keys}
        wanted = {"Objects": [{"Key": name} for name in by_name], "Quiet": True}
        try:
            answer = self._client.delete_objects(Bucket=self._bucket, Delete=wanted)
        except (ClientError, ResponseParserError) as error:
            failure = self._failure(keys[0], error)
            if isinstance(failure, Unavailable) and _code(error) not in _NEVER:
                raise failure from error
            # Not every service with S3's protocol deletes many at once.
            return self._delete_one_by_one(keys)
        except BotoCoreError as error:
            failure = self._failure(keys[0], error)
            if isinstance(failure, Unavailable):
                raise failure from error
            return dict.fromkeys(keys, str(failure))
        return {
            by_name[each["Key"]]: self._refusal(by_name[each["Key"]], _told(each))
            for each in answer.get("Errors", ())
            if each.get("Key") in by_name and each.get("Code") not in _MISSING
        }

    def _delete_one_by_one(self, keys: Sequence[str]) -> dict[str, str]:
        with ThreadPoolExecutor(DELETED_AT_A_TIME) as pool:
            told = pool.map(self._delete, keys)
            return {key: why for key, why in zip(keys, told, strict=True) if why is not None}

    def _delete(self, key: str) -> str | None:
        """Why it can't be deleted; None if it is gone."""
        try:
            with self._errors(key):
                self._client.delete_object(**self._name(key))
        except ObjectMissing:
            return None
        except Unavailable:
            raise
        except HeatersError as error:
            return str(error)
        return None

    def set_class(self, key: str, storage_class: str | None) -> None:
        kind = layout.kind(key)
        usual = self._class_by_kind.get(kind) if kind else None
        wanted = storage_class or usual or "STANDARD"
        name = self._name(key)
        with self._errors(key):
            head = self._client.head_object(**name)
            if head.get("StorageClass", "STANDARD") == wanted:
                return
            try:
                extra = {"StorageClass": wanted, "MetadataDirective": "COPY"}
                self._client.copy(name, name["Bucket"], name["Key"], ExtraArgs=extra, Callback=beat)
            except ClientError as error:
                if _code(error) not in ("InvalidObjectState", "ObjectNotInActiveTierError"):
                    raise
                self._thaw(name, head)
                raise HeatersError(
                    f"{key} lies in {head.get('StorageClass')}, which has to thaw it first: that "
                    "has begun and takes hours; the pipeline or the same command tries again."
                ) from None

    def _thaw(self, name: dict[str, str], head: Mapping[str, Any]) -> None:
        if 'ongoing-request="true"' in head.get("Restore", ""):
            return
        days = {"Days": THAWED_DAYS, "GlacierJobParameters": {"Tier": "Standard"}}
        self._client.restore_object(**name, RestoreRequest=days)

    def probe(self) -> None:
        try:
            self._impatient.exists(NO_OBJECT)
        except Unavailable:
            raise
        except HeatersError:
            return

    def entries(self, after: str = "") -> Iterator[Entry]:
        begun = {"StartAfter": self._prefix + after} if after else {}
        for item in self._pages("list_objects_v2", "Contents", "", **begun):
            yield Entry(
                item["Key"].removeprefix(self._prefix),
                item["Size"],
                item["LastModified"],
                item.get("ETag"),
                item.get("StorageClass") in _COLD,
            )

    def unfinished(self) -> Iterator[Unfinished]:
        for item in self._pages("list_multipart_uploads", "Uploads", ""):
            key = item["Key"].removeprefix(self._prefix)
            yield Unfinished(key, item["Initiated"], item["UploadId"])

    def abandon(self, upload: Unfinished) -> None:
        name = {"Bucket": self._bucket, "Key": self._prefix + upload.key}
        with suppress(ObjectMissing), self._errors(upload.key):
            self._client.abort_multipart_upload(**name, UploadId=upload.id)

    def _pages(self, operation: str, of: str, prefix: str, **options: str) -> Iterator[Any]:
        with self._errors(prefix):
            pages = self._client.get_paginator(operation).paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix, **options
            )
            for page in pages:
                yield from page.get(of, ())

    def list(self, prefix: str) -> builtins.list[str]:
        found = self._pages("list_objects_v2", "Contents", prefix)
        return sorted(item["Key"].removeprefix(self._prefix) for item in found)

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if _code(error) in _MISSING:
                raise ObjectMissing(key) from None
            raise self._failure(key, error) from error
        except (Boto3Error, BotoCoreError) as error:
            raise self._failure(key, _ended_by(error)) from error

    def _failure(self, key: str, error: BaseException) -> HeatersError:
        if isinstance(error, NO_ANSWER):
            return Unavailable(STORAGE, self._unusable(key, error))
        if not isinstance(error, ClientError):
            return HeatersError(self._unusable(key, error))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if status >= 500 or status == 429 or _code(error) in _LATER:
            return Unavailable(STORAGE, self._unusable(key, error))
        if _code(error) in _DAMAGED:
            return HeatersError(self._unusable(key, error))
        return Refused(self._refusal(key, str(error)))

    def _refusal(self, key: str, why: str) -> str:
        return f"The bucket {self._bucket!r} refused {key!r}: {why}."

    def _unusable(self, key: str, why: BaseException) -> str:
        return f"The bucket {self._bucket!r} can't be used for {key!r}: {why}."


_MISSING = ("404", "NoSuchKey", "NoSuchUpload")

_COLD = ("GLACIER", "DEEP_ARCHIVE")
"""Classes of objects that have to be thawed first."""

_NEVER = ("NotImplemented", "501")
"""Answers, 501, of a service that can't do what it is asked, however often."""

_LATER = ("SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestTimeout")
"""Answers that some services send with other states than 5xx and 429."""

_DAMAGED = (
    "BadDigest",
    "IncompleteBody",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
)
"""What arrived is not what was sent: the next try may arrive whole."""

NO_ANSWER = (botocore.exceptions.ConnectionError, HTTPClientError)

NO_OBJECT = "probe"
"""A key that no object has."""


def _ended_by(error: BaseException) -> BaseException:
    """The error that a transfer of boto3's hides in its own."""
    hidden = getattr(error, "last_exception", None) or error.__context__
    return hidden if isinstance(hidden, (ClientError, *NO_ANSWER)) else error


def _told(error: Mapping[str, str]) -> str:
    return f"{error.get('Message') or 'no reason given'} ({error.get('Code')})"


def _code(error: BaseException) -> str:
    response = error.response if isinstance(error, ClientError) else {}
    return str(response.get("Error", {}).get("Code", ""))
