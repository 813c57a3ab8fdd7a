"""How Heaters stands, as metrics of Prometheus. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from heaters_pipeline.db.gauges import Gauges


def metrics(gauges: Gauges, now: datetime) -> Iterator[Metric]:
    yield _by("heaters_clips", "Clips by state.", "state", gauges.clips)
    yield _by("heaters_source_videos", "Source videos by state.", "state", gauges.videos)
    oldest = gauges.oldest_pending
    yield GaugeMetricFamily(
        "heaters_oldest_pending_seconds",
        "Age of the clip that has waited longest for a reviewer.",
        value=(now - oldest).total_seconds() if oldest else 0,
    )
    yield GaugeMetricFamily(
        "heaters_due_clips", "Clips that the pipeline would go on with now.", value=gauges.due_clips
    )
    yield _by(
        "heaters_decisions_last_hour",
        "Decisions of the last hour that stand, by kind.",
        "action",
        gauges.decisions,
    )
    yield _by("heaters_storage_bytes", "Bytes in the storage by kind.", "kind", gauges.bytes)
    yield _by(
        "heaters_outage_seconds",
        "How long a thing outside has not answered.",
        "thing",
        {thing: (now - since).total_seconds() for thing, since in gauges.outages.items()},
    )
    yield _by(
        "heaters_stopped_automation",
        "Sensors and schedules that somebody has stopped.",
        "name",
        dict.fromkeys(gauges.stopped, 1),
    )
    runs = GaugeMetricFamily(
        "heaters_runs_last_day",
        "Runs of Dagster that ended in the last 24 hours.",
        labels=["job", "status"],
    )
    seconds = GaugeMetricFamily(
        "heaters_run_seconds_last_day",
        "The mean duration of the runs that ended in the last 24 hours.",
        labels=["job", "status"],
    )
    for each in gauges.runs:
        runs.add_metric([each.job, each.status], each.number)
        seconds.add_metric([each.job, each.status], each.mean_seconds)
    yield runs
    yield seconds


def _by(name: str, documentation: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
