"""Archived source videos, on their way to the cold or back."""

from typing import Any

import dagster as dg

from heaters_pipeline.orchestration.failures import failures_in_words
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore, open_pipeline
from heaters_pipeline.work.archive import move_objects

GROUP = "archive"


@dg.asset(deps=["gold_master"], partitions_def=heaters_videos, group_name=GROUP, kinds={"s3"})
def archived_source(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """Source and gold master of a video, moved to a cold storage class or back from there, as
    somebody asked for."""
    with failures_in_words():
        moved = move_objects(open_pipeline(context, database, store), context.partition_key)
    return dg.MaterializeResult(metadata={"moved": moved})
