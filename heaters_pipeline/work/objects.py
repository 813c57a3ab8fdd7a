"""The objects that a video has in the storage, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from heaters_pipeline.db import deletions, ledger, source_videos
from heaters_pipeline.db.ledger import StoredFacts
from heaters_pipeline.domain.errors import Unavailable
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.work.outages import is_outage
from heaters_pipeline.work.pipeline import Pipeline


@dataclass(frozen=True)
class StorageCost:
    """What one video costs in the storage."""

    bytes_by_kind: Mapping[Kind, int]
    approved_minutes: float | None
    """None where no clip is approved."""

    @property
    def total_bytes(self) -> int:
        return sum(self.bytes_by_kind.values())


@dataclass(frozen=True)
class Deleted:
    number: int = 0
    failures: Mapping[str, str] = field(default_factory=dict)
    """Why objects could not be deleted, by storage key."""


AT_ONCE = 1000


def storage_cost(pipeline: Pipeline, key: str) -> StorageCost:
    with pipeline.transaction() as session:
        video_id = source_videos.get(session, key).id
        return StorageCost(
            ledger.by_kind(session, [video_id]).get(video_id, {}),
            ledger.approved_minutes(session, [video_id]).get(video_id),
        )


@dataclass(frozen=True)
class LocalFile:
    """A finished file that becomes an object."""

    path: Path
    sha256: str


def hashed(path: Path) -> LocalFile:
    return LocalFile(path, file_digest(path))


def keep(pipeline: Pipeline, video_id: int, files: Mapping[str, LocalFile]) -> None:
    """Puts files into the storage, by storage key. The ledger first: an object that it names is
    deleted with the video at the latest, or found by `work.storage_check` where no row comes to
    name it."""
    enter(pipeline, video_id, files)
    for path, file in files.items():
        pipeline.storage.put(file.path, path)


def enter(pipeline: Pipeline, video_id: int, files: Mapping[str, LocalFile]) -> None:
    """Enters objects into the ledger, by storage key, with the sizes and digests of the files that
    they are made from. Whatever had them deleted is not to any more."""
    facts = {
        path: StoredFacts(file.path.stat().st_size, file.sha256) for path, file in files.items()
    }
    with pipeline.transaction() as session:
        deletions.keep(session, files)
        ledger.record(session, video_id, facts)


def delete_due(pipeline: Pipeline, limit: int = AT_ONCE) -> Deleted:
    """Deletes objects that no row names any more, at most `limit`. What can't be deleted is told of
    and tried again later. Where the storage does not answer, all of them stay due."""
    try:
        with pipeline.transaction() as session:
            claimed = deletions.claim(session, limit)
            failures = pipeline.storage.delete_each(claimed)
            deletions.settle(session, claimed, failures)
    except Unavailable as error:
        is_outage(pipeline, error)
        pipeline.log.warning(f"No object is deleted now: {error}")
        return Deleted()
    for path, sentence in failures.items():
        pipeline.log.warning(f"{path} is still in the storage: {sentence}")
    return Deleted(len(claimed) - len(failures), failures)


def sweep(pipeline: Pipeline) -> Deleted:
    """Deletes all objects that no row names any more, a request of a thousand after the other."""
    whole = Deleted()
    while True:
        part = delete_due(pipeline)
        whole = Deleted(whole.number + part.number, {**whole.failures, **part.failures})
        if not (part.number or part.failures):
            return whole
