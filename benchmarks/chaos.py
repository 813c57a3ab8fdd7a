"""Everything breaks while films go through the whole path, and nobody lends a hand.

`heaters up` runs in a home of its own, on an S3 behind a proxy that falters (`tests/faulty_s3.py`).
A film is uploaded every so often, and two reviewers decide on every clip, over HTTP, as the pages
do: each request again until it is answered. Meanwhile a seeded schedule kills and stops processes,
cuts connections, and spoils the storage. In the end everything must be as in a run that nothing
disturbed.

    python -m benchmarks.chaos [--faults 200] [--films 12] [--seed 1]
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, get_args
from urllib.parse import urlsplit

import psutil
import sqlalchemy as sa
from sqlalchemy import Engine

from benchmarks.healing import (
    rows,
    troubles,
    undisturbed_elsewhere,
    wait_until_healed,
)
from benchmarks.installation import (
    FFMPEG,
    POSTGRES,
    SERVERS,
    WORKER,
    World,
    opened,
    own_disk,
    plain_environment,
    private_folder,
)
from benchmarks.patient_reviewer import Reviewer
from heaters_pipeline.db.urls import APP_DRIVER
from heaters_pipeline.domain import layout
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.storage.s3 import s3_client
from tests.faulty_s3 import Fault, FaultyS3, faulty_s3
from tests.footage import make_numbered_film

STOPPED_SECONDS = 4.0
CLOCK_SECONDS = (-120, 120)
PAGES = ("ann", "ben")
"""Of the reviewers."""
SIZES = ((64, 36), (640, 360))
"""Of the films, in pixels, by turns: some are done in no time, and some can be hit in ffmpeg."""
OFTEN = 12
"""Kinds of requests to the storage that are told."""
PADDING_BYTES = 10 << 20
"""Makes a source so large that it is uploaded in parts."""
FAULTS: Mapping[str, Sequence[str]] = {
    "kill": [*SERVERS, WORKER, WORKER, WORKER, FFMPEG, FFMPEG, POSTGRES],
    "stop": [*SERVERS, WORKER, WORKER, FFMPEG],
    "storage": get_args(Fault),
    "cut": ["connections"],
    "fill": ["disk"],
    "move": ["clocks"],
}
"""What is done, and to whom, some more often than others."""


class Place(Protocol):
    """Where something can break."""

    s3: FaultyS3

    @property
    def home(self) -> Path: ...

    @property
    def clocks(self) -> Path | None: ...

    def engine(self) -> Engine: ...

    def processes(self, kind: str) -> list[psutil.Process]: ...


@dataclass
class Chaos:
    """Faults by chance: the same ones for the same seed, as far as there is somebody to hit."""

    world: Place
    chance: random.Random
    outage_seconds: float = 3.0
    done: Counter[str] = field(default_factory=Counter)
    """Faults by kind."""
    _stopped: list[tuple[float, psutil.Process]] = field(default_factory=list)

    def one(self) -> None:
        """Does one thing that hits; goes on with what was stopped long enough."""
        kinds = [
            (act, what)
            for act, whats in FAULTS.items()
            for what in self.chance.sample(whats, len(whats))
        ]
        order = self.chance.sample(sorted(FAULTS), len(FAULTS))
        kinds.sort(key=lambda kind: order.index(kind[0]))
        for act, what in kinds:
            if self._does(act, what):
                self.done[f"{act} {what}"] += 1
                break
        self.continue_some(time.monotonic())

    def _does(self, act: str, what: str) -> bool:
        if act == "storage":
            self.world.s3.fault = what  # type: ignore[assignment]
            time.sleep(self.outage_seconds)
            self.world.s3.fault = None
            return True
        if act == "cut":
            return self._cut_connections()
        if act == "fill":
            return self._fill_disk()
        if act == "move":
            return self._move_clocks()
        found = self.world.processes(what)
        if not found:
            return False
        victim = self.chance.choice(sorted(found, key=lambda each: each.pid))
        with suppress(psutil.Error):
            if act == "kill":
                victim.kill()
            else:
                victim.suspend()
                # A worker stays so, until its work is taken over and done.
                for_long = what == WORKER
                end = float("inf") if for_long else time.monotonic() + STOPPED_SECONDS
                self._stopped.append((end, victim))
            return True
        return False

    def _cut_connections(self) -> bool:
        engine = self.world.engine()
        try:
            with engine.begin() as connection:
                ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                ours = "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                connection.execute(sa.text(f"{ends} {ours}"))
        except sa.exc.SQLAlchemyError:
            return False
        finally:
            engine.dispose()
        return True

    def _fill_disk(self) -> bool:
        """Only where the home is a disk of its own."""
        if not self.world.home.is_mount():
            return False
        ballast = self.world.home / "ballast"
        try:
            with ballast.open("wb") as file, suppress(OSError):
                while True:
                    file.write(bytes(1 << 20))
            time.sleep(self.outage_seconds)
        finally:
            ballast.unlink()
        return True

    def _move_clocks(self) -> bool:
        """Of all processes at once, there and back."""
        clocks = self.world.clocks
        if clocks is None:
            return False
        set_clocks(clocks, self.chance.choice(CLOCK_SECONDS))
        time.sleep(self.outage_seconds)
        set_clocks(clocks, 0)
        return True

    def continue_some(self, now: float) -> None:
        for end, process in list(self._stopped):
            if end <= now:
                self._stopped.remove((end, process))
                with suppress(psutil.Error):
                    process.resume()


def run(seed: int, faults: int, number_of_films: int) -> int:
    from moto.server import ThreadedMotoServer

    chance = random.Random(seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heaters-chaos-")))
        films = [
            make_numbered_film(
                folder / f"film {n}.mp4", 72 + 12 * n, SIZES[n % len(SIZES)], scenes=(24, 36, 60)
            )
            for n in range(number_of_films)
        ]
        pad(films[0], PADDING_BYTES)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        stack.callback(server.stop)
        host, port = server.get_host_and_port()
        s3 = stack.enter_context(faulty_s3(f"http://{host}:{port}"))
        os.environ.update(plain_environment(folder))
        s3_client(s3.url).create_bucket(Bucket="chaos")
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        wanted = undisturbed_elsewhere(
            films, {"STORAGE_URL": "s3://chaos/undisturbed", "AWS_ENDPOINT_URL": s3.url}
        )
        calmly_asked = s3.requests.copy()
        kinds: Counter[str] = Counter()
        s3.on_request = lambda method, path: kinds.update([requested(method, path)])
        home = stack.enter_context(private_folder())
        if not stack.enter_context(own_disk(home)):
            print("No disk is filled: only root can mount one.")
        clocks = wrong_clocks(folder / "clocks")
        if clocks is None:
            print("No clock is moved: there is no C compiler.")
        world = World(home, "s3://chaos/library", s3, clocks)
        stack.enter_context(world.up())
        reviewers = [Reviewer(world.address, page) for page in PAGES]
        for reviewer in reviewers:
            stack.callback(reviewer.over.set)
            threading.Thread(target=reviewer.review, daemon=True).start()
        chaos = Chaos(world, chance)
        turns = {n * faults // len(films): film for n, film in enumerate(films)}
        for n in range(faults):
            if n in turns:
                uploader = Reviewer(world.address)
                threading.Thread(target=uploader.upload, args=[turns[n]], daemon=True).start()
            time.sleep(chance.uniform(0.5, 3))
            chaos.one()
        ended = time.monotonic()
        time.sleep(STOPPED_SECONDS)
        chaos.continue_some(time.monotonic())
        engine = world.engine()
        stack.callback(engine.dispose)
        wrong: list[str] = []
        try:
            wait_until_healed(engine, len(films))
        except TimeoutError:
            wrong = ["Not healed:", *rows(engine)]
        seconds, asked = time.monotonic() - ended, s3.requests - calmly_asked
        often = kinds.most_common(OFTEN)
        if not wrong:
            chaos.continue_some(float("inf"))
            time.sleep(STOPPED_SECONDS)
            url = EmbeddedPostgres(world.home).url("heaters", APP_DRIVER)
            work = opened({**world.environment, "DATABASE_URL": url})
            stack.callback(work.engine.dispose)
            wrong = troubles(work, wanted, reviewers)
        for kind, number in sorted(chaos.done.items()):
            print(f"{number:5} {kind}")
        print(f"Requests to the storage: {dict(asked)}; undisturbed: {dict(calmly_asked)}.")
        print(f"Of these: {dict(often)}.")
        print(f"Seed {seed}: {chaos.done.total()} faults, healed in {seconds:.0f} s.")
        for sentence in wrong:
            print(sentence)
        if wrong:
            kept = Path(tempfile.gettempdir()) / f"heaters-chaos-logs-{seed}"
            shutil.copytree(world.home / "logs", kept, dirs_exist_ok=True)
            print(f"The logs are in {kept}.")
        return 1 if wrong else 0


def requested(method: str, path: str) -> str:
    """A request to the storage by its kind of object."""
    return f"{method} {layout.kind(urlsplit(path).path) or 'of no kind'}"


def wrong_clocks(file: Path) -> Path | None:
    """Makes the file that moves clocks, and the library; None where it can't be compiled."""
    source, library = Path(__file__).with_name("wrong_clock.c"), file.with_suffix(".so")
    command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source)]
    if shutil.which("cc") is None or subprocess.run(command, check=False).returncode != 0:
        return None
    file.write_bytes(struct.pack("l", 0))
    return file


def set_clocks(file: Path, seconds: int) -> None:
    """In place: processes have mapped the file."""
    with file.open("r+b") as opened:
        opened.write(struct.pack("l", seconds))


def pad(film: Path, size: int) -> None:
    """Adds bytes that programs pass over (ISO/IEC 14496-12, 8.1.2)."""
    with film.open("ab") as file:
        file.write(struct.pack(">I4s", 8 + size, b"free") + bytes(size))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--films", type=int, default=12)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    print(f"Seed {given.seed}", flush=True)
    return run(given.seed, given.faults, given.films)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
