"""The frame index: building it, and reading one clip's part of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import click
from sqlmodel import Session
from tqdm import tqdm

from benchmarks.database import new_databases
from benchmarks.footage import make_long_proxy
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from benchmarks.steps import scan_packets
from heaters_pipeline.db import frame_indexes, source_videos
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.models import Origin
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND, FrameRecord, pack
from heaters_pipeline.media.products.frame_index import read_frame_index

BUILDS = 15
RATE = 25
CLIP_FRAMES = 150
SHORT_MINUTES, LONG_MINUTES = 2, 120
WARM_UP = 100


@benchmark("frame_index")
@click.option(
    "--minutes", default=20.0, show_default=True, help="Length of the proxy that is indexed."
)
@click.option(
    "--clips", default=2000, show_default=True, help="Random clips read from each video's index."
)
def main(minutes: float, clips: int) -> Iterable[Result]:
    """Build a frame index from the proxy's sample table, against a scan of its packets; read a
    clip's 150 frames of a two-hour video's index, against a two-minute one's.

    Medians; both sides take turns. `build` is processor time, with the file in the page cache;
    `slice` is wall time on an embedded Postgres.
    """
    with work_folder() as folder:
        yield build(make_long_proxy(folder / "proxy.mp4", minutes))
        with new_databases(folder) as new_database:
            yield slices(new_database(), clips)


def build(proxy: Path) -> Result:
    records = read_frame_index(proxy)
    if scan_packets(proxy) != [tuple(record) for record in records]:
        raise HeatersError("Sample table and packet scan disagree on the frame index.")
    ours, peers = [], []
    for _ in tqdm(range(BUILDS), unit="index", disable=None):
        ours.append(_cpu_seconds(read_frame_index, proxy))
        peers.append(_cpu_seconds(scan_packets, proxy))
    return Result(
        "build",
        median(ours) * 1000,
        "ms",
        f"PyAV packet scan of {len(records)} frames",
        median(peers) * 1000,
    )


def slices(url: str, clips: int) -> Result:
    """`url`: a migrated database that holds nothing else."""
    engine = open_engine(url)
    with transaction(engine) as session:
        short, long = (_video(session, minutes) for minutes in (SHORT_MINUTES, LONG_MINUTES))
    positions = random.Random(1)
    ours, peers = [], []
    with transaction(engine) as session:
        for number in tqdm(range(WARM_UP + clips), unit="clip", disable=None):
            seconds = _slice_seconds(session, *long, positions)
            peer_seconds = _slice_seconds(session, *short, positions)
            if number >= WARM_UP:
                ours.append(seconds)
                peers.append(peer_seconds)
    engine.dispose()
    return Result(
        "slice",
        median(ours) * 1000,
        "ms",
        f"the same from a video of {SHORT_MINUTES} minutes; {clips} random clips each",
        median(peers) * 1000,
    )


def _video(session: Session, minutes: int) -> tuple[int, int]:
    """A row with an index of frames of 10 to 40 KB; its id and frame count."""
    count, sizes = minutes * 60 * RATE, random.Random(minutes)
    offset, records = 48, []
    for number in range(count):
        size = sizes.randrange(10_000, 40_000)
        records.append(FrameRecord(offset, size, number * TICKS_PER_SECOND // RATE))
        offset += size
    key = f"minutes-{minutes}"
    video, _ = source_videos.register(
        session, key=key, title=key, url=key, origin=Origin.UPLOAD, needs_splicing=True
    )
    source_videos.record(session, key, {"keyframe_offsets": pack(records)})
    assert video.id is not None
    return video.id, count


def _slice_seconds(
    session: Session, video_id: int, frame_count: int, positions: random.Random
) -> float:
    start = positions.randrange(frame_count - CLIP_FRAMES)
    frames = FrameRange(start, start + CLIP_FRAMES)
    began = time.perf_counter()
    records = frame_indexes.frame_slice(session, video_id, frames)
    seconds = time.perf_counter() - began
    if len(records) != CLIP_FRAMES or records[0].ticks != start * TICKS_PER_SECOND // RATE:
        raise HeatersError(f"The slice at frame {start} is not that of its clip.")
    return seconds


def _cpu_seconds(read: Callable[[Path], object], proxy: Path) -> float:
    began = time.process_time()
    read(proxy)
    return time.process_time() - began


if __name__ == "__main__":
    main()
