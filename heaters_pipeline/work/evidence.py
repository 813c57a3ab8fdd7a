"""The stored evidence of cut detection."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.cuts.detection import Gather, Progress, Remember
from heaters_pipeline.media.cuts.evidence import Evidence
from heaters_pipeline.storage import ObjectMissing
from heaters_pipeline.work.objects import delete_due, hashed, keep
from heaters_pipeline.work.pipeline import Pipeline


def remembered(
    pipeline: Pipeline, video: SourceVideo, thumbnails: Path, progress: Progress
) -> Remember:
    """Evidence about `video` from the storage, for one detector, whatever its threshold; what is
    not there, can't be read or is about other thumbnails is gathered and stored, in place of other
    evidence about it. It is read once. The caller holds the video's lock."""
    kept: Evidence | None = None

    def remember(name: str, gather: Gather) -> Evidence:
        nonlocal kept
        if kept is None:
            of = layout.name_of(file_digest(thumbnails))
            kept = fetched(of, name) or gathered(of, name, gather)
        return kept

    def fetched(of: str, name: str) -> Evidence | None:
        path = video.cut_evidence_filepath
        if path is None or not layout.is_cut_evidence(path, video.key, of, name):
            return None
        try:
            with pipeline.storage.fetch(path) as file:
                return Evidence.load(file)
        except (ObjectMissing, KeyError, ValueError, EOFError, BadZipFile):
            return None

    def gathered(of: str, name: str, gather: Gather) -> Evidence:
        evidence = gather(progress)
        with scratch_folder(pipeline.settings.home) as folder:
            file = folder / "cut_evidence.npz"
            evidence.save(file)
            saved = hashed(file)
            path = layout.cut_evidence(video.key, of, name, layout.name_of(saved.sha256))
            keep(pipeline, video.id, {path: saved})
        with pipeline.transaction() as session:
            source_videos.record(session, video.key, {"cut_evidence_filepath": path})
        delete_due(pipeline)
        return evidence

    return remember
