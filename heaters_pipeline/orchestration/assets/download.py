"""From an address or a file to the source in the storage."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from heaters_pipeline.orchestration import metadata, pages
from heaters_pipeline.orchestration.failures import failures_in_words
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore, open_pipeline
from heaters_pipeline.orchestration.run_keys import attempt_of
from heaters_pipeline.work.download import Settled, download_source

GROUP = "ingest"


@dg.asset(
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"ytdlp"},
    pool="download",
    output_required=False,
)
def source_download(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> Iterator[dg.MaterializeResult[Any]]:
    """The video as its site or its owner has it, checked to be one that can be decoded. A playlist
    becomes a source video for each of its entries, and a video that is there already is only
    reported: neither has anything for the next steps."""
    pipeline = open_pipeline(context, database, store)
    with failures_in_words():
        outcome = download_source(pipeline, context.partition_key, attempt_of(context.run))
    if isinstance(outcome, Settled):
        context.log.info(outcome.sentence)
    else:
        yield dg.MaterializeResult(
            metadata=metadata.of_source(outcome) | pages.of_partition(context, "source_download")
        )
