"""The two halves of the pipeline, what fills in vectors and repeats, what makes themes, and what
looks after the storage. Each run is one process: starting one for each step costs more than most
steps."""

import dagster as dg

from heaters_pipeline.orchestration.assets import (
    archive,
    download,
    library,
    repeats,
    storage,
    themes,
    vectors,
)
from heaters_pipeline.orchestration.run_tags import read_run_tags
from heaters_pipeline.settings import get_settings

_TAGS = read_run_tags(get_settings().run_tags)

CLIP_SPRITES = "clip_sprites"
"""Of the ingest, and again where a merge or a split made other clips."""

ingest_job = dg.define_asset_job(
    "ingest",
    selection=dg.AssetSelection.groups(download.GROUP),
    executor_def=dg.in_process_executor,
    tags={"heaters/half": "ingest", **_TAGS.get("ingest", {})},
    description="A new source video, up to virtual clips that wait for review.",
)

library_job = dg.define_asset_job(
    "library",
    selection=dg.AssetSelection.groups(library.GROUP) | dg.AssetSelection.assets(CLIP_SPRITES),
    executor_def=dg.in_process_executor,
    tags=_TAGS.get("library"),
    description="The approved clips of a video, up to files that can be searched.",
)

vectors_job = dg.define_asset_job(
    "vectors",
    selection=dg.AssetSelection.groups(vectors.GROUP),
    executor_def=dg.in_process_executor,
    tags=_TAGS.get("vectors"),
    description="The vectors that clips of the library lack.",
)

themes_job = dg.define_asset_job(
    "themes",
    selection=dg.AssetSelection.groups(themes.GROUP),
    executor_def=dg.in_process_executor,
    tags=_TAGS.get("themes"),
    description="The library by likeness, once enough of it has changed.",
)

repeats_job = dg.define_asset_job(
    "repeats",
    selection=dg.AssetSelection.groups(repeats.GROUP),
    executor_def=dg.in_process_executor,
    tags=_TAGS.get("repeats"),
    description="Clips that show the same, of videos in which nobody has looked for them.",
)

storage_job = dg.define_asset_job(
    "storage",
    selection=dg.AssetSelection.groups(storage.GROUP),
    executor_def=dg.in_process_executor,
    tags=_TAGS.get("storage"),
    description="The storage compared with the database.",
)

archive_job = dg.define_asset_job(
    "archive",
    selection=dg.AssetSelection.groups(archive.GROUP),
    executor_def=dg.in_process_executor,
    tags=_TAGS.get("archive"),
    description="Source and gold master of an archived video, to the cold or back.",
)

daily_storage_check = dg.ScheduleDefinition(
    name="daily_storage_check",
    job=storage_job,
    cron_schedule="17 4 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Looks every night whether anything is orphaned or missing.",
)
