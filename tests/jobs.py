"""Dagster's jobs and sensors, run in the test's own process."""

from __future__ import annotations

import dagster as dg
from dagster_aws.s3 import S3Resource

from heaters_pipeline.orchestration.definitions import defs
from heaters_pipeline.orchestration.resources import Database, ObjectStore

STORE = ObjectStore(s3=S3Resource(endpoint_url=None))

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_job(
    instance: dg.DagsterInstance,
    job: str,
    key: str | None,
    assets: list[str] | None = None,
    tags: dict[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    """The job for one video (None: for whatever is due), or only some of its assets. A failure is
    in the result."""
    if key is not None:
        instance.add_dynamic_partitions("heaters_videos", [key])
    return defs.resolve_job_def(job).execute_in_process(
        run_config=QUIET,
        partition_key=key,
        instance=instance,
        raise_on_error=False,
        tags=tags,
        asset_selection=[dg.AssetKey(asset) for asset in assets] if assets else None,
    )


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance) -> list[str]:
    """Run keys that a tick asks for."""
    return [str(request.run_key) for request in ticked(sensor, instance).run_requests or []]


def why_skipped(sensor: dg.SensorDefinition, instance: dg.DagsterInstance) -> str:
    """What a tick says that asks for no run."""
    reason = ticked(sensor, instance).skip_reason
    return str(reason.skip_message if isinstance(reason, dg.SkipReason) else reason)


def ticked(
    sensor: dg.SensorDefinition, instance: dg.DagsterInstance, cursor: str | None = None
) -> dg.SensorResult:
    resources = {"database": Database(), "store": STORE}
    with dg.build_sensor_context(instance=instance, resources=resources, cursor=cursor) as context:
        result = sensor(context)
    assert isinstance(result, dg.SensorResult)
    return result
