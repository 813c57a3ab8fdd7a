"""Exporting clips: against plain ffmpeg, against a Dagster run a clip, and from a bucket."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from benchmarks.costs import Cost, cost_of
from benchmarks.database import new_databases
from benchmarks.footage import default_film, make_longer, options
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from benchmarks.steps import COMMAND, environment
from heaters_pipeline.db import clips, reviews, source_videos
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.db.replanning import replan
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.media.clips.encoders import file_options
from heaters_pipeline.media.clips.excerpts import read_index
from heaters_pipeline.media.clips.pictures import DELIVERY
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary
from heaters_pipeline.media.products.transcode import GoldMaster
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.storage.s3 import S3Storage, s3_client
from heaters_pipeline.work.gold_master import StoredObject
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.pipeline import open_pipeline

TINY_FRAMES = 4
"""Of each clip whose orchestration is measured."""
BUCKET = "benchmark"


@benchmark("export")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--clips", "count", default=100, show_default=True, type=click.IntRange(1))
@click.option("--frames", default=50, show_default=True, help="Of each clip.")
@click.option("--rounds", default=2, show_default=True, help="In which both sides take turns.")
@click.option("--runs", default=3, show_default=True, help="Of Dagster, for one clip each.")
def main(file: Path | None, count: int, frames: int, rounds: int, runs: int) -> Iterable[Result]:
    """Export clips that lie side by side in FILE, which is repeated until it has as many; proofs
    included.

    `wall` and `cpu`: against one ffmpeg a clip, one after the other, with the same encoder settings
    and without a proof. `orchestration`: processor time of a Dagster run's own process for each
    clip, against a run for each clip. `s3_bytes`: fetched from a bucket for a fifth of the clips,
    against what their frames take in the gold master.
    """
    s3_count = max(1, count // 5)
    _tell(f"a film of {count + s3_count} clips is ingested")
    with work_folder() as folder, new_databases(folder) as new_database:
        source = (file or default_film(folder)).absolute()
        world = _ingest(source, folder, new_database(), frames, count + s3_count)
        yield from walls(world, count, rounds)
        _tell(f"{s3_count} clips are exported from a bucket")
        yield s3_bytes(world, s3_count)
        world.engine.dispose()
        _tell(f"a film of {count + runs} tiny clips is ingested")
        tiny = _tiny_film(folder / "tiny.mp4", count + runs)
        world = _ingest(tiny, folder / "tiny", new_database(), TINY_FRAMES, count + runs)
        yield orchestration(world, count, runs)
        world.engine.dispose()


def _tell(what: str) -> None:
    click.echo(what, err=True)


@dataclass(frozen=True)
class World:
    """A film whose clips wait for a decision."""

    home: Path
    environment: dict[str, str]
    engine: Engine
    video: SourceVideo

    @property
    def storage(self) -> LocalStorage:
        return LocalStorage(self.home / "storage")

    def approve(self, count: int) -> list[Clip]:
        """The next clips, approved."""
        with transaction(self.engine) as session:
            live = clips.of_video(session, self.video.id)
            waiting = [clip for clip in live if clip.state == ClipState.PENDING_REVIEW][:count]
            versions = {clip.id: clip.version for clip in waiting}
            reviews.decide_all(session, actor="bench", versions=versions, decision=APPROVE)
        return waiting

    def check(self, exported: Sequence[Clip]) -> None:
        """Raises HeatersError unless each of the clips has its file."""
        with transaction(self.engine) as session:
            now = {clip.id: clip for clip in clips.of_video(session, self.video.id)}
        for clip in exported:
            if now[clip.id].clip_filepath is None:
                raise HeatersError(f"Clip {clip.id} was not exported: {now[clip.id].error}")


def _ingest(source: Path, folder: Path, url: str, frames: int, count: int) -> World:
    """The film, as often as it takes, in clips of `frames` frames."""
    folder.mkdir(exist_ok=True)
    facts = probe(source)
    times = -(-frames * count // max(1, int(facts.duration_seconds * facts.rate)))
    film = make_longer(source, folder / f"long-{source.name}", times) if times > 1 else source
    home = folder / "home"
    settings = {
        **environment(home, url, GoldMaster.FFV1),
        "HEATERS_UNDO_WINDOW_SECONDS": "0",
        "HEATERS_EMBEDDING_MODEL": LAYOUT_MODEL,
    }
    _, said = cost_of([*COMMAND, "ingest", str(film)], settings)
    engine = open_engine(url)
    with transaction(engine) as session:
        video = source_videos.get(session, json.loads(said)["key"])
        replan(session, video, range(frames, video.frame_count or 0, frames))
    return World(home, settings, engine, video)


# --- Against plain ffmpeg -------------------------------------------------------------------------


def walls(world: World, count: int, rounds: int) -> Iterator[Result]:
    ours, plain = Cost(0, 0), Cost(0, 0)
    with world.storage.fetch(str(world.video.gold_master_filepath)) as gold:
        for number in range(rounds):
            due = world.approve(count // rounds)

            def export() -> None:
                nonlocal ours
                cost, _ = cost_of([*COMMAND, "export", world.video.key], world.environment)
                ours = ours.plus(cost)

            def by_hand(due: Sequence[Clip] = due) -> None:
                nonlocal plain
                for clip in due:
                    plain = plain.plus(_plain(world, gold, clip))

            sides = [export, by_hand] if number % 2 else [by_hand, export]
            for side in sides:
                how = "are exported" if side is export else "are encoded by plain ffmpeg"
                _tell(f"round {number + 1} of {rounds}: {len(due)} clips {how}")
                side()
            world.check(due)
    peer = f"{count} clips, one ffmpeg after the other, not proven"
    yield Result("wall", ours.wall, "s", peer, plain.wall)
    yield Result("cpu", ours.cpu, "s", peer, plain.cpu)


def _plain(world: World, gold: Path, clip: Clip) -> Cost:
    """As one would type it."""
    rate, out = world.video.rate, world.home / "plain.mp4"
    settings = file_options(DELIVERY, has_audio=bool(world.video.has_audio))
    start = max(0.0, float((clip.start_frame - 0.5) / rate))
    cost, _ = cost_of(
        [
            *(ffmpeg_binary(), "-nostdin", "-loglevel", "error", "-y", "-ss", f"{start:.6f}"),
            *("-i", str(gold), "-t", f"{float(clip.frames.length / rate):.6f}"),
            *options({name.replace("format", "f"): each for name, each in settings.items()}),
            str(out),
        ]
    )
    return cost


# --- Against a run for each clip ------------------------------------------------------------------


def orchestration(world: World, count: int, runs: int) -> Result:
    single = 0.0
    for number in range(runs):
        _tell(f"Dagster run {number + 1} of {runs} with one clip")
        single += _run_seconds(world, world.approve(1))
    _tell(f"a Dagster run with {count} clips")
    many = _run_seconds(world, world.approve(count))
    return Result(
        "orchestration",
        many / count * 1000,
        "ms a clip",
        f"a Dagster run for each clip ({count} in one run)",
        single / runs * 1000,
    )


def _run_seconds(world: World, due: Sequence[Clip]) -> float:
    """Processor time of the run's process, ffmpeg's left out."""
    _, said = cost_of([*COMMAND, "library", world.video.key], world.environment)
    world.check(due)
    return float(json.loads(said.strip().splitlines()[-1])["seconds"])


def _tiny_film(out: Path, count: int) -> Path:
    picture = f"testsrc2=size=64x36:rate=25:duration={count * TINY_FRAMES / 25:f}"
    command = [ffmpeg_binary(), "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", picture]
    subprocess.run([*command, "-c:v", "libx264", "-preset", "ultrafast", str(out)], check=True)
    return out


# --- From a bucket --------------------------------------------------------------------------------


def s3_bytes(world: World, count: int) -> Result:
    due = world.approve(count)
    video, local = world.video, world.storage
    index = read_index(StoredObject(local, str(video.gold_master_filepath)), video.frame_count or 0)
    if index is None:
        raise HeatersError("The gold master's clusters can't be found by its cues.")
    settings = Settings(
        home=world.home,
        undo_window_seconds=0,
        embedding_model=LAYOUT_MODEL,
    )
    with _bucket(world.home) as (storage, fetched):
        for key in (video.gold_master_filepath, video.frame_checksums_filepath):
            with local.fetch(str(key)) as path:
                storage.put(path, str(key))
        pipeline = replace(open_pipeline(world.engine, settings), storage=storage)
        export_clips(pipeline, video.key)
        world.check(due)
        read = sum(fetched)
    share = sum(index.bytes_of(clip.frames) for clip in due)
    peer = f"the frames of {count} clips and the audio between them, in the gold master"
    return Result("s3_bytes", read / 1e6, "MB", peer, share / 1e6)


@contextmanager
def _bucket(home: Path) -> Iterator[tuple[S3Storage, list[int]]]:
    """A bucket of moto's server, and the sizes of what is fetched from it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
        os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
        host, port = server.get_host_and_port()
        client = s3_client(f"http://{host}:{port}")
        client.create_bucket(Bucket=BUCKET)
        fetched: list[int] = []

        def note(parsed: dict[str, Any], **_: Any) -> None:
            fetched.append(int(parsed["ContentLength"]))

        client.meta.events.register("after-call.s3.GetObject", note)
        yield S3Storage(client, BUCKET, home=home), fetched
    finally:
        server.stop()


if __name__ == "__main__":
    main()
