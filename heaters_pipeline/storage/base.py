"""The interface of a storage, and the rules for its keys."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from heaters_pipeline.domain.errors import HeatersError, InputError

PARTIAL_SUFFIX = ".partial"
CHUNK_BYTES = 1 << 20


class ObjectMissing(HeatersError, KeyError):
    """No object has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The storage has no object {key!r}.")
        self.key = key

    def __str__(self) -> str:  # KeyError's own puts quotes around the sentence
        return str(self.args[0])


class Stamp(NamedTuple):
    """What tells an object from the one that had its key before."""

    bytes: int
    mark: str
    """Changes with the content."""


class Entry(NamedTuple):
    """An object as the storage lists it."""

    key: str
    bytes: int
    changed_at: datetime
    etag: str | None
    """The storage's own name for the bytes; None where it has none."""
    is_cold: bool
    """Whether it has to be thawed before anybody can read it."""

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.bytes, self.etag or self.changed_at.isoformat())


class Unfinished(NamedTuple):
    """An upload that has begun and not ended: it costs bytes, and no reader sees it."""

    key: str
    began_at: datetime
    id: str


class Storage(Protocol):
    """Whole objects by key. A key is a relative path with "/" between its parts.

    Every method that reads raises ObjectMissing where the key names no object."""

    def put(self, local: Path, key: str) -> None:
        """Make the content of the file `local` the object `key`, replacing an older one. Readers
        see the old object or the new one, never a part. `local` stays where it is. It must not
        change afterwards: a local storage may share its blocks."""

    def fetch(self, key: str) -> AbstractContextManager[Path]:
        """A local file with the object's content, to be read while the context is open. A storage
        elsewhere may answer with a copy that it keeps on this machine; what follows below asks the
        storage itself."""

    def is_near(self, key: str) -> bool:
        """Whether `fetch` finds the object on this machine. Whoever needs a part of another one
        reads ranges."""

    def doubt(self, key: str) -> bool:
        """Drops the copy on this machine, and says so, if its bytes are not those that the key
        names. To be asked where what was fetched makes no sense."""

    def make_room(self, free_bytes: int) -> None:
        """Deletes copies on this machine, until its disk has so many bytes free or none is left
        that nobody reads."""

    def read_range(self, key: str, start: int, length: int) -> bytes:
        """Exactly `length` bytes from byte `start`; a HeatersError if the object ends before."""

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The same in chunks; with no `length`, to the end. The call itself, not the first chunk,
        raises ObjectMissing."""

    def size(self, key: str) -> int:
        """Bytes."""

    def exists(self, key: str) -> bool: ...

    def address(self, key: str) -> str:
        """Where other programs find the object, if it exists: an absolute path, or an address."""

    def link(
        self,
        key: str,
        seconds: int,
        *,
        part: range | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str | None:
        """An address at which anybody reads the object for so many seconds, whether or not there is
        one; None where this storage has none. Of a `part` of its bytes the address is good for just
        that, asked for as `Range: bytes=FIRST-LAST`. `headers`: Content-Type and
        Content-Disposition of the answer."""

    def delete(self, *keys: str) -> None:
        """Removes objects; absent ones are no error. Where some can't be removed, the others are,
        and the first error is raised."""

    def delete_each(self, keys: Sequence[str]) -> dict[str, str]:
        """The same without an exception: why objects could not be removed, by key, in a sentence.
        Raises Unavailable where the storage does not answer: some may be gone then."""

    @property
    def has_classes(self) -> bool:
        """Whether it knows storage classes, as S3 does."""

    def set_class(self, key: str, storage_class: str | None) -> None:
        """Moves an object to another storage class (None: that of its kind), where it is not in it
        already. Raises HeatersError for an object that must be thawed first: that has begun then,
        and where the storage has no classes."""

    def probe(self) -> None:
        """Asks for nothing in particular, once, and waits for seconds only. Raises Unavailable
        where the storage does not answer; any answer is one, a refusal, too."""

    def entries(self, after: str = "") -> Iterator[Entry]:
        """All objects whose keys come after `after`, in the order of the bytes of their keys, a few
        at a time, however many there are."""

    def unfinished(self) -> Iterator[Unfinished]:
        """All uploads that have begun and not ended, those under way, too."""

    def abandon(self, upload: Unfinished) -> None:
        """Ends an upload, whose bytes go. One that has ended meanwhile is no error."""

    def list(self, prefix: str) -> builtins.list[str]:
        """The keys that begin with `prefix`, sorted."""


@runtime_checkable
class PartStorage(Storage, Protocol):
    """A storage that also takes an object in parts, each with a request of its own. All but the
    last have to be equally large, and 5 MiB at least (S3, multipart uploads). The calls for an
    upload that has ended raise ObjectMissing."""

    def begin_parts(self, key: str) -> str:
        """The id of a new upload, which lasts until it is joined or abandoned."""

    def put_part(self, key: str, upload_id: str, number: int, content: bytes) -> str:
        """The part's ETag. `number` counts from 1; a part that comes again replaces the first."""

    def join_parts(self, key: str, upload_id: str, etags: Sequence[str]) -> None:
        """Makes the parts, in this order, the object."""


def stamps(storage: Storage) -> dict[str, Stamp]:
    """Of all objects, by key."""
    return {entry.key: entry.stamp for entry in storage.entries()}


def check_key(key: str) -> str:
    """`key` itself, if it can name an object and can't lead out of the storage."""
    parts = key.split("/")
    if (
        any(part in ("", ".", "..") for part in parts)
        or any(ord(character) < 32 or character == "\\" for character in key)
        or key.endswith(PARTIAL_SUFFIX)
    ):
        raise InputError(
            f"{key!r} is no storage key: it must be a relative path without '.', '..' or empty "
            f"parts, backslashes or control characters, and not end in {PARTIAL_SUFFIX}."
        )
    return key


def too_short(key: str, start: int, length: int) -> HeatersError:
    return HeatersError(
        f"The object {key!r} ends before byte {start + length}, the end of the range to read."
    )
