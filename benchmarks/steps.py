"""What the benchmarks of the ingest run in processes of their own, so that starting Python and
importing is part of the cost. Each command prints one JSON object, and on standard error the name
of each step as it begins."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "benchmarks.steps")


def environment(home: Path, database_url: str, gold: str) -> Mapping[str, str]:
    """Of a process that ingests: the defaults of every setting but these. What the network of the
    cut detector costs, `benchmarks.cuts` says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEATERS_")}
    kept.pop("STORAGE_URL", None)
    return kept | {
        "HEATERS_HOME": str(home),
        "DATABASE_URL": database_url,
        "HEATERS_GOLD_MASTER": gold,
        "HEATERS_DETECTOR": "transition",
    }


def ingest(source: str) -> dict[str, Any]:
    """From a file to virtual clips: the steps of `work.ingest`, without the checks after them."""
    from heaters_pipeline.db import clips, source_videos
    from heaters_pipeline.work.ingest import STEPS
    from heaters_pipeline.work.register import add_source

    pipeline = _pipeline()
    with pipeline.transaction() as session:
        video, _ = add_source(session, source)
    for name, step in STEPS.items():
        print(name, file=sys.stderr, flush=True)
        step(pipeline, video.key)
    with pipeline.transaction() as session:
        video = source_videos.get(session, video.key)
        count = len(clips.of_video(session, video.id))
    return {"key": video.key, "frames": video.frame_count, "clips": count}


def verify(key: str) -> dict[str, Any]:
    """The check of the gold master."""
    from heaters_pipeline.work.checks import gold_master_equals_source

    print("verify", file=sys.stderr, flush=True)
    return {"passed": gold_master_equals_source(_pipeline(), key).passed}


def export(key: str) -> dict[str, Any]:
    """The files of the approved clips."""
    from heaters_pipeline.work.library import export_clips

    batch = export_clips(_pipeline(), key).batch
    return {"done": len(batch.done), "failed": len(batch.failed)}


def library(key: str) -> dict[str, Any]:
    """A run of Dagster's for the approved clips, on an instance of its own: the processor time of
    this process, in seconds, without that of its children."""
    import resource

    import dagster as dg

    from heaters_pipeline.orchestration.definitions import defs
    from heaters_pipeline.orchestration.partitions import heaters_videos

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions(str(heaters_videos.name), [key])
        job = defs.resolve_job_def("library")
        job.execute_in_process(run_config=quiet, partition_key=key, instance=instance)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": usage.ru_utime + usage.ru_stime}


def count_packets(video: str) -> dict[str, Any]:
    """The plain chain's frame index."""
    return {"frames": len(scan_packets(Path(video)))}


def scan_packets(video: Path) -> list[tuple[int | None, int, int | None]]:
    """Offset, size and time of every packet; each is read whole."""
    import av

    with av.open(str(video)) as container:
        return [
            (packet.pos, packet.size, packet.pts)
            for packet in container.demux(video=0)
            if packet.size
        ]


def _pipeline() -> Any:
    from heaters_pipeline.db.engine import open_engine
    from heaters_pipeline.settings import get_settings
    from heaters_pipeline.work.pipeline import open_pipeline

    settings = get_settings()
    return open_pipeline(open_engine(str(settings.database_url)), settings)


if __name__ == "__main__":
    commands: dict[str, Callable[[str], dict[str, Any]]] = {
        "ingest": ingest,
        "verify": verify,
        "export": export,
        "library": library,
        "scan-packets": count_packets,
    }
    command, argument = sys.argv[1:]
    print(json.dumps(commands[command](argument)))
