"""The code location that Dagster loads."""

import dagster as dg
from dagster_aws.s3 import S3Resource

from heaters_pipeline.orchestration.assets import (
    archive,
    download,
    ingest,
    library,
    repeats,
    storage,
    themes,
    vectors,
)
from heaters_pipeline.orchestration.catalogue import assets_of
from heaters_pipeline.orchestration.checks import asset_checks
from heaters_pipeline.orchestration.ended_runs import cancelled_runs, failed_runs
from heaters_pipeline.orchestration.extra import extra_definitions
from heaters_pipeline.orchestration.handing_over import handover_job
from heaters_pipeline.orchestration.jobs import (
    archive_job,
    daily_storage_check,
    ingest_job,
    library_job,
    repeats_job,
    storage_job,
    themes_job,
    vectors_job,
)
from heaters_pipeline.orchestration.resources import Database, ObjectStore
from heaters_pipeline.orchestration.retention import retention, retention_job
from heaters_pipeline.orchestration.retirement import (
    partitions_job,
    retired_partitions_schedule,
    wanted_partitions,
)
from heaters_pipeline.orchestration.sensors import (
    alerts,
    approved_clips,
    archived_sources,
    asked_copies,
    changed_library,
    missing_exports,
    missing_repeats,
    missing_vectors,
    new_source_videos,
    unused_objects,
    watched_folder,
    webhook_deliveries,
)
from heaters_pipeline.settings import get_settings

assets = assets_of(
    [download, ingest, library, vectors, themes, repeats, storage, archive],
    get_settings().asset_owners,
)
resources = {
    "database": Database(),
    "store": ObjectStore(s3=S3Resource(endpoint_url=get_settings().s3_endpoint_url)),
}

defs = dg.Definitions.merge(
    dg.Definitions(
        assets=assets,
        asset_checks=asset_checks,
        jobs=[
            ingest_job,
            library_job,
            vectors_job,
            themes_job,
            repeats_job,
            storage_job,
            archive_job,
            handover_job,
            retention_job,
            partitions_job,
        ],
        schedules=[daily_storage_check, retention, retired_partitions_schedule],
        sensors=[
            new_source_videos,
            watched_folder,
            approved_clips,
            missing_exports,
            archived_sources,
            asked_copies,
            missing_vectors,
            missing_repeats,
            changed_library,
            failed_runs,
            cancelled_runs,
            unused_objects,
            webhook_deliveries,
            alerts,
            wanted_partitions,
        ],
        resources=resources,
        executor=dg.in_process_executor,
    ),
    *extra_definitions(get_settings().extra_definitions),
)
