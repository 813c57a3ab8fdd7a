"""The code location that Dagster loads."""

import dagster as dg
from dagster_aws.s3 import S3Resource

from heaters_pipeline.orchestration.assets import download, ingest, library
from heaters_pipeline.orchestration.checks import asset_checks
from heaters_pipeline.orchestration.jobs import ingest_job, library_job
from heaters_pipeline.orchestration.resources import Database, ObjectStore
from heaters_pipeline.orchestration.sensors import (
    approved_clips,
    cancelled_runs,
    failed_runs,
    new_source_videos,
    watched_folder,
)
from heaters_pipeline.settings import get_settings

assets = dg.load_assets_from_modules([download, ingest, library])
resources = {
    "database": Database(),
    "store": ObjectStore(s3=S3Resource(endpoint_url=get_settings().s3_endpoint_url)),
}

defs = dg.Definitions(
    assets=assets,
    asset_checks=asset_checks,
    jobs=[ingest_job, library_job],
    sensors=[
        new_source_videos,
        watched_folder,
        approved_clips,
        failed_runs,
        cancelled_runs,
    ],
    resources=resources,
    executor=dg.in_process_executor,
)
