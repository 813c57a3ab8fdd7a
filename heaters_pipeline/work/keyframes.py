"""From exported clips to keyframes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heaters_pipeline.db import artifacts, clip_work, keyframe_rules
from heaters_pipeline.db.archiving import refuse_archived
from heaters_pipeline.db.artifacts import KeyframeFile
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.states import KEYFRAME
from heaters_pipeline.domain.stills import KeyframeRule
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.clips.keyframes import take_stills
from heaters_pipeline.media.clips.sharpness import measure_sharpness
from heaters_pipeline.work.cuts import flashes_of
from heaters_pipeline.work.gold_master import open_gold_master
from heaters_pipeline.work.library import Batch, work_through
from heaters_pipeline.work.objects import LocalFile, hashed, keep
from heaters_pipeline.work.pipeline import Pipeline


def take_keyframes(pipeline: Pipeline, key: str) -> Batch:
    """Takes still images of every exported clip from the gold master, by the clip's rule."""

    def take_all(video: SourceVideo, due: Sequence[Clip], batch: Batch) -> None:
        refuse_archived(video, "take stills")
        with pipeline.transaction() as session:
            rules = keyframe_rules.load(session)
        flashes = flashes_of(video)
        with open_gold_master(pipeline, video, len(due)) as gold:

            def take(clip: Clip) -> None:
                with gold.part(gold.with_neighbours(clip.file_frames)) as part:
                    part.read(
                        clip.file_frames,
                        lambda source: _take(
                            pipeline, clip, source, rules.of(clip), flashes, gold.folder
                        ),
                    )

            batch.each(gold.room, due, take)

    return work_through(pipeline, key, KEYFRAME, take_all)


def _take(
    pipeline: Pipeline,
    clip: Clip,
    source: GoldRange,
    rule: KeyframeRule,
    flashes: Sequence[FrameRange],
    folder: Path,
) -> None:
    stall_seconds = pipeline.settings.stall_seconds
    measured = (
        measure_sharpness(source, folder, stall_seconds=stall_seconds)
        if rule.needs_sharpness
        else None
    )
    wanted = rule.pick(
        clip.file_frames, chosen=clip.chosen_frames, flashes=flashes, sharpness=measured
    )
    stills = take_stills(source, wanted, folder, image=rule.image, stall_seconds=stall_seconds)
    files: dict[str, LocalFile] = {}
    rows: list[KeyframeFile] = []
    for each in stills:
        file = hashed(each.path)
        own = layout.name_of(file.sha256)
        path = layout.keyframe(clip.id, each.frame, own, each.path.suffix)
        files[path] = file
        rows.append(
            {"frame": each.frame, "filepath": path, "width": each.width, "height": each.height}
        )
    keep(pipeline, clip.source_video_id, files)
    with pipeline.transaction() as session:
        clip_work.refuse_taken_over(session, clip, KEYFRAME)
        basis = rule.basis(clip.chosen_frames)
        artifacts.replace_keyframes(session, clip.id, rows, basis)
    for file in files.values():
        file.path.unlink()
