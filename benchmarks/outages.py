"""How soon all that is due is done after minutes in which something outside was down."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import psycopg
import sqlalchemy as sa
from sqlalchemy import Engine

from benchmarks.healing import HEAL_SECONDS, wait_until_healed
from benchmarks.installation import World, own_disk, plain_environment, private_folder, until
from benchmarks.patient_reviewer import Reviewer
from benchmarks.report import Result, benchmark
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.urls import APP_DRIVER, for_psycopg
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.storage.s3 import s3_client
from tests.faulty_s3 import faulty_s3
from tests.footage import make_numbered_film

BUCKET = "outages"
GOAL_SECONDS = 300.0
ALLOWED = f"the {GOAL_SECONDS:.0f} s that are allowed"
SCENES = tuple(range(24, 240, 24))


@dataclass
class Apart(World):
    """A world whose Postgres is another machine's, as it were."""

    postgres: EmbeddedPostgres = field(kw_only=True)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "DATABASE_URL": self.postgres.url("heaters", APP_DRIVER)}

    def engine(self) -> Engine:
        return open_engine(self.postgres.url("heaters", APP_DRIVER))


@contextmanager
def storage_down(world: Apart) -> Iterator[None]:
    world.s3.fault = "error 503"
    yield
    world.s3.fault = None


@contextmanager
def postgres_down(world: Apart) -> Iterator[None]:
    world.postgres.stop()
    yield
    world.postgres.start()


@contextmanager
def disk_full(world: Apart) -> Iterator[None]:
    """Whatever is freed meanwhile is taken, too."""
    ballast, over = world.home / "ballast", threading.Event()

    def fill() -> None:
        with ballast.open("wb", buffering=0) as file:
            while not over.wait(0.05):
                try:
                    while True:
                        file.write(bytes(1 << 16))
                except OSError:
                    continue

    filling = threading.Thread(target=fill)
    filling.start()
    yield
    over.set()
    filling.join()
    ballast.unlink()


OUTAGES: Mapping[str, Callable[[Apart], AbstractContextManager[None]]] = {
    "storage": storage_down,
    "postgres": postgres_down,
    "disk": disk_full,
}


@benchmark("outages")
@click.option("--seconds", default=600.0, show_default=True, help="Of each outage.")
@click.option("--only", type=click.Choice(sorted(OUTAGES)), multiple=True, help="These kinds.")
def main(seconds: float, only: tuple[str, ...]) -> Iterator[Result]:
    """Clips are approved while S3, Postgres or the disk is down for ten minutes: from the end of
    the outage until all are in the library, without a hand."""
    for kind in only or OUTAGES:
        yield Result(kind, seconds_to_heal(kind, seconds), "s", ALLOWED, GOAL_SECONDS)


def seconds_to_heal(kind: str, outage_seconds: float) -> float:
    with ExitStack() as stack:
        world = _world(stack, kind)
        engine = world.engine()
        stack.callback(engine.dispose)
        reviewer = Reviewer(world.address)
        stack.callback(reviewer.over.set)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        first, second = (
            make_numbered_film(folder / f"film {n}.mp4", 240 + 24 * n, (320, 180), scenes=SCENES)
            for n in range(2)
        )
        # The first one's clips are approved as the outage begins; the second one comes meanwhile.
        reviewer.upload(first)
        until(lambda: _waiting(engine) > 0, HEAL_SECONDS)
        threading.Thread(target=reviewer.review, daemon=True).start()
        until(lambda: _waiting(engine) == 0, HEAL_SECONDS)
        with OUTAGES[kind](world):
            threading.Thread(target=reviewer.upload, args=[second], daemon=True).start()
            time.sleep(outage_seconds)
        began = time.monotonic()
        wait_until_healed(engine, 2)
        return time.monotonic() - began


def _world(stack: ExitStack, kind: str) -> Apart:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    stack.callback(server.stop)
    host, port = server.get_host_and_port()
    s3 = stack.enter_context(faulty_s3(f"http://{host}:{port}"))
    home = stack.enter_context(private_folder())
    os.environ.update(plain_environment(home))
    s3_client(s3.url).create_bucket(Bucket=BUCKET)
    if not stack.enter_context(own_disk(home)) and kind == "disk":
        raise click.ClickException("Only root can mount the small disk that is filled.")
    postgres = EmbeddedPostgres(stack.enter_context(private_folder()))
    postgres.start()
    stack.callback(postgres.stop)
    url = for_psycopg(postgres.url("postgres", APP_DRIVER))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE heaters")
    world = Apart(home, f"s3://{BUCKET}/library", s3, postgres=postgres)
    stack.enter_context(world.up())
    return world


def _waiting(engine: Engine) -> int:
    """Clips that wait for the reviewer."""
    with engine.connect() as connection:
        counted = sa.text("SELECT count(*) FROM clips WHERE state = :state")
        return int(connection.scalar(counted, {"state": ClipState.PENDING_REVIEW}) or 0)


if __name__ == "__main__":
    main()
