"""From the scenes of a physical video to a file for each, before anybody reviews them."""

from __future__ import annotations

from dataclasses import dataclass

from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.cut_points import find_faults
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.states import COMPLETE, SPLICE
from heaters_pipeline.work.exports import Added, add_missing, cut_scenes
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.progress import ProgressWriter
from heaters_pipeline.work.step import made_by, source_step


@dataclass(frozen=True)
class Spliced:
    """The files of clips that were cut now."""

    added: Added


def splice(pipeline: Pipeline, key: str) -> Spliced | None:
    """Cuts the file of every scene that has none, by the first profile that is for it, frame by
    frame from the gold master. A run that is broken off leaves whole files, and the next one goes
    on with the rest. None of a video whose clips are virtual."""
    with pipeline.transaction() as session:
        if source_videos.get(session, key).pipeline != ClipPipeline.PHYSICAL:
            return None
    with source_step(pipeline, key, SPLICE) as video:
        made_by(video.gold_master_filepath, video, "gold_master")
        if video.state in COMPLETE:
            added = add_missing(pipeline, key)
        else:
            progress = ProgressWriter(pipeline, key, "splicing")
            added = Added(made=cut_scenes(pipeline, video, progress))
        with pipeline.transaction() as session:
            live = clips.of_video(session, video.id)
            if find_faults(video.frame_count or 0, [clip.frames for clip in live]):
                raise InputError(
                    f"{video.title} has no scenes yet: materialize virtual_clips first."
                )
            source_videos.finish(session, key, SPLICE)
    return Spliced(added)
