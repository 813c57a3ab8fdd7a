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
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, get_args
from urllib.parse import urlsplit

import psutil
import requests
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import migrate, source_videos
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.urls import APP_DRIVER
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.decisions import APPROVE, SKIP, Mark
from heaters_pipeline.domain.states import ClipState, SourceState
from heaters_pipeline.domain.storage_check import WASTE, Finding
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.files.scratch import sweep
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.processes import MARK, kill_marked
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage.s3 import s3_client
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.storage_check import check_storage
from tests.decisions import decide, live
from tests.faulty_s3 import Fault, FaultyS3, faulty_s3
from tests.footage import make_numbered_film

START_SECONDS = 300
HEAL_SECONDS = 900
"""In which something must have moved on."""
STOPPED_SECONDS = 4.0
CLOCK_SECONDS = (-120, 120)
PAGES = ("ann", "ben")
"""Of the reviewers."""
SIZES = ((64, 36), (640, 360))
"""Of the films, in pixels, by turns: some are done in no time, and some can be hit in ffmpeg."""
DISK = "700m"
OFTEN = 12
"""Kinds of requests to the storage that are told."""
CACHE_GB = "0.012"
"""Too little for all of a film: some is fetched again."""
PADDING_BYTES = 10 << 20
"""Makes a source so large that it is uploaded in parts."""

WORKER, FFMPEG, POSTGRES = "run worker", "ffmpeg", "Postgres"
SERVERS = {
    "code server": "heaters_pipeline.platform.code_server",
    "daemon": "dagster._daemon",
    "web server": "heaters_pipeline.platform.dagster_ui",
    "review app": "review_app",
    "search process": "heaters_pipeline.platform.search_process",
}
"""Processes by a word of their command lines."""

FAULTS: Mapping[str, Sequence[str]] = {
    "kill": [*SERVERS, WORKER, WORKER, WORKER, FFMPEG, FFMPEG, POSTGRES],
    "stop": [*SERVERS, WORKER, WORKER, FFMPEG],
    "storage": get_args(Fault),
    "cut": ["connections"],
    "fill": ["disk"],
    "move": ["clocks"],
}
"""What is done, and to whom, some more often than others."""

Outcome = dict[str, list[tuple[str, str]]]
"""Kind and SHA-256 of every object that the pipeline made, by film."""

DONE = (ClipState.EMBEDDED, ClipState.REVIEW_SKIPPED, ClipState.SUPERSEDED)


def wanted_of(start_frame: int) -> Mark:
    """What the reviewer decides hangs on the clip alone."""
    return SKIP if start_frame == 24 else APPROVE


@dataclass
class World:
    """A home in which `heaters up` runs."""

    home: Path
    storage_url: str
    s3: FaultyS3
    clocks: Path | None = None
    """The file that says by how much all clocks are wrong, beside the library that reads it
    (`wrong_clock.c`); None where no process looks."""
    review_port: int = field(default_factory=lambda: free_port())
    dagster_port: int = field(default_factory=lambda: free_port())

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.review_port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **plain_environment(self.home),
            "STORAGE_URL": self.storage_url,
            "AWS_ENDPOINT_URL": self.s3.url,
            "HEATERS_REVIEW_PORT": str(self.review_port),
            "HEATERS_DAGSTER_PORT": str(self.dagster_port),
            "HEATERS_SENSOR_INTERVAL_SECONDS": "1",
            "HEATERS_STALL_SECONDS": "10",
            "HEATERS_STUCK_SECONDS": "30",
            "HEATERS_CACHE_GB": CACHE_GB,
            **self._wrong_clocks,
        }

    @property
    def _wrong_clocks(self) -> dict[str, str]:
        if self.clocks is None:
            return {}
        return {
            "LD_PRELOAD": str(self.clocks.with_suffix(".so")),
            "WRONG_CLOCK": str(self.clocks),
        }

    def engine(self) -> Engine:
        return open_engine(EmbeddedPostgres(self.home).url("heaters", APP_DRIVER))

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[str]]:
        log = self.home.with_suffix(".log")
        with log.open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "heaters_pipeline.cli", "up"],
                env=self.environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
            )
        try:
            until(
                lambda: "Ctrl-C stops everything." in log.read_text() or process.poll() is not None,
                START_SECONDS,
            )
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            kill_marked(self.home)
            EmbeddedPostgres(self.home).stop()
            log.unlink()

    def processes(self, kind: str) -> list[psutil.Process]:
        """Those of this world, by kind."""
        return [each for each in psutil.process_iter() if self._kind(each) == kind]

    def _kind(self, process: psutil.Process) -> str | None:
        try:
            command = process.cmdline()
            if str(self.home) in " ".join(command) and "postgres" in Path(command[0]).name:
                return POSTGRES
            if process.environ().get(MARK) != str(self.home):
                return None
            if FFMPEG in process.name():
                return FFMPEG
            if any("spawn_main" in word for word in command):
                return WORKER
            return next((kind for kind, word in SERVERS.items() if word in command), None)
        except (psutil.Error, IndexError):
            return None


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


class Reviewer:
    """Uploads and decides over HTTP; each request is sent until it is answered."""

    def __init__(self, address: str, page: str = "chaos") -> None:
        self.address = address
        self.page = page
        self.browser = requests.Session()
        self.over = threading.Event()
        self.refusals: list[str] = []
        self._token = ""

    def upload(self, film: Path) -> None:
        """As tus clients do: from where the server says that it is."""
        tus = {"Tus-Resumable": "1.0.0"}
        told = f"filename {b64encode(film.name.encode()).decode()}"
        size = film.stat().st_size
        headers = {**tus, "Upload-Length": str(size), "Upload-Metadata": told}
        place = self._send("POST", "/sources", headers=headers).headers["Location"]
        place = place.removeprefix(self.address)
        offset = 0
        while offset < size:
            piece = {**tus, "Content-Type": "application/offset+octet-stream"}
            piece["Upload-Offset"] = str(offset)
            rest = film.read_bytes()[offset:]
            self._send("PATCH", place, headers=piece, data=rest, once=True)
            told_at = self._send("HEAD", place, headers=tus).headers
            offset = int(told_at.get("Upload-Offset", offset))

    def review(self) -> None:
        """Until `over`."""
        while not self.over.wait(0.5):
            queue = self._post("/api/v1/queue", {})
            for clip in queue.json()["clips"] if queue.status_code == 200 else ():
                action = wanted_of(clip["start_frame"]).action
                body = {"action": action, "version": clip["version"]}
                answer = self._post(f"/api/v1/clips/{clip['id']}/decisions", body)
                # 409: the other reviewer was first, as a lease had run out.
                if answer.status_code not in (None, 200, 409):
                    self.refusals.append(answer.text)

    def _post(self, path: str, body: Mapping[str, Any]) -> requests.Response:
        while not self._token:
            page = self._send("GET", "/review").text
            found = re.search(r'name="csrf" content="([^"]+)"', page)
            self._token = found[1] if found else ""
        headers = {"X-CSRFToken": self._token, "X-Heaters-Page": self.page}
        return self._send("POST", path, headers=headers, json=body)

    def _send(
        self, method: str, path: str, *, once: bool = False, **options: Any
    ) -> requests.Response:
        while True:
            with suppress(requests.RequestException):
                answer = self.browser.request(method, self.address + path, timeout=10, **options)
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
            if once or self.over.is_set():
                return requests.Response()
            time.sleep(0.5)


def healed(engine: Engine, films: int) -> bool:
    """Whether nothing is left to do."""
    open_states = [state for state in ClipState if state not in DONE]
    with engine.connect() as connection:
        number, unready = connection.execute(
            sa.text("SELECT count(*), count(*) FILTER (WHERE state <> :ready) FROM source_videos"),
            {"ready": SourceState.READY},
        ).one()
        left = connection.scalar(
            sa.text("SELECT count(*) FROM clips WHERE state = ANY(:open)"), {"open": open_states}
        )
        rest = connection.scalar(
            sa.text("SELECT (SELECT count(*) FROM objects_to_delete) + count(*) FROM outages")
        )
    return bool((number, unready, left, rest) == (films, 0, 0, 0))


def outcome(engine: Engine) -> Outcome:
    made: Outcome = {}
    with engine.connect() as connection:
        for title, kind, sha256 in connection.execute(
            sa.text(
                "SELECT title, kind, sha256 FROM stored_objects"
                " JOIN source_videos ON source_videos.id = source_video_id"
            )
        ):
            made.setdefault(title, []).append((kind, sha256))
    return {title: sorted(found) for title, found in made.items()}


def decisions(engine: Engine) -> Counter[int]:
    """How often each number of decisions on a clip occurs."""
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT clip_ids, count(*) FROM review_events"
                " WHERE action IN ('approve', 'skip') GROUP BY clip_ids"
            )
        )
        return Counter(number for _, number in rows)


def undisturbed(films: Sequence[Path], work: Pipeline) -> Outcome:
    """What becomes of the films where nothing breaks."""
    for film in films:
        report = ingest(work, str(film), title=film.stem)
        with work.transaction() as session:
            video = source_videos.get(session, report.key)
        for clip in live(work.engine, video):
            decide(work.engine, clip, wanted_of(clip.start_frame))
        export_clips(work, report.key)
        take_keyframes(work, report.key)
        embed_clips(work, report.key)
    return outcome(work.engine)


def undisturbed_elsewhere(films: Sequence[Path], storage: Mapping[str, str]) -> Outcome:
    """The same, in a home and on a Postgres of its own."""
    with private_folder() as home:
        server = EmbeddedPostgres(home)
        server.start()
        try:
            url = server.url("postgres", APP_DRIVER)
            migrate.upgrade(url)
            work = opened({**plain_environment(home), **storage, "DATABASE_URL": url})
            try:
                return undisturbed(films, work)
            finally:
                work.engine.dispose()
        finally:
            server.stop()


def opened(environment: Mapping[str, str]) -> Pipeline:
    os.environ.update(environment)
    get_settings.cache_clear()
    settings = get_settings()
    return open_pipeline(open_engine(str(settings.database_url)), settings)


def plain_environment(home: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HEATERS_", "AWS_")) and name not in ("DATABASE_URL", "STORAGE_URL")
    }
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "HEATERS_HOME": str(home),
        "HEATERS_UNDO_WINDOW_SECONDS": "0",
        "HEATERS_MIN_FREE_GB": "0",
        "HEATERS_DETECTOR": "transition",
        "HEATERS_EMBEDDING_MODEL": LAYOUT_MODEL,
    }


def troubles(work: Pipeline, wanted: Outcome, reviewers: Sequence[Reviewer]) -> list[str]:
    """What is not as it must be, once everything has healed."""
    found = [sentence for reviewer in reviewers for sentence in reviewer.refusals]
    if set(number := decisions(work.engine)) != {1}:
        found.append(f"Decisions by clip: {dict(number)}.")
    findings: list[Finding] = []
    # What a killed process stored without a row goes after a day: it is waste, and nothing else.
    check_storage(work, findings.append, fix=True, grace=timedelta(0))
    found.extend(each.sentence for each in findings if each.trouble not in WASTE)
    waste = Counter(each.trouble.value for each in findings if each.trouble in WASTE)
    print(f"Waste that the storage check took away: {dict(waste) or 'none'}.")
    findings.clear()
    check_storage(work, findings.append, deep=True, grace=timedelta(0))
    found.extend(f"Even after --fix: {each.sentence}" for each in findings)
    made = outcome(work.engine)
    for title in {*made, *wanted}:
        ours, theirs = Counter(made.get(title)), Counter(wanted.get(title))
        if ours != theirs:
            found.append(f"{title}: {ours - theirs} instead of {theirs - ours}.")
    sweep(work.settings.home)
    scratch = work.settings.home / "scratch"
    left = [each.name for each in scratch.iterdir() if each.name != ".lock"]
    if left:
        found.append(f"Left in scratch: {left}.")
    return found


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
        try:
            wait_until_healed(engine, len(films))
            seconds = time.monotonic() - ended
            asked, often = s3.requests - calmly_asked, kinds.most_common(OFTEN)
            chaos.continue_some(float("inf"))
            time.sleep(STOPPED_SECONDS)
            url = EmbeddedPostgres(world.home).url("heaters", APP_DRIVER)
            work = opened({**world.environment, "DATABASE_URL": url})
            stack.callback(work.engine.dispose)
            wrong = troubles(work, wanted, reviewers)
        except TimeoutError:
            seconds, often = time.monotonic() - ended, kinds.most_common(OFTEN)
            asked = s3.requests - calmly_asked
            wrong = ["Not healed:", *rows(engine)]
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


def wait_until_healed(engine: Engine, films: int) -> None:
    """Raises TimeoutError where nothing moves on any more."""
    seen, since = [""], time.monotonic()
    while not answers(healed, engine, films):
        with suppress(sa.exc.SQLAlchemyError):
            if (now := rows(engine)) != seen:
                seen, since = now, time.monotonic()
        if time.monotonic() - since > HEAL_SECONDS:
            raise TimeoutError
        time.sleep(1)


def rows(engine: Engine) -> list[str]:
    """How each video and clip stands."""
    asked = (
        "SELECT 'video', id, state, error, tries, retry_at FROM source_videos UNION ALL "
        "SELECT 'clip', id, state, error, tries, retry_at FROM clips ORDER BY 1, 2"
    )
    with engine.connect() as connection:
        return [str(tuple(row)) for row in connection.execute(sa.text(asked))]


def answers(question: Callable[..., bool], *given: Any) -> bool:
    """False, too, while the database does not answer."""
    with suppress(sa.exc.SQLAlchemyError):
        return question(*given)
    return False


@contextmanager
def private_folder() -> Iterator[Path]:
    """A home that the user of the embedded Postgres can reach, too."""
    home = Path(tempfile.mkdtemp(prefix="heaters-home-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def own_disk(folder: Path) -> Iterator[bool]:
    """Makes a folder a small disk of its own; whether that is possible."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


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


def until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
