"""Proof that the products of a video are what they promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from heaters_pipeline.db import (
    clip_exports,
    clip_work,
    clips,
    embeddings,
    frame_indexes,
    imported,
    source_videos,
)
from heaters_pipeline.domain.cut_points import find_faults
from heaters_pipeline.domain.quality import shortfall
from heaters_pipeline.domain.retries import tries_told
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.files.spans import span
from heaters_pipeline.media.ffmpeg.checksums import read_checksums, verify_gold_master
from heaters_pipeline.work.pipeline import Pipeline

SHOWN_FRAMES = 20
SHOWN_CLIPS = 20


@dataclass(frozen=True)
class CheckResult:
    passed: bool
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What an operator looks at."""
    sentence: str | None = None
    """What is wrong and what to do, where there is more to say than the facts."""


Check = Callable[[Pipeline, str], CheckResult]


def gold_master_equals_source(pipeline: Pipeline, key: str) -> CheckResult:
    """Every frame decoded from the gold master has the checksum that the source's had."""
    settings, storage = pipeline.settings, pipeline.storage
    with pipeline.transaction() as session:
        video = source_videos.get(session, key)
    with (
        span("verifying", video=key),
        scratch_folder(settings.home) as folder,
        storage.fetch(str(video.gold_master_filepath)) as gold,
        storage.fetch(str(video.frame_checksums_filepath)) as sums,
    ):
        checksums = read_checksums(sums)
        different = verify_gold_master(
            gold, checksums, folder, stall_seconds=settings.stall_seconds
        )
    facts = {
        "frames": len(checksums),
        "different": len(different),
        "first_different": different[:SHOWN_FRAMES],
    }
    return CheckResult(not different, facts)


def source_is_undamaged(pipeline: Pipeline, key: str) -> CheckResult:
    """Every frame of the source could be decoded cleanly, and its stream is as long as it says."""
    with pipeline.transaction() as session:
        damage = source_videos.get(session, key).damage
    return CheckResult(damage is None, damage or {})


def best_quality_was_downloaded(pipeline: Pipeline, key: str) -> CheckResult:
    """The download got the best that its site listed."""
    with pipeline.transaction() as session:
        quality = source_videos.get(session, key).download_quality
    short = shortfall(quality)
    sentence = f"{short}: `heaters refetch` fetches it again." if short else None
    return CheckResult(short is None, quality or {}, sentence)


ELSEWHERE = (
    "Its clips came from an older system and lie elsewhere: `heaters migrate-clips` moves them."
)


def clips_cover_video(pipeline: Pipeline, key: str) -> CheckResult:
    """Every frame belongs to exactly one clip."""
    with pipeline.transaction() as session:
        video = source_videos.get(session, key)
        live = clips.of_video(session, video.id)
        if imported.stays_empty(session, video.id):
            return CheckResult(True, {"clips": len(live), "faults": []}, ELSEWHERE)
    faults = find_faults(video.frame_count or 0, [clip.frames for clip in live])
    return CheckResult(not faults, {"clips": len(live), "faults": faults})


def frame_index_is_whole(pipeline: Pipeline, key: str) -> CheckResult:
    """The frame index has every frame of the gold master once, in the order in which they are
    shown."""
    with pipeline.transaction() as session:
        video = source_videos.get(session, key)
        ticks = frame_indexes.all_ticks(session, video.id)
    late = [number for number in range(1, len(ticks)) if ticks[number] <= ticks[number - 1]]
    facts = {"frames": len(ticks), "of": video.frame_count, "out_of_order": late[:SHOWN_FRAMES]}
    return CheckResult(len(ticks) == video.frame_count and not late, facts)


def exports_are_proven(pipeline: Pipeline, key: str) -> CheckResult:
    """Every exported file was read back and compared with the gold master: it has a receipt."""
    with pipeline.transaction() as session:
        unproven, number = clip_exports.unproven(session, source_videos.get(session, key).id)
    sentence = "Files from before there were receipts: have the clips exported again to prove them."
    facts = {"files": number, "unproven_clips": list(unproven[:SHOWN_CLIPS])}
    return CheckResult(not unproven, facts, sentence if unproven else None)


def clips_can_be_found(pipeline: Pipeline, key: str) -> CheckResult:
    """Every clip of the video that is in the library has its vector of the present model."""
    settings = pipeline.settings
    model, strategy = settings.embedding_model, settings.embedding_strategy
    with pipeline.transaction() as session:
        video_id = source_videos.get(session, key).id
        lacking = embeddings.number_lacking(session, model, strategy, video_id)
        reason = embeddings.why_missing(session, model)
    why = f": {reason}." if reason else " yet."
    sentence = f"{lacking} clips have no vector by {model}{why}"
    return CheckResult(not lacking, {"without": lacking}, sentence if lacking else None)


def no_clip_failed(pipeline: Pipeline, key: str) -> CheckResult:
    """No clip of the video has failed on its way into the library."""
    with pipeline.transaction() as session:
        failed = clip_work.failures(session, key)
    sentence = f"{len(failed)} clips failed: `heaters retry --failed --video {key}` tries again."
    facts = {f"clip {clip.id}": f"{clip.state}: {clip.error}" for clip in failed[:SHOWN_CLIPS]}
    return CheckResult(not failed, facts | {"failed": len(failed)}, sentence if failed else None)


def no_clip_is_tried_again(pipeline: Pipeline, key: str) -> CheckResult:
    """No clip of the video waits for another try."""
    with pipeline.transaction() as session:
        waiting = clip_work.waiting_for_try(session, key)
    sentence = f"{len(waiting)} clips are tried again by themselves."
    facts = {
        f"clip {clip.id}": tries_told(clip.error, clip.tries, clip.retry_at)
        for clip in waiting[:SHOWN_CLIPS]
    }
    return CheckResult(not waiting, facts | {"wait": len(waiting)}, sentence if waiting else None)


CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        best_quality_was_downloaded,
        source_is_undamaged,
        clips_cover_video,
        gold_master_equals_source,
    )
}
"""By the names that they have in Dagster; the costly one comes last."""
