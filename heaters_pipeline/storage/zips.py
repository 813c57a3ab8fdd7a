"""Objects of a storage as one ZIP file that is made while it is read.

ZIP (APPNOTE.TXT 6.3): the files are stored as they are, video does not get smaller; sizes beyond
4 GB use its 64-bit extensions. The list of the files comes last, so a ZIP that breaks off in the
middle can't be opened as if it were whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from zipstream import ZipStream

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.handover import (
    MANIFEST,
    MANIFEST_CSV,
    Handover,
    manifest,
    manifest_csv,
)
from heaters_pipeline.storage.base import Storage


class Zipped(NamedTuple):
    """An object, and what it is called in the ZIP."""

    name: str
    key: str
    bytes: int
    sha256: str | None
    """None where nobody has measured it."""


class Zip(NamedTuple):
    length: int
    """Bytes of the whole."""
    body: Iterator[bytes]
    """Holds no more than a chunk at a time. Ends with a HeatersError where an object is missing or
    is not the one that was measured."""


def zip_of_handover(storage: Storage, handover: Handover) -> Zip:
    """The manifest, in both its forms, and the files."""
    described = manifest(handover)
    files = [each.file for each in handover.clips]
    return zip_of(
        storage,
        [Zipped(file.name, file.key, file.bytes, file.sha256) for file in files],
        {MANIFEST: described, MANIFEST_CSV: manifest_csv(described)},
    )


def zip_of(storage: Storage, objects: Sequence[Zipped], texts: Mapping[str, str]) -> Zip:
    """The texts, by name, and then the objects."""
    stream = ZipStream(sized=True)
    for name, text in texts.items():
        stream.add(text, name)
    for each in objects:
        stream.add(checked(storage, each), each.name, size=each.bytes)
    return Zip(len(stream), iter(stream))


def checked(storage: Storage, wanted: Zipped) -> Iterator[bytes]:
    """The object's bytes. Raises HeatersError, at the latest after the last of them, where they are
    not those that were measured."""
    digest, count = hashlib.sha256(), 0
    for chunk in storage.stream(wanted.key):
        digest.update(chunk)
        count += len(chunk)
        yield chunk
    if count != wanted.bytes or wanted.sha256 not in (None, digest.hexdigest()):
        raise HeatersError(
            f"The object {wanted.key!r} is not the file that was exported as {wanted.name!r}: "
            "export the clip again."
        )
