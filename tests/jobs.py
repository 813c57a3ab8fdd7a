"""Dagster's jobs, run in the test's own process."""

from __future__ import annotations

import dagster as dg

from heaters_pipeline.orchestration.definitions import defs

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_job(
    instance: dg.DagsterInstance,
    job: str,
    key: str,
    assets: list[str] | None = None,
    tags: dict[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    """The job for one video, or only some of its assets. A failure is in the result."""
    instance.add_dynamic_partitions("heaters_videos", [key])
    return defs.resolve_job_def(job).execute_in_process(
        run_config=QUIET,
        partition_key=key,
        instance=instance,
        raise_on_error=False,
        tags=tags,
        asset_selection=[dg.AssetKey(asset) for asset in assets] if assets else None,
    )
