"""The two halves of the pipeline, each one run in one process: starting a process for each step
costs more than most steps."""

import dagster as dg

from heaters_pipeline.orchestration.assets import download, library

ingest_job = dg.define_asset_job(
    "ingest",
    selection=dg.AssetSelection.groups(download.GROUP),
    executor_def=dg.in_process_executor,
    tags={"heaters/half": "ingest"},
    description="A new source video, up to virtual clips that wait for review.",
)

library_job = dg.define_asset_job(
    "library",
    selection=dg.AssetSelection.groups(library.GROUP),
    executor_def=dg.in_process_executor,
    description="The approved clips of a video, up to files that can be searched.",
)
