"""A clip as an example of a dataset, and where its bytes come from and go to."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from heaters_pipeline.domain.handover import File, Handed


@dataclass(frozen=True)
class Still:
    """A keyframe of a clip."""

    key: str
    """Its storage key."""
    frame: int
    """In the film."""
    suffix: str
    """Of its file, as in `.jpg`."""


@dataclass(frozen=True)
class Example:
    handed: Handed
    split: str
    stills: Sequence[Still] = ()
    vector: Sequence[float] | None = None
    """Of `vector_model`."""
    vector_model: str | None = None

    @property
    def clip_id(self) -> int:
        return self.handed.clip_id

    @property
    def file(self) -> File:
        return self.handed.file

    @property
    def name(self) -> str:
        """Of its files, without a suffix; in the order of ids."""
        return f"{self.clip_id:012d}"

    @property
    def file_name(self) -> str:
        return f"{self.name}.{self.file.key.rpartition('.')[2]}"

    def still_names(self) -> list[str]:
        """Of its keyframes, in their order."""
        return [
            f"{self.name}.keyframe{place}{still.suffix}" for place, still in enumerate(self.stills)
        ]

    def facts(self) -> dict[str, Any]:
        """All that is known of it but its vector, in the types of JSON."""
        clip, file, source = self.handed, self.file, self.handed.source
        return {
            "clip_id": clip.clip_id,
            "split": self.split,
            "labels": list(clip.labels),
            "rating": clip.rating,
            "note": clip.note,
            "source_key": source.key,
            "source_title": source.title,
            "source_url": source.url,
            "source_sha256": source.sha256,
            "source_rate": f"{source.rate.numerator}/{source.rate.denominator}",
            "clip_ids": list(clip.clip_ids),
            "frame_ranges": [list(each) for each in clip.ranges],
            "start_frame": file.frames.start,
            "end_frame": file.frames.end,
            "start_seconds": file.start_seconds,
            "end_seconds": file.end_seconds,
            "duration_seconds": file.seconds,
            "decision": clip.decision,
            "approved_by": clip.decided_by,
            "approved_at": clip.decided_at.astimezone(UTC).isoformat() if clip.decided_at else None,
            "profile": file.profile,
            "profile_hash": file.profile_hash,
            "sha256": file.sha256,
            "bytes": file.bytes,
            "keyframe_frames": [still.frame for still in self.stills],
        }


@dataclass(frozen=True)
class Objects:
    """What the storage has, in chunks."""

    clip: Callable[[File], Iterator[bytes]]
    """Ends with an error where the object is not the file that was measured."""
    still: Callable[[str], Iterator[bytes]]
    """By storage key."""

    def whole_clip(self, file: File) -> bytes:
        return b"".join(self.clip(file))

    def whole_still(self, still: Still) -> bytes:
        return b"".join(self.still(still.key))

    def files(self, example: Example) -> Iterator[tuple[str, Iterator[bytes]]]:
        """The example's own files by name: its film, and its keyframes."""
        yield example.file_name, self.clip(example.file)
        for name, still in zip(example.still_names(), example.stills, strict=True):
            yield name, self.still(still.key)


class Sink(Protocol):
    """Where the files of a dataset go, one after the other or side by side."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file to be written from its beginning to its end; `name` has "/" between its parts."""


class FolderSink:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            yield file


class Chunks(io.RawIOBase):
    """Chunks as a file that is read once, from its beginning to its end."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk, self._at = b"", 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._at == len(self._chunk):
            self._chunk, self._at = next(self._chunks, b""), 0
        content = self._chunk[self._at : self._at + len(buffer)]
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)


class Writer(Protocol):
    """Writes examples in one format. They come split by split."""

    def add(self, example: Example) -> None: ...

    def finish(self) -> Mapping[str, Any]:
        """Ends what is open; what the head of the card has to say to loaders (YAML), if
        anything."""
