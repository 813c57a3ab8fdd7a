"""The sensors and schedules by which the pipeline goes on by itself, and what stands still without
each."""

from __future__ import annotations

from collections.abc import Collection

SENSORS = {
    "new_source_videos": "no new video is begun",
    "watched_folder": "no video is taken from the watched folder",
    "approved_clips": "no approved clip is exported",
    "missing_exports": "no missing export is made",
    "archived_sources": "no archived video is moved to the cold, or back",
    "asked_copies": "nothing is copied that somebody asked for on the page Hand over",
    "missing_vectors": "no missing vector is made",
    "missing_repeats": "no older video is looked through for clips that show the same",
    "changed_library": "no theme is brought up to date",
    "failed_runs": "nothing that a failed run left is tried again",
    "cancelled_runs": "what a cancelled run left waits for ever",
    "unused_objects": "no unused file is deleted",
    "webhook_deliveries": "no webhook is told",
    "wanted_partitions": "no retired partition comes back that somebody asks for",
    "alerts": "nobody is told of what waits for them",
}
"""By the name that the sensor has in Dagster."""

SCHEDULES = {
    "daily_storage_check": "nothing tells of files that the storage has lost",
    "retention": "Dagster's old runs stay for ever",
    "retired_partitions": "Dagster lists all videos for ever, and its pages grow slow",
}
"""By the name that the schedule has in Dagster."""


def stopped_told(names: Collection[str]) -> list[str]:
    """What a person is told of the sensors and schedules that are stopped, a sentence each."""
    return [
        f"The {kind} {name} is stopped, so {still}: start it in Dagster, on the page Automation."
        for kind, all_of_them in (("sensor", SENSORS), ("schedule", SCHEDULES))
        for name, still in all_of_them.items()
        if name in names
    ]
