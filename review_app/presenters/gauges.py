"""How Heaters stands, as metrics of Prometheus. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from heaters_pipeline.db.gauges import Ended, Gauges


def metrics(gauges: Gauges, now: datetime) -> Iterator[Metric]:
    yield _by("heaters_clips", "Clips by state.", "state", gauges.clips)
    yield _by("heaters_source_videos", "Source videos by state.", "state", gauges.videos)
    yield GaugeMetricFamily(
        "heaters_oldest_pending_seconds",
        "Age of the clip that has waited longest for a reviewer.",
        value=_age(gauges.oldest_pending, now),
    )
    yield GaugeMetricFamily(
        "heaters_oldest_new_video_seconds",
        "Age of the source video that has waited longest for its download.",
        value=_age(gauges.oldest_new_video, now),
    )
    yield GaugeMetricFamily(
        "heaters_due_clips", "Clips that the pipeline would go on with now.", value=gauges.due_clips
    )
    yield _by(
        "heaters_tried_again",
        "What has failed for a reason that may pass, and waits for another try.",
        "thing",
        gauges.tried_again,
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
    yield from _ended(gauges.runs, "run", "job", "last_day")
    yield from _ended(gauges.steps, "step", "step", "last_hour")


def _ended(ended: Sequence[Ended], what: str, label: str, when: str) -> Iterator[Metric]:
    """`what`: they are runs, or steps of the runs that ended then."""
    told = f"Of Dagster's {what}s of the {when.replace('_', ' ')}"
    numbers = GaugeMetricFamily(
        f"heaters_{what}s_{when}", f"{told}: how many ended.", labels=[label, "status"]
    )
    seconds = GaugeMetricFamily(
        f"heaters_{what}_seconds_{when}", f"{told}: mean duration.", labels=[label, "status"]
    )
    for each in ended:
        numbers.add_metric([each.name, each.status], each.number)
        seconds.add_metric([each.name, each.status], each.mean_seconds)
    yield numbers
    yield seconds


def _age(since: datetime | None, now: datetime) -> float:
    return (now - since).total_seconds() if since else 0


def _by(name: str, documentation: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
