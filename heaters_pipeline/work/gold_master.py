"""A video's gold master, opened once for as many clips as wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar

from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.side_by_side import Room
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.clips.excerpts import ClusterIndex, read_index, write_excerpt
from heaters_pipeline.media.clips.gold_range import GoldRange, WrongFrames
from heaters_pipeline.media.clips.sparse import SampleIndex, read_samples
from heaters_pipeline.media.ffmpeg.checksums import Checksums, read_checksums
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, probe
from heaters_pipeline.storage import Storage
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.side_by_side import room_here

Made = TypeVar("Made")


@dataclass(frozen=True)
class StoredObject:
    """An object that is read by ranges."""

    storage: Storage
    key: str

    @cached_property
    def size(self) -> int:
        return self.storage.size(self.key)

    def read(self, start: int, length: int) -> bytes:
        return self.storage.read_range(self.key, start, length)

    def stream(self, start: int, length: int) -> Iterable[bytes]:
        return self.storage.stream(self.key, start, length)


class GoldFile(NamedTuple):
    """A file with frames of a gold master."""

    path: Path
    begins: int | None = None
    """Number of its first frame, where it is a file of a few frames."""


@dataclass(frozen=True)
class GoldMaster:
    """Threads may share it."""

    pipeline: Pipeline
    video: SourceVideo
    checksums: Checksums
    folder: Path
    """For work in progress."""
    room: Room
    """For the clips that it was opened for."""
    _open: ExitStack
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def part(self, frames: FrameRange) -> Iterator[GoldPart]:
        """To be read by one thread."""
        with ExitStack() as stack:
            yield GoldPart(self, frames, stack)

    def read_all(
        self, ranges: Sequence[FrameRange], use: Callable[[list[GoldRange]], Made]
    ) -> Made:
        """What `use` makes of several ranges; as `GoldPart.read`."""
        with TemporaryDirectory(dir=self.folder) as folder:
            names = [Path(folder) / self.name(f"excerpt-{at}") for at in range(len(ranges))]
            files = list(map(self.excerpt, ranges, names))
            if None not in files:
                try:
                    return use(list(map(self.range, ranges, files)))
                except (WrongFrames, InputError) as error:
                    self.fall_back(error)
        return self.read_whole(ranges, use)

    def read_whole(
        self, ranges: Sequence[FrameRange], use: Callable[[list[GoldRange]], Made]
    ) -> Made:
        """The same of the whole gold master. Where a copy on this machine is damaged, the gold
        master is fetched again."""
        with self._lock:
            read = self._whole
        try:
            return use(list(map(self.range, ranges)))
        except (WrongFrames, InputError):
            with self._lock:
                if self.pipeline.storage.doubt(self._object.key):
                    self.__dict__.pop("_whole", None)
                elif self.__dict__.get("_whole") == read:
                    raise
            self.pipeline.log.warning(
                f"The copy of {self._object.key} on this machine is damaged: it is fetched again."
            )
        return use(list(map(self.range, ranges)))

    def with_neighbours(self, frames: FrameRange) -> FrameRange:
        """The frames with one more on either side: fields become whole frames with their help."""
        return FrameRange(max(0, frames.start - 1), min(len(self.checksums), frames.end + 1))

    def excerpt(self, frames: FrameRange, path: Path) -> GoldFile | None:
        """Writes what these frames need to `path`, where the storage would have to copy the whole
        gold master and its form allows that."""
        with self._lock:
            index = self._index
        match index:
            case ClusterIndex():
                first = write_excerpt(index, self._object, frames, self.checksums.ticks, path)
                return GoldFile(path, first)
            case SampleIndex():
                index.write(self._object, frames, self.checksums.ticks, path)
                return GoldFile(path)
        return None

    def range(self, frames: FrameRange, file: GoldFile | None = None) -> GoldRange:
        """Of the whole, or of a file that holds these frames."""
        video = self.video
        with self._lock:
            path, begins = file or GoldFile(self._whole)
            facts = self._facts
        return GoldRange(
            path,
            self.checksums,
            frames,
            video.rate,
            video.orientation,
            video.sample_aspect,
            begins,
            facts,
            self.room.threads,
        )

    @cached_property
    def _object(self) -> StoredObject:
        return StoredObject(self.pipeline.storage, str(self.video.gold_master_filepath))

    @cached_property
    def _whole(self) -> Path:
        return self._open.enter_context(self.pipeline.storage.fetch(self._object.key))

    @cached_property
    def _index(self) -> ClusterIndex | SampleIndex | None:
        if self.pipeline.storage.is_near(self._object.key):
            return None
        count = len(self.checksums)
        return read_index(self._object, count) or read_samples(self._object, count)

    @cached_property
    def _facts(self) -> VideoFacts:
        first = self.excerpt(FrameRange(0, 1), self.folder / self.name("first-frame"))
        if first is not None:
            try:
                return probe(first.path)
            except InputError as error:
                self.fall_back(error)
        return probe(self._whole)

    def fall_back(self, error: Exception) -> None:
        self.pipeline.log.warning(f"{error} Now the whole gold master is fetched.")

    def name(self, stem: str) -> str:
        """Of a file with a part of it."""
        return f"{stem}{Path(self._object.key).suffix}"


class GoldPart:
    """A part of a gold master that one thread works on."""

    def __init__(self, gold: GoldMaster, frames: FrameRange, stack: ExitStack) -> None:
        self.gold = gold
        self._frames = frames
        self._stack = stack
        self._is_made = False
        self._file: GoldFile | None = None

    def read(self, frames: FrameRange, use: Callable[[GoldRange], Made]) -> Made:
        """What `use` makes of frames of this part. If the file of this part turns out not to hold
        them, `use` is called again with the whole gold master."""
        if not self._is_made:
            folder = self._stack.enter_context(TemporaryDirectory(dir=self.gold.folder))
            self._file = self.gold.excerpt(self._frames, Path(folder) / self.gold.name("excerpt"))
            self._is_made = True
        if self._file is not None:
            try:
                return use(self.gold.range(frames, self._file))
            except (WrongFrames, InputError) as error:
                self.gold.fall_back(error)
        return self.gold.read_whole([frames], lambda ranges: use(ranges[0]))


@contextmanager
def open_gold_master(pipeline: Pipeline, video: SourceVideo, due: int) -> Iterator[GoldMaster]:
    """For so many clips."""
    with (
        scratch_folder(pipeline.settings.home) as folder,
        pipeline.storage.fetch(str(video.frame_checksums_filepath)) as sums,
        ExitStack() as stack,
    ):
        room = room_here(due, video)
        yield GoldMaster(pipeline, video, read_checksums(sums), folder, room, stack)
