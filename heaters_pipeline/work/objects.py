"""The objects that a video has in the storage, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from heaters_pipeline.db import deletions, ledger, source_videos
from heaters_pipeline.domain.layout import Kind
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
    number: int
    failures: Mapping[str, str]
    """Why objects could not be deleted, by storage key."""


AT_ONCE = 1000


def storage_cost(pipeline: Pipeline, key: str) -> StorageCost:
    with pipeline.transaction() as session:
        video_id = source_videos.get(session, key).id
        return StorageCost(
            ledger.by_kind(session, [video_id]).get(video_id, {}),
            ledger.approved_minutes(session, [video_id]).get(video_id),
        )


def keep(pipeline: Pipeline, video_id: int, files: Mapping[str, Path]) -> None:
    """Puts files into the storage, by storage key. The ledger first: an object that it names is
    deleted with the video at the latest."""
    enter(pipeline, video_id, files)
    for path, file in files.items():
        pipeline.storage.put(file, path)


def enter(pipeline: Pipeline, video_id: int, files: Mapping[str, Path]) -> None:
    """Enters objects into the ledger, by storage key, with the sizes of the files that they are
    made from. Whatever had them deleted is not to any more."""
    with pipeline.transaction() as session:
        deletions.keep(session, files)
        sizes = {path: file.stat().st_size for path, file in files.items()}
        ledger.record(session, video_id, sizes)


def delete_due(pipeline: Pipeline, limit: int = AT_ONCE) -> Deleted:
    """Deletes objects that no row names any more, at most `limit`. What can't be deleted is told of
    and tried again later."""
    with pipeline.transaction() as session:
        claimed = deletions.claim(session, limit)
        failures = pipeline.storage.delete_each(claimed)
        deletions.settle(session, claimed, failures)
    for path, sentence in failures.items():
        pipeline.log.warning(f"{path} is still in the storage: {sentence}")
    return Deleted(len(claimed) - len(failures), failures)
