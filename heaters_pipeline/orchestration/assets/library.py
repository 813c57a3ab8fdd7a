"""From approved clips to files, keyframes and vectors: each run works through all clips of its
video that are due."""

from typing import Any

import dagster as dg

from heaters_pipeline.orchestration import metadata
from heaters_pipeline.orchestration.failures import failures_in_words
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore, open_pipeline
from heaters_pipeline.work.library import embed_clips, export_clips, take_keyframes
from heaters_pipeline.work.objects import storage_cost

GROUP = "library"


@dg.asset(
    deps=["gold_master", "virtual_clips"],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"ffmpeg"},
    pool="export",
)
def exported_clips(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """An MP4 of every approved clip past its undo window, cut from the gold master and proven, by
    checksum, to hold exactly its frames."""
    pipeline, key = open_pipeline(context, database, store), context.partition_key
    with failures_in_words():
        batch = export_clips(pipeline, key)
    cost = storage_cost(pipeline, key)
    return dg.MaterializeResult(metadata=metadata.of_batch(batch) | metadata.of_cost(cost))


@dg.asset(
    deps=[exported_clips],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"ffmpeg"},
)
def clip_keyframes(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """Still images of every exported clip."""
    with failures_in_words():
        batch = take_keyframes(open_pipeline(context, database, store), context.partition_key)
    return dg.MaterializeResult(metadata=metadata.of_batch(batch))


@dg.asset(
    deps=[clip_keyframes],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"postgres"},
    pool="model",
)
def clip_embeddings(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """A vector of every clip with keyframes, by which clips are found. Clips of the library that
    have one of another model only get one of the present model, too."""
    with failures_in_words():
        done = embed_clips(open_pipeline(context, database, store), context.partition_key)
    added = {"added": done.added, "without": done.without}
    return dg.MaterializeResult(metadata=metadata.of_batch(done.batch) | added)
