"""Heaters on several machines: the way of films through it, and what happens when one goes away.

    python -m benchmarks.many [--short] [--seed 1]

The machines are namespaces on one bridge (`benchmarks/hosts.py`), and share nothing but a network:

    hub            Postgres, S3 (moto), Redis; Dagster's code server, daemon and web server
    left, right    a worker each
    front          two review apps behind nginx
    desk           this process: a reviewer, and a web site to download from

Films come by a browser's upload, from the web site, and by `heaters add` on the front. A reviewer
decides on every clip through nginx. Then more films come while workers are killed and cut off, and
review apps are killed. In the end all must be as on one machine where nothing breaks.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import requests
import sqlalchemy as sa
from sqlalchemy import Engine

from benchmarks.chaos import pad
from benchmarks.healing import Outcome, answers, healed, rows, troubles, undisturbed_elsewhere
from benchmarks.hosts import NETWORK, Host, Lan, lan
from benchmarks.installation import opened, plain_environment, until
from benchmarks.patient_reviewer import Reviewer
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.domain.states import SourceState
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.processes import Child
from heaters_pipeline.storage.s3 import s3_client
from tests.footage import make_numbered_film

CHECKOUT = Path(__file__).resolve().parents[1]
PROGRAMS = ("redis-server", "nginx")
REPLY_SECONDS = 240
HEAL_SECONDS = 900
CUT_SECONDS = 20
PASSWORD = "correct horse battery"
PADDING_BYTES = 20 << 20
"""Makes an upload of several requests and several parts."""

NGINX = """
daemon off; pid /srv/nginx.pid; error_log /srv/nginx.log warn; user root;
events {{}}
http {{
    access_log off; client_max_body_size 300m; client_body_temp_path /srv/nginx-bodies;
    proxy_temp_path /srv/nginx-proxy; fastcgi_temp_path /srv/nginx-1; uwsgi_temp_path /srv/nginx-2;
    scgi_temp_path /srv/nginx-3;
    upstream review {{ server 127.0.0.1:8765; server 127.0.0.1:8766; }}
    server {{
        listen {address}:80;
        location / {{
            proxy_pass http://review; proxy_http_version 1.1;
            proxy_next_upstream error timeout; proxy_connect_timeout 2s;
            proxy_set_header Host $host; proxy_set_header X-Forwarded-Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


def obstacle() -> str | None:
    """Why the trial can't be run here; None where it can."""
    from benchmarks import hosts

    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    return hosts.obstacle() or (f"there is no {missing[0]}" if missing else None)


class OpenPostgres(EmbeddedPostgres):
    """The embedded Postgres, for a whole network."""

    def _make_data(self) -> None:
        super()._make_data()
        rules = f"local all all trust\nhost all all {NETWORK}.0/24 trust\n"
        (self.data / "pg_hba.conf").write_text(rules)

    def _server_options(self) -> str:
        return super()._server_options().replace("listen_addresses=", "listen_addresses=*")


class Films(NamedTuple):
    calm: Sequence[Path]
    cancelled: Path
    rough: Sequence[Path]

    @property
    def number(self) -> int:
        return len(self.calm) + 1 + len(self.rough)


@dataclass
class Farm:
    """Heaters on the hosts of a network."""

    lan: Lan
    review_apps: tuple[str, ...] = ("a", "b")
    token: str = ""
    """An admin's, for programs."""
    _said: list[str] = field(default_factory=list)

    @property
    def hub(self) -> Host:
        return self.lan.hosts["hub"]

    @property
    def front(self) -> Host:
        return self.lan.hosts["front"]

    @property
    def workers(self) -> tuple[Host, ...]:
        return self.lan.hosts["left"], self.lan.hosts["right"]

    @property
    def s3(self) -> str:
        return f"http://{self.hub.address}:5000"

    @property
    def database_url(self) -> str:
        return f"postgresql+psycopg://postgres@{self.hub.address}:5432/heaters"

    def environment(self, home: str, **settings: str) -> dict[str, str]:
        return {
            **plain_environment(Path("/srv") / home),
            "PYTHONPATH": str(CHECKOUT),
            "DATABASE_URL": self.database_url,
            "STORAGE_URL": "s3://many/library",
            "HEATERS_S3_ENDPOINT_URL": self.s3,
            "HEATERS_CODE_SERVER": f"{self.hub.address}:4266",
            "HEATERS_BROKER_URL": f"redis://:secret@{self.hub.address}:6379/0",
            "HEATERS_WORKERS": "2",
            "HEATERS_SENSOR_INTERVAL_SECONDS": "3",
            "HEATERS_STALL_SECONDS": "10",
            "HEATERS_STUCK_SECONDS": "30",
            "HEATERS_ALLOWED_NETWORKS": f"{NETWORK}.0/24",
            "HEATERS_TRUSTED_HOSTS": f"{self.front.address},{self.hub.address}",
            **settings,
        }

    def up(self, host: Host, home: str, programs: str, **settings: str) -> None:
        command = [sys.executable, "-m", "heaters_pipeline.cli", "up", "--only", programs]
        host.start(*command, log=f"{home}.log", environment=self.environment(home, **settings))

    def heaters(self, host: Host, home: str, *words: str, given: str = "") -> str:
        command = [sys.executable, "-m", "heaters_pipeline.cli", *words]
        return host.run(*command, environment=self.environment(home), given=given)

    def start(self) -> None:
        """All of it; returns when all answer."""
        self._start_services()
        add = ("users", "add", "ann", "--role", "admin", "--password-stdin")
        self.heaters(self.hub, "code", *add, given=PASSWORD)
        token = self.heaters(self.hub, "code", "tokens", "add", "ann", "the trial")
        (self.token,) = re.findall(r"heaters_\S+", token)
        self.up(self.hub, "code", "code")
        self.up(self.hub, "dagster", "daemon,webserver", HEATERS_DAGSTER_HOST=self.hub.address)
        for port, name in enumerate(self.review_apps, start=8765):
            self.start_review(name, port)
        for worker in self.workers:
            self.up(worker, "worker", "worker")
        self._start_nginx()
        parts = [
            *((self.front, f"{name}.log") for name in self.review_apps),
            *((self.hub, f"{name}.log") for name in ("code", "dagster")),
            *((worker, "worker.log") for worker in self.workers),
        ]
        for host, log in parts:
            self._wait_for(host, log)

    def start_review(self, name: str, port: int) -> None:
        proxied = {"HEATERS_TRUSTED_PROXIES": "1", "HEATERS_REVIEW_PORT": str(port)}
        self.up(self.front, name, "review", **proxied)

    def _wait_for(self, host: Host, log: str) -> None:
        path = host.folder / "srv" / log

        def is_up() -> bool:
            said = path.read_text() if path.exists() else ""
            if "heaters: " in said:
                raise RuntimeError(f"{host.name}: {said}")
            return "Ctrl-C stops it." in said

        until(is_up, REPLY_SECONDS)

    def _start_services(self) -> None:
        environment = self.environment("services")
        redis = ["redis-server", "--bind", self.hub.address, "--requirepass", "secret"]
        self.hub.start(*redis, "--save", "", log="redis.log", environment=environment)
        moto = [sys.executable, "-m", "moto.server", "-H", self.hub.address, "-p", "5000"]
        self.hub.start(*moto, log="moto.log", environment=environment)
        postgres = (
            "from pathlib import Path; from benchmarks.many import OpenPostgres;"
            "from heaters_pipeline.platform.postgres import connect;"
            "server = OpenPostgres(Path('/srv/services')); server.start();"
            "connection = connect(server.url('postgres', 'postgresql+psycopg'));"
            "connection.autocommit = True; connection.execute('CREATE DATABASE heaters')"
        )
        self.hub.run(sys.executable, "-c", postgres, environment=environment)
        until(lambda: _answers(self.s3), REPLY_SECONDS)
        s3_client(self.s3).create_bucket(Bucket="many")

    def _start_nginx(self) -> None:
        config = self.front.folder / "srv" / "nginx.conf"
        config.write_text(NGINX.format(address=self.front.address))
        command = ["nginx", "-c", "/srv/nginx.conf", "-e", "/srv/nginx.log"]
        self.front.start(*command, log="nginx.log", environment=self.environment("nginx"))

    def printed(self) -> str:
        """What the web server's machine shows of what a run on a worker has printed."""
        query = """{runsOrError(filter: {statuses: [SUCCESS]}, limit: 1) {... on Runs {results {
            eventConnection {events {... on LogsCapturedEvent {fileKey}}} runId}}}}"""
        (run,) = self._graphql(query)["runsOrError"]["results"]
        keys = [event.get("fileKey") for event in run["eventConnection"]["events"]]
        key = next(filter(None, keys))
        query = """query($key: [String!]!) {capturedLogs(logKey: $key) {stderr}}"""
        log_key = [run["runId"], "compute_logs", key]
        return str(self._graphql(query, key=log_key)["capturedLogs"]["stderr"])

    def _graphql(self, query: str, **variables: Any) -> Any:
        answer = requests.post(
            f"http://{self.hub.address}:3000/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json()["data"]


class SignedIn(Reviewer):
    """A reviewer who signs in once, whichever review app answers them later."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        page = self._send("GET", "/login").text
        (token,) = re.findall(r'name="csrf_token" value="([^"]+)"', page)
        form = {"name": "ann", "password": PASSWORD, "csrf_token": token}
        answer = self._send("POST", "/login", data=form, headers={"Referer": address})
        if answer.status_code != 200 or "/login" in answer.url:
            raise RuntimeError(f"Nobody can sign in: {answer.status_code} {answer.url}")

    def ask(self, key: str, what: str) -> None:
        """`cancel` or `retry` of a source video."""
        answer = self._post(f"/api/v1/sources/{key}/{what}", {})
        if answer.status_code != 200:
            raise RuntimeError(f"{what} is refused: {answer.text}")

    def add(self, *addresses: str) -> None:
        """By the sources page's own request."""
        body = {"references": list(addresses)}
        answer = self._post("/api/v1/sources", body)
        if answer.status_code != 200 or answer.json()["refused"]:
            raise RuntimeError(f"Addresses are refused: {answer.text}")


@contextmanager
def web_site(address: str, folder: Path) -> Iterator[str]:
    handler = partial(_Quiet, directory=str(folder))
    with _Patient((address, 8000), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{address}:8000"
        server.shutdown()


class _Patient(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever downloads may be killed."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def make_films(
    folder: Path, names: Sequence[str], frames: int, size: tuple[int, int]
) -> list[Path]:
    """No two are the same."""
    folder.mkdir()
    return [
        make_numbered_film(folder / f"{name}.mp4", frames + 12 * n, size, scenes=(24, 36, 60))
        for n, name in enumerate(names)
    ]


def bring(farm: Farm, reviewer: SignedIn, films: Sequence[Path], site: str) -> None:
    """The first by an upload, the second from the web, the third by a command on the front, and
    so on."""
    for number, film in enumerate(films):
        if number % 3 == 0:
            reviewer.upload(film)
        elif number % 3 == 1:
            reviewer.add(f"{site}/{film.parent.name}/{film.name}")
        else:
            there = farm.front.folder / "srv" / film.name
            shutil.copyfile(film, there)
            farm.heaters(farm.front, "a", "add", f"/srv/{film.name}")
            there.unlink()


def cancel_and_retry(farm: Farm, reviewer: SignedIn, engine: Engine, film: Path) -> None:
    """A person at a page cancels a run that is on some worker, and asks for it again."""
    reviewer.upload(film)
    # To look at the workers takes so long that the film may be ready by then.
    until(lambda: _row(engine, film).state != SourceState.NEW, REPLY_SECONDS)
    key = _row(engine, film).key
    reviewer.ask(key, "cancel")
    until(lambda: _row(engine, film).error is not None, REPLY_SECONDS)
    until(lambda: not any(map(is_at_work, farm.workers)), REPLY_SECONDS)
    reviewer.ask(key, "retry")


def _row(engine: Engine, film: Path) -> Any:
    """Key, state and error of its source video."""
    with engine.connect() as connection:
        asked = sa.text("SELECT key, state, error FROM source_videos WHERE title = :title")
        return connection.execute(asked, {"title": film.stem}).one()


def is_at_work(host: Host) -> bool:
    """Whether a run is under way there: its process has begun an ffmpeg."""
    return any("ffmpeg" in _name(process) for process in host.processes())


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""


def kill_worker(farm: Farm, chance: random.Random) -> str:
    """All processes of a worker's machine at once, in the middle of a run; later it is back."""
    busy = _busy(farm, chance)
    _kill(busy.processes())
    farm.up(busy, "worker", "worker")
    return f"{busy.name}: all processes killed, started again"


def cut_worker(farm: Farm, chance: random.Random) -> str:
    busy = _busy(farm, chance)
    with busy.cut_off():
        time.sleep(CUT_SECONDS)
    return f"{busy.name}: cut off for {CUT_SECONDS} seconds"


def kill_review(farm: Farm, chance: random.Random) -> str:
    """A review app and what has started it; the other one goes on alone for a while."""
    number = chance.randrange(len(farm.review_apps))
    name = farm.review_apps[number]
    _kill(each for each in farm.front.processes() if f"/srv/{name}" == _home(each))
    time.sleep(2 * Child.FIRST_PAUSE)
    farm.start_review(name, 8765 + number)
    return f"front: review app {name} killed, started again"


def _kill(processes: Iterable[psutil.Process]) -> None:
    """Some end by themselves meanwhile, or with another one."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _home(process: psutil.Process) -> str:
    try:
        return str(process.environ().get("HEATERS_HOME"))
    except psutil.Error:
        return ""


def _busy(farm: Farm, chance: random.Random) -> Host:
    """A worker in the middle of a run, as soon as there is one."""
    found: list[Host] = []

    def some() -> bool:
        found[:] = [worker for worker in farm.workers if is_at_work(worker)]
        return bool(found)

    until(some, REPLY_SECONDS)
    return chance.choice(found)


def machines(engine: Engine) -> str:
    """How many runs were on each worker, by the queues that Dagster's tags name."""
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT value, count(*) FROM run_tags WHERE key = 'dagster-celery/queue'"
                " GROUP BY value ORDER BY value"
            )
        )
        return ", ".join(f"{number} {queue}" for queue, number in rows) or "none"


def wrong_logs(farm: Farm) -> list[str]:
    """Whether Dagster's web server shows what runs on other machines have printed."""
    printed = farm.printed()
    return [] if "RUN_SUCCESS" in printed or "STEP_" in printed else [f"Printed: {printed[:500]}"]


def say(began: float, sentence: str) -> None:
    print(f"{time.monotonic() - began:6.1f} s  {sentence}", flush=True)


def run(seed: int, *, is_short: bool) -> int:
    chance = random.Random(seed)
    began = time.monotonic()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with ExitStack() as stack:
        network = stack.enter_context(lan("hub", "left", "right", "front"))
        folder = network.folder / "desk"
        folder.mkdir()
        calm = make_films(folder / "calm", ["upload", "web", "command"], 84, (64, 36))
        pad(calm[0], PADDING_BYTES)
        size = (640, 360)
        long = make_films(folder / "long", ["cancelled"], 500 if is_short else 1500, size)
        rough_names = [f"rough-{n}" for n in range(1, 3 if is_short else 10)]
        rough = make_films(folder / "rough", rough_names, 150 if is_short else 400, size)
        say(began, "The films are made.")
        wanted = expected(folder, [*calm, *long, *rough])
        farm = Farm(network)
        os.environ.update(farm.environment("desk"))
        farm.start()
        say(began, "All machines answer.")
        engine = open_engine(farm.database_url)
        stack.callback(engine.dispose)
        try:
            films = Films(calm, long[0], rough)
            wrong = work(farm, stack, engine, wanted, films, chance, began, is_short)
        except TimeoutError:
            wrong = ["\n".join(rows(engine))]
        for sentence in wrong:
            print(sentence)
        if wrong:
            kept = Path(tempfile.gettempdir()) / f"heaters-many-logs-{os.getpid()}"
            keep_logs(network, kept)
            print(f"The logs are in {kept}.")
        return 1 if wrong else 0


def work(
    farm: Farm,
    stack: ExitStack,
    engine: Engine,
    wanted: Outcome,
    films: Films,
    chance: random.Random,
    began: float,
    is_short: bool,
) -> list[str]:
    """Films come and are decided on; what is wrong in the end. Raises TimeoutError where they don't
    become ready."""
    site = stack.enter_context(web_site(farm.lan.desk, farm.lan.folder / "desk"))
    reviewer = SignedIn(f"http://{farm.front.address}")
    stack.callback(reviewer.over.set)
    threading.Thread(target=reviewer.review, daemon=True).start()
    bring(farm, reviewer, films.calm, site)
    say(began, "Films have come by an upload, from the web, and by a command.")
    until(lambda: answers(healed, engine, len(films.calm)), HEAL_SECONDS)
    say(began, f"They are in the library. {told_files(engine)}")
    cancel_and_retry(farm, reviewer, engine, films.cancelled)
    say(began, "A run on another machine was cancelled from the page, and asked for again.")
    comers = threading.Thread(target=bring, args=(farm, reviewer, films.rough, site), daemon=True)
    comers.start()
    for fault in [kill_review, kill_worker, cut_worker] * (1 if is_short else 3):
        say(began, fault(farm, chance))
    comers.join()
    until(lambda: answers(healed, engine, films.number), HEAL_SECONDS)
    say(began, f"All are in the library. {told_files(engine)}")
    dagster = open_engine(farm.database_url.replace("/heaters", "/dagster"))
    stack.callback(dagster.dispose)
    say(began, f"Runs that went where the last one of their video was: {machines(dagster)}.")
    pipeline = opened(farm.environment("desk", HEATERS_HOME=str(farm.lan.folder / "home")))
    stack.callback(pipeline.engine.dispose)
    return [*troubles(pipeline, wanted, [reviewer]), *wrong_logs(farm)]


def told_files(engine: Engine) -> str:
    with engine.connect() as connection:
        clips, files, stills, vectors = connection.execute(
            sa.text(
                "SELECT (SELECT count(*) FROM clips WHERE state = 'embedded'),"
                " (SELECT count(*) FROM clip_exports),"
                " (SELECT count(*) FROM clip_artifacts),"
                " (SELECT count(*) FROM clip_embeddings)"
            )
        ).one()
    return f"{clips} clips, {files} exports, {stills} keyframes, {vectors} vectors."


def expected(folder: Path, films: Sequence[Path]) -> Outcome:
    """What becomes of the films on one machine."""
    return undisturbed_elsewhere(films, {"STORAGE_URL": str(folder / "undisturbed")})


def keep_logs(network: Lan, kept: Path) -> None:
    for name, host in network.hosts.items():
        for log in [*host.folder.glob("srv/*.log"), *host.folder.glob("srv/*/logs/*.log")]:
            there = kept / name / log.relative_to(host.folder / "srv")
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(log, there)


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).status_code < 500
    except requests.RequestException:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="fewer films and faults")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    if reason := obstacle():
        print(f"It can't be tried here: {reason}.")
        return 2
    print(f"Seed {given.seed}", flush=True)
    return run(given.seed, is_short=given.short)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
