"""Objects in a bucket of S3, or of a service with the same protocol."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.storage.base import CHUNK_BYTES, ObjectMissing, check_key, too_short

DELETED_AT_A_TIME = 8
"""boto3's client has ten connections; readers need a few."""


def s3_client(endpoint_url: str | None = None) -> Any:
    """A client with boto3's own search for credentials and region. For services other than AWS
    (`endpoint_url`) the bucket goes into the path: few have a host name per bucket."""
    config = Config(
        retries={"mode": "standard", "max_attempts": 5},
        s3={"addressing_style": "path"} if endpoint_url else None,
    )
    return boto3.client("s3", endpoint_url=endpoint_url, config=config)


class S3Storage:
    """`client` is a boto3 S3 client; keys lie below `prefix` (may be empty); fetched files lie in
    the scratch space of the folder `home`. Objects of a kind that
    `class_by_kind` names go into that storage class, others into the bucket's own."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        prefix: str = "",
        *,
        home: Path,
        class_by_kind: Mapping[Kind, str] | None = None,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._home = home
        self._class_by_kind = dict(class_by_kind or {})

    def _name(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + check_key(key)}

    def put(self, local: Path, key: str) -> None:
        # S3 shows an object only when its upload is complete, so readers never see a part.
        kind = layout.kind(key)
        named = self._class_by_kind.get(kind) if kind else None
        extra = {"StorageClass": named} if named else {}
        with self._errors(key):
            self._client.upload_file(str(local), **self._name(key), ExtraArgs=extra)

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        with scratch_folder(self._home) as folder:
            path = folder / PurePosixPath(check_key(key)).name
            with self._errors(key):
                self._client.download_file(**self._name(key), Filename=str(path))
            yield path

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

    def delete(self, *keys: str) -> None:
        # One by one: not every service with S3's protocol deletes many at once.
        with ThreadPoolExecutor(DELETED_AT_A_TIME) as pool:
            for done in [pool.submit(self._delete, key) for key in keys]:
                done.result()

    def _delete(self, key: str) -> None:
        with self._errors(key):
            self._client.delete_object(**self._name(key))

    def list(self, prefix: str) -> builtins.list[str]:
        with self._errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            return sorted(
                item["Key"].removeprefix(self._prefix)
                for page in pages
                for item in page.get("Contents", ())
            )

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if _code(error) in ("404", "NoSuchKey"):
                raise ObjectMissing(key) from None
            raise HeatersError(f"The bucket {self._bucket!r} refused {key!r}: {error}.") from error
        except (Boto3Error, BotoCoreError) as error:
            raise HeatersError(
                f"The bucket {self._bucket!r} can't be used for {key!r}: {error}."
            ) from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
