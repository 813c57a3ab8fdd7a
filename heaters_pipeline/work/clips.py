"""From cut points to virtual clips that wait for a reviewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from sqlmodel import Session

from heaters_pipeline.db import (
    clips,
    embeddings,
    event_log,
    frame_indexes,
    imported,
    source_videos,
)
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.db.replanning import replan
from heaters_pipeline.domain.cut_points import find_faults, without_short
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.states import DETECT_SCENES, ClipState
from heaters_pipeline.domain.transitions import Transition
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.media.clips.previews import preview
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.settings import Settings
from heaters_pipeline.work.cuts import flashes_of, is_imported
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.repeats import seek_repeats
from heaters_pipeline.work.step import made_by, source_step


@dataclass(frozen=True)
class LaidClips:
    """The clips of a video after its cut points were laid over it, in numbers."""

    live: int
    new: int
    replaced: int
    kept_as_reviewed: int
    previews: int
    """Clips that got a preview now."""
    repeats: int
    """Ranges that show again what was there before, found now."""
    shared: Mapping[str, float]
    """How much of the video is in others, by their titles: shares, where they are large."""
    merged_short: int
    """Cuts that would have left a clip too short."""
    trimmed: int
    merged_by_reviewers: int
    split_by_reviewers: int


NOTHING_LAID = LaidClips(0, 0, 0, 0, 0, 0, {}, 0, 0, 0, 0)


def lay_clips(pipeline: Pipeline, key: str) -> LaidClips:
    """Divides the video at its cut points into rows, without any file. Clips that a reviewer has
    touched stay. Each clip gets a preview: a vector by which it is compared before it has
    keyframes. What it shows again of earlier films is sought, once."""
    with source_step(pipeline, key, DETECT_SCENES) as video:
        made_by(video.gold_master_filepath, video, "gold_master")
        with pipeline.transaction() as session:
            laid = lay_rows(session, pipeline.settings, video)
            source_videos.finish(session, key, DETECT_SCENES)
        previews = _save_previews(pipeline, video)
        sought = seek_repeats(pipeline, video)
        return replace(laid, previews=previews, repeats=sought.repeats, shared=sought.shared)


def lay_rows(session: Session, settings: Settings, video: SourceVideo) -> LaidClips:
    """The rows of `lay_clips` alone, without previews and repeats."""
    if imported.stays_empty(session, video.id):
        return NOTHING_LAID
    found = _cuts(video)
    cuts, longest = _division(session, settings, video, found)
    replanned = replan(session, video, cuts, longest)
    imported.adopt(session, video.id)
    live = clips.of_video(session, video.id)
    faults = find_faults(video.frame_count or 0, [clip.frames for clip in live])
    if faults:
        raise HeatersError(f"The clips of {video.title} don't cover it: {faults[0]}")
    judged = clips.judged(session, video.id)
    mended = event_log.corrections(session, [video.id]).get(video.id)
    touched = replanned.clips if replanned else []
    return LaidClips(
        live=len(live),
        new=sum(clip.state != ClipState.SUPERSEDED for clip in touched),
        replaced=sum(clip.state == ClipState.SUPERSEDED for clip in touched),
        kept_as_reviewed=len(judged),
        previews=0,
        repeats=0,
        shared={},
        merged_short=len(found) - len(cuts),
        trimmed=sum(clip.trim is not None for clip in live),
        merged_by_reviewers=mended.merges if mended else 0,
        split_by_reviewers=mended.splits if mended else 0,
    )


def lay_beginning(session: Session, settings: Settings, video: SourceVideo, end: int) -> None:
    """The rows of the clips before the cut at frame `end`, of a video of which there is not more
    yet that is sure. `lay_rows` has the last word on all that no reviewer has touched."""
    cuts, longest = _division(session, settings, video, _cuts(video))
    replan(session, video, cuts, longest, end)


def _division(
    session: Session, settings: Settings, video: SourceVideo, found: Mapping[int, float]
) -> tuple[list[int], int | None]:
    """Of the cuts that were found, those that divide the video, and the most frames that a clip may
    have."""
    if is_imported(video):
        return sorted(found), None
    rate = frame_indexes.mean_rate(session, video)
    cuts = without_short(found, round(settings.min_clip_seconds * rate))
    return cuts, _longest(settings, video, rate)


def _save_previews(pipeline: Pipeline, video: SourceVideo) -> int:
    """Gives a preview to every clip that has none, and says to how many."""
    with pipeline.transaction() as session:
        without = embeddings.without_preview(session, video.id, LAYOUT_MODEL)
    if not without:
        return 0
    path = made_by(video.frame_scores_filepath, video, "frame_scores")
    flashes = flashes_of(video)
    with pipeline.storage.fetch(path) as file:
        thumbnails = open_thumbnails(file)
        vectors = {clip.id: preview(thumbnails, clip.clean_frames, flashes) for clip in without}
    with pipeline.transaction() as session:
        for clip_id, vector in vectors.items():
            embeddings.save(session, clip_id, LAYOUT_MODEL, PREVIEW, vector.tolist())
    return len(vectors)


def _longest(settings: Settings, video: SourceVideo, rate: Fraction) -> int | None:
    """The most frames that a clip may have; None for no limit."""
    seconds = settings.max_clip_seconds
    if seconds is None or not video.needs_splicing:
        return None
    return max(1, int(seconds * rate))


def _cuts(video: SourceVideo) -> Mapping[int, float]:
    """How certain each cut is, by the first frame of the next clip."""
    if not video.needs_splicing and not is_imported(video):
        return {}
    if video.scene_cut_points is None:
        raise InputError(f"{video.title} has no cut points: materialize scene_cut_points first.")
    found = [Transition(**each) for each in video.scene_cut_points.get("transitions", ())]
    scores = {each.boundary(video.frame_count or 0): each.score for each in found}
    return {cut: scores.get(cut, 1.0) for cut in video.scene_cut_points["cuts"]}
