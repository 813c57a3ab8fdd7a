"""Proof that the products are what they promise."""

import warnings

import dagster as dg

from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.domain.cut_points import find_faults
from heaters_pipeline.domain.quality import shortfall
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.ffmpeg.checksums import read_checksums, verify_gold_master
from heaters_pipeline.orchestration.assets.download import source_download
from heaters_pipeline.orchestration.assets.ingest import virtual_clips
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore
from heaters_pipeline.settings import get_settings

SHOWN_FRAMES = 20

# Checks by partition are a preview in the version of Dagster that we pin; nothing else does.
warnings.filterwarnings("ignore", "Specifying a partitions_def", dg.PreviewWarning)


@dg.asset_check(
    asset="gold_master",
    # The check decodes the whole film: reviewers need not wait for it.
    additional_deps=[virtual_clips],
    partitions_def=heaters_videos,
)
def gold_master_equals_source(
    context: dg.AssetCheckExecutionContext, database: Database, store: ObjectStore
) -> dg.AssetCheckResult:
    """Every frame decoded from the gold master has the checksum that the source's had."""
    storage, settings = store.open(), get_settings()
    with database.transaction() as session:
        video = source_videos.get(session, context.partition_key)
    with (
        scratch_folder(settings.home) as folder,
        storage.fetch(str(video.gold_master_filepath)) as gold,
        storage.fetch(str(video.frame_checksums_filepath)) as sums,
    ):
        checksums = read_checksums(sums)
        different = verify_gold_master(
            gold, checksums, folder, stall_seconds=settings.stall_seconds
        )
    return dg.AssetCheckResult(
        passed=not different,
        metadata={
            "frames": len(checksums),
            "different": len(different),
            "first_different": different[:SHOWN_FRAMES],
        },
    )


@dg.asset_check(asset="gold_master", partitions_def=heaters_videos)
def source_is_undamaged(
    context: dg.AssetCheckExecutionContext, database: Database
) -> dg.AssetCheckResult:
    """Every frame of the source could be decoded cleanly, and its stream is as long as it says."""
    with database.transaction() as session:
        damage = source_videos.get(session, context.partition_key).damage
    return dg.AssetCheckResult(
        passed=damage is None, severity=dg.AssetCheckSeverity.WARN, metadata=damage or {}
    )


@dg.asset_check(asset=source_download, partitions_def=heaters_videos)
def best_quality_was_downloaded(
    context: dg.AssetCheckExecutionContext, database: Database
) -> dg.AssetCheckResult:
    """What was fetched is the best that its site listed."""
    with database.transaction() as session:
        quality = source_videos.get(session, context.partition_key).download_quality
    short = shortfall(quality)
    return dg.AssetCheckResult(
        passed=short is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{short}: `heaters refetch` fetches it again." if short else None,
        metadata=quality or {},
    )


@dg.asset_check(asset=virtual_clips, partitions_def=heaters_videos)
def clips_cover_video(
    context: dg.AssetCheckExecutionContext, database: Database
) -> dg.AssetCheckResult:
    """Every frame belongs to exactly one clip."""
    with database.transaction() as session:
        video = source_videos.get(session, context.partition_key)
        live = clips.of_video(session, video.id)
    faults = find_faults(video.frame_count or 0, [clip.frames for clip in live])
    return dg.AssetCheckResult(passed=not faults, metadata={"clips": len(live), "faults": faults})
