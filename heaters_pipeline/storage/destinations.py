"""Where files are handed over to: a folder or a bucket that belongs to whoever takes them.

Files come there under names of their own, whole or not at all. They share nothing with the storage,
so that whoever takes them may change them.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError, Refused
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.files.locks import try_lock
from heaters_pipeline.storage.base import CHUNK_BYTES

UNKNOWN = "unknown"
"""In place of the digest of an object that somebody else put there."""


_STAYS = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG}
)
"""Errors of a folder that stay until a person changes something."""


class Destination(Protocol):
    place: str
    """As people know it."""

    def digest(self, name: str) -> str | None:
        """The SHA-256 of the file that is there; None where there is none."""

    def put(self, local: Path, name: str, sha256: str) -> None:
        """Copies a file there, in place of one of that name. Raises HeatersError where the file is
        not the one that has this digest."""

    def read(self, name: str) -> str | None:
        """A text that is there; None where there is none."""

    def write(self, name: str, text: str) -> None: ...

    def delete(self, name: str) -> None: ...


def is_zip(to: str) -> bool:
    """Whether the place is a ZIP file in a folder."""
    return to.lower().endswith(".zip") and "://" not in to


def open_destination(to: str, client: Callable[[], Any]) -> Destination:
    """`s3://bucket/prefix`, or the path of a folder, which is made where it is missing. `client`
    makes a boto3 S3 client."""
    if "://" not in to:
        return Folder(Path(to).expanduser().absolute())
    parts = urlsplit(to)
    if parts.scheme != "s3" or not parts.netloc:
        raise InputError(f"{to!r} is neither a folder, nor FILE.zip, nor s3://bucket/prefix.")
    return Bucket(client(), parts.netloc, parts.path.strip("/"))


class Folder:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.place = str(root)
        with self._errors():
            root.mkdir(parents=True, exist_ok=True)

    def digest(self, name: str) -> str | None:
        path = self.root / name
        with self._errors():
            return file_digest(path) if path.is_file() else None

    def put(self, local: Path, name: str, sha256: str) -> None:
        digest = hashlib.sha256()
        with self._errors(), local.open("rb") as source, written(self.root / name) as target:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                target.write(chunk)
            _check(digest.hexdigest(), sha256, name)

    def read(self, name: str) -> str | None:
        path = self.root / name
        with self._errors():
            return path.read_text() if path.is_file() else None

    def write(self, name: str, text: str) -> None:
        with self._errors(), written(self.root / name) as target:
            target.write(text.encode())

    def delete(self, name: str) -> None:
        with self._errors():
            (self.root / name).unlink(missing_ok=True)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            kind = Refused if error.errno in _STAYS else HeatersError
            raise kind(f"The folder {self.root} can't be used: {reason}.") from error


class Bucket:
    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self.place = f"s3://{bucket}/{prefix}".rstrip("/")

    def _name(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}

    def digest(self, name: str) -> str | None:
        """As `put` noted it with the object: S3 tells no SHA-256 of objects that were uploaded in
        parts."""
        with self._errors():
            found = self._found(self._client.head_object, name)
            return None if found is None else str(found["Metadata"].get("sha256", UNKNOWN))

    def put(self, local: Path, name: str, sha256: str) -> None:
        _check(file_digest(local), sha256, name)
        noted = {"Metadata": {"sha256": sha256}}
        with self._errors():
            self._client.upload_file(str(local), **self._name(name), ExtraArgs=noted)

    def read(self, name: str) -> str | None:
        with self._errors():
            found = self._found(self._client.get_object, name)
            return None if found is None else str(found["Body"].read(), "utf-8")

    def write(self, name: str, text: str) -> None:
        with self._errors():
            self._client.put_object(**self._name(name), Body=text.encode())

    def delete(self, name: str) -> None:
        with self._errors():
            self._client.delete_object(**self._name(name))

    def _found(self, ask: Callable[..., Any], name: str) -> Any:
        from botocore.exceptions import ClientError

        try:
            return ask(**self._name(name))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey"):
                return None
            raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (Boto3Error, BotoCoreError, ClientError) as error:
            kind = Refused if _is_refusal(error) else HeatersError
            raise kind(f"{self.place} can't be used: {error}.") from error


def _is_refusal(error: Exception) -> bool:
    """Whether a bucket will say the same again: the key, the name or the rights are wrong."""
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import ClientError, NoCredentialsError

    if isinstance(error, S3UploadFailedError) and isinstance(error.__context__, Exception):
        return _is_refusal(error.__context__)
    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return status in (301, 400, 403, 404)
    return isinstance(error, NoCredentialsError)


def _check(found: str, wanted: str, name: str) -> None:
    if found != wanted:
        raise HeatersError(f"{name} is not the file that was exported: export its clip again.")


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name once it is whole. What a killed process left of it is
    written over. Raises Conflict while another process writes it."""
    partial = path.with_name(f".{path.name}.partial")
    descriptor = try_lock(partial)
    if descriptor is None:
        raise Conflict(f"Another process is writing {path}: wait for it to end.")
    with os.fdopen(descriptor, "wb") as file:
        os.ftruncate(descriptor, 0)
        try:
            yield file
            file.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, 0o644)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
