"""Bytes between the machine and its bucket while one film goes through the whole path."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click

from benchmarks.database import new_databases
from benchmarks.footage import default_film
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from heaters_pipeline.db import source_videos
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import Storage
from heaters_pipeline.storage.s3 import S3Storage, s3_client
from heaters_pipeline.work.checks import CHECKS
from heaters_pipeline.work.handover import hand_over
from heaters_pipeline.work.ingest import STEPS
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.register import add_upload, upload_key
from tests.decisions import decide, live
from tests.faulty_s3 import FaultyS3, faulty_s3

BUCKET = "transfers"
PEER = "a put and a get at each step"


class PutAndGet(S3Storage):
    """Each step gets all that it needs as whole objects, and puts what it has made."""

    def is_near(self, key: str) -> bool:  # noqa: ARG002
        return True


@benchmark("transfers")
@click.argument("film", required=False, type=click.Path(exists=True, path_type=Path))
def main(film: Path | None) -> Iterator[Result]:
    """FILM is uploaded, ingested and checked; all clips are approved, exported, get keyframes and
    vectors, and are handed over to a folder. A proxy in front of the bucket counts."""
    with work_folder() as folder, new_databases(folder) as new_database, _bucket() as s3:
        film = film or default_film(folder)
        size = film.stat().st_size

        def settings(name: str) -> Settings:
            home = folder / name
            home.mkdir()
            return Settings(
                home=home,
                database_url=new_database(),
                storage_url=f"s3://{BUCKET}/{name}",
                s3_endpoint_url=s3.url,
                undo_window_seconds=0,
                min_free_gb=0,
                detector="transition",
                embedding_model=LAYOUT_MODEL,
            )

        ours = _moved(settings("ours"), film, s3)
        theirs = _moved(
            settings("peer"),
            film,
            s3,
            lambda home: PutAndGet(s3_client(s3.url), BUCKET, "peer", home=home),
        )
    if ours.files != theirs.files:
        raise HeatersError("Both sides must hand over the same files.")
    for name in ("up", "down", "moved"):
        value, peer = getattr(ours, name) / size, getattr(theirs, name) / size
        yield Result(f"bytes_{name}", value, "of each that was ingested", PEER, peer)
    yield Result("requests", ours.requests, "requests", PEER, theirs.requests)


@dataclass(frozen=True)
class Moved:
    up: int
    """Bytes."""
    down: int
    requests: int
    files: tuple[str, ...]
    """The digests of what was handed over."""

    @property
    def moved(self) -> int:
        return self.up + self.down


def _moved(
    settings: Settings,
    film: Path,
    s3: FaultyS3,
    open_storage: Callable[[Path], Storage] | None = None,
) -> Moved:
    before = (s3.bytes_up, s3.bytes_down, s3.requests.total())
    pipeline = open_pipeline(open_engine(str(settings.database_url)), settings)
    if open_storage is not None:
        pipeline = replace(pipeline, storage=open_storage(settings.home))
    try:
        files = _whole_path(pipeline, film)
    finally:
        pipeline.engine.dispose()
    up, down, asked = before
    return Moved(s3.bytes_up - up, s3.bytes_down - down, s3.requests.total() - asked, files)


def _whole_path(pipeline: Pipeline, film: Path) -> tuple[str, ...]:
    key = upload_key("upload", film.name)
    path = layout.source(key, "upload", film.suffix)
    pipeline.storage.put(film, path)
    with pipeline.transaction() as session:
        add_upload(
            session,
            upload_id="upload",
            name=film.name,
            source_filepath=path,
            size=film.stat().st_size,
        )
    for step in STEPS.values():
        step(pipeline, key)
    for name, check in CHECKS.items():
        if not check(pipeline, key).passed:
            raise HeatersError(f"{film.name}: the check {name} failed.")
    with pipeline.transaction() as session:
        video = source_videos.get(session, key)
    for clip in live(pipeline.engine, video):
        decide(pipeline.engine, clip, APPROVE)
    batches = export_clips(pipeline, key).batch, take_keyframes(pipeline, key)
    embedded = embed_clips(pipeline, key)
    failed = [clip for batch in (*batches, embedded.batch) for clip in batch.failed]
    if failed:
        raise HeatersError(f"{film.name}: the clips {failed} failed.")
    to = pipeline.settings.home / "handed-over"
    copied = hand_over(pipeline, {}, str(to), actor="benchmark")
    return tuple(sorted(str(each.file.sha256) for each in copied.handover.clips))


@contextmanager
def _bucket() -> Iterator[FaultyS3]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
        os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
        host, port = server.get_host_and_port()
        with faulty_s3(f"http://{host}:{port}") as s3:
            s3_client(s3.url).create_bucket(Bucket=BUCKET)
            yield s3
    finally:
        server.stop()


if __name__ == "__main__":
    main()
