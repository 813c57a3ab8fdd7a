"""The checks of `work` as Dagster's asset checks."""

import warnings
from typing import Any

import dagster as dg

from heaters_pipeline.orchestration.assets.download import source_download
from heaters_pipeline.orchestration.assets.ingest import keyframe_offsets, virtual_clips
from heaters_pipeline.orchestration.assets.library import clip_embeddings, exported_clips
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore, open_pipeline
from heaters_pipeline.work import checks

# Checks by partition are a preview in the version of Dagster that we pin; nothing else does.
warnings.filterwarnings("ignore", "Specifying a partitions_def", dg.PreviewWarning)

WARN = dg.AssetCheckSeverity.WARN
ERROR = dg.AssetCheckSeverity.ERROR


def _asset_check(
    check: checks.Check,
    asset: str | dg.AssetsDefinition,
    severity: dg.AssetCheckSeverity,
    **options: Any,
) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        name=check.__name__,
        description=check.__doc__,
        asset=asset,
        partitions_def=heaters_videos,
        **options,
    )
    def evaluate(
        context: dg.AssetCheckExecutionContext, database: Database, store: ObjectStore
    ) -> dg.AssetCheckResult:
        found = check(open_pipeline(context, database, store), context.partition_key)
        return dg.AssetCheckResult(
            passed=found.passed,
            severity=severity,
            description=found.sentence,
            metadata=dict(found.facts),
        )

    return evaluate


asset_checks = [
    _asset_check(
        checks.gold_master_equals_source,
        "gold_master",
        ERROR,
        # It decodes the whole film: reviewers need not wait for it.
        additional_deps=[virtual_clips],
    ),
    _asset_check(checks.source_is_undamaged, "gold_master", WARN),
    _asset_check(checks.best_quality_was_downloaded, source_download, WARN),
    _asset_check(checks.frame_index_is_whole, keyframe_offsets, ERROR),
    _asset_check(checks.clips_cover_video, virtual_clips, ERROR),
    _asset_check(checks.exports_are_proven, exported_clips, WARN),
    _asset_check(checks.clips_can_be_found, clip_embeddings, WARN),
    # After the last step, whichever of them a clip got to.
    _asset_check(checks.no_clip_failed, clip_embeddings, ERROR),
    _asset_check(checks.no_clip_is_tried_again, clip_embeddings, WARN),
]
