"""The stored evidence of cut detection."""

from __future__ import annotations

from functools import cache
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
from heaters_pipeline.work.objects import delete_replaced, keep
from heaters_pipeline.work.pipeline import Pipeline


def remembered(
    pipeline: Pipeline, video: SourceVideo, thumbnails: Path, progress: Progress
) -> Remember:
    """Evidence about `video` from the storage; what is not there, can't be read or is about other
    thumbnails is gathered and stored, in place of other evidence about it. It is read once. The
    caller holds the video's lock."""
    known: dict[str, Evidence] = {}

    def remember(name: str, gather: Gather) -> Evidence:
        if name not in known:
            known[name] = fetched(name) or gathered(name, gather)
        return known[name]

    @cache
    def path_of(name: str) -> str:
        return layout.cut_evidence(video.key, layout.name_of(file_digest(thumbnails)), name)

    def fetched(name: str) -> Evidence | None:
        if path_of(name) != video.cut_evidence_filepath:
            return None
        try:
            with pipeline.storage.fetch(path_of(name)) as file:
                return Evidence.load(file)
        except (ObjectMissing, KeyError, ValueError, EOFError, BadZipFile):
            return None

    def gathered(name: str, gather: Gather) -> Evidence:
        evidence = gather(progress)
        path = path_of(name)
        with scratch_folder(pipeline.settings.home) as folder:
            file = folder / "cut_evidence.npz"
            evidence.save(file)
            keep(pipeline, video.id, {path: file})
        with pipeline.transaction() as session:
            source_videos.record(session, video.key, {"cut_evidence_filepath": path})
        delete_replaced(pipeline, [video.cut_evidence_filepath], [path])
        return evidence

    return remember
