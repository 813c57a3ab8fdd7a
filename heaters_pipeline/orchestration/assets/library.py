"""From approved clips to files, keyframes and vectors: each run works through all clips of its
video that are due."""

from typing import Any

import dagster as dg

from heaters_pipeline.orchestration import metadata, pages
from heaters_pipeline.orchestration.failures import failures_in_words
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore, open_pipeline
from heaters_pipeline.orchestration.run_keys import is_by_hand
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips, retry_failed
from heaters_pipeline.work.objects import storage_cost
from heaters_pipeline.work.themes import place_new

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
    """The files of every approved clip past its undo window, one by each of its profiles, cut from
    the gold master and proven to hold exactly its frames; and files that exported clips lack since
    a profile was added or changed. Where a person materializes it, all that failed on the way into
    the library is tried again."""
    pipeline, key = open_pipeline(context, database, store), context.partition_key
    with failures_in_words():
        if is_by_hand(context.run):
            retry_failed(pipeline, key)
        done = export_clips(pipeline, key)
    cost = storage_cost(pipeline, key)
    return dg.MaterializeResult(
        metadata=metadata.of_exports(done)
        | metadata.of_cost(cost)
        | pages.of_partition(context, "exported_clips")
    )


@dg.asset(
    deps=["gold_master", exported_clips],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"ffmpeg"},
)
def clip_keyframes(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """Still images of every exported clip, from the gold master, by the rules for keyframes."""
    pipeline = open_pipeline(context, database, store)
    with failures_in_words():
        batch = take_keyframes(pipeline, context.partition_key)
    return dg.MaterializeResult(
        metadata=metadata.of_batch(batch)
        | pages.pictures(pipeline, batch)
        | pages.of_partition(context, "clip_keyframes")
    )


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
    """Takes every clip with keyframes into the library, with the vector by which it is found. Where
    the model can't be had, without: `library_vectors` makes up for it."""
    pipeline = open_pipeline(context, database, store)
    with failures_in_words():
        done = embed_clips(pipeline, context.partition_key)
        place_new(pipeline)
    return dg.MaterializeResult(
        metadata=metadata.of_batch(done.batch)
        | metadata.of_vectors(done.filled)
        | pages.pictures(pipeline, done.batch)
        | pages.of_partition(context, "clip_embeddings")
    )
