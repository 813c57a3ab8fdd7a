"""`heaters up` and `down` as processes, on a home and a Postgres of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from heaters_pipeline.db.urls import APP_DRIVER
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.processes import MARK, kill_marked
from tests.footage import make_numbered_film
from tests.waiting import until

pytestmark = pytest.mark.long

CHECKOUT = Path(__file__).resolve().parents[2]
START_SECONDS = 300
CODE_SERVER = "heaters_pipeline.platform.code_server"
SEARCH = "heaters_pipeline.platform.search_process"


class World:
    """A home, two free ports, and what was started with them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.host = "127.0.0.1"
        self.review_port, self.dagster_port = _free_port(), _free_port()
        self.started: list[subprocess.Popen[str]] = []
        self.settings: dict[str, str] = {}

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("HEATERS_") and name not in ("DATABASE_URL", "STORAGE_URL")
        }
        return {
            **kept,
            "PYTHONPATH": str(CHECKOUT),
            "HEATERS_HOME": str(self.home),
            "HEATERS_HOST": self.host,
            "HEATERS_REVIEW_PORT": str(self.review_port),
            "HEATERS_DAGSTER_PORT": str(self.dagster_port),
            "HEATERS_EMBEDDING_MODEL": LAYOUT_MODEL,  # others take long to load
            **self.settings,
            **changes,
        }

    def run(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            _command(*arguments),
            env=self.environment(**changes),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    def start_up(self, *options: str, interrupts_ignored: bool = False) -> subprocess.Popen[str]:
        """`heaters up`, as a shell starts it with `&` if interrupts are ignored; it answers."""
        log = self.home / "said"
        with log.open("w") as said:
            process = subprocess.Popen(
                _command("up", *options),
                env=self.environment(),
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
                preexec_fn=_ignore_interrupts if interrupts_ignored else None,
            )
        self.started.append(process)
        until(
            lambda: "Ctrl-C stops everything." in log.read_text() or process.poll() is not None,
            START_SECONDS,
        )
        assert process.poll() is None, log.read_text()
        return process

    def children(self) -> list[psutil.Process]:
        """What `up` started, but for Postgres."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def child(self, word: str) -> psutil.Process:
        found = [process for process in self.children() if word in process.cmdline()]
        assert len(found) == 1, found
        return found[0]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(MARK) == str(self.home)
        except psutil.Error:
            return False

    @property
    def review_address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.review_port}"

    def review_answers(self) -> bool:
        return _answers(f"{self.review_address}/healthz")

    def sources(self) -> str:
        """The page of sources."""
        with urllib.request.urlopen(f"{self.review_address}/sources", timeout=30) as answer:
            return str(answer.read().decode())

    def dagster_answers(self) -> bool:
        return _answers(f"http://127.0.0.1:{self.dagster_port}/server_info")

    def graphql(self, query: str, **variables: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.dagster_port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]

    def locations(self) -> object:
        query = """{workspaceOrError {... on Workspace {locationEntries {
            name locationOrLoadError {__typename}}}}}"""
        return self.graphql(query)["workspaceOrError"]["locationEntries"]

    def ffmpegs(self) -> list[psutil.Process]:
        return [process for process in self.children() if "ffmpeg" in _name_of(process)]


@pytest.fixture
def world() -> Iterator[World]:
    home = Path(tempfile.mkdtemp(prefix="heaters-test-"))
    world = World(home)
    yield world
    for process in world.started:
        if process.poll() is None:
            process.kill()
            process.wait()
    kill_marked(home)
    EmbeddedPostgres(home).stop()
    shutil.rmtree(home)


def test_up_keeps_its_parts_alive_is_cleared_up_after_a_kill_and_stops_when_asked(
    world: World, tmp_path: Path
) -> None:
    """In one go, as each start costs much."""
    world.settings = {
        "HEATERS_MIN_FREE_GB": "0",
        "HEATERS_TRUSTED_HOSTS": "127.0.0.9",
    }
    (world.home / "logs").mkdir()
    for path in (world.home, world.home / "logs"):
        path.chmod(0o755)  # as an earlier version left them
    up = world.start_up(interrupts_ignored=True)
    assert_nobody_else_can_read_what_is_in_the_home(world.home)
    assert_all_answer_and_no_second_one_starts(world)
    stop_sensor(world, "unused_objects")
    assert "The sensor unused_objects is stopped" in world.sources()
    assert_what_is_killed_starts_again(world)
    children = world.children()
    assert len(children) >= 4
    up.kill()
    up.wait()
    assert_down_clears_up_what_a_kill_left(world, children)

    world.host = "::1"
    up = world.start_up(interrupts_ignored=True)
    assert world.review_answers()
    assert "The sensor unused_objects is stopped" in world.sources(), "it stays so"
    assert_a_run_that_dagster_terminates_ends(world, tmp_path)
    # From another shell.
    assert world.run("down").returncode == 0
    assert up.wait(5) == 0
    assert world.children() == []
    assert not EmbeddedPostgres(world.home).is_running()


@pytest.mark.whole
def test_up_shares_by_https_with_a_link_for_the_first_admin(world: World) -> None:
    def start() -> tuple[subprocess.Popen[str], str, str, list[str]]:
        up = world.start_up("--share", interrupts_ignored=True)
        said = (world.home / "said").read_text()
        (address,) = re.findall(r"Other machines (https://\S+)", said)
        (fingerprint,) = re.findall(r"SHA-256 is (\S+)", said)
        return up, address, fingerprint, re.findall(r"First admin +(\S+)", said)

    up, address, fingerprint, links = start()
    assert links[0].startswith(f"{address}/invites/")
    cert = world.home / "tls" / "cert.pem"
    browser = browser_that_trusts(cert)
    assert browser(f"{address}/sources").url.startswith(f"{address}/login?next=")
    page = browser(links[0]).read().decode()
    assert "You come in as admin." in page
    (token,) = re.findall(r'name="csrf_token" value="([^"]+)"', page)
    password = "correct horse battery"
    form = {"name": "ann", "new": password, "again": password, "csrf_token": token}
    assert browser(links[0], **form).url == f"{address}/review"
    assert b"People" in browser(f"{address}/people").read()
    up.terminate()
    up.wait(60)

    up, again, same, links = start()
    assert (again, same, links) == (address, fingerprint, [])
    up.terminate()
    up.wait(60)


def browser_that_trusts(cert: Path) -> Callable[..., Any]:
    """Asks by https, with cookies, and with the certificate as the only one to trust."""
    trusting = ssl.create_default_context(cafile=str(cert))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=trusting),
        urllib.request.HTTPCookieProcessor(),
    )

    def ask(url: str, **form: str) -> Any:
        sent = urllib.parse.urlencode(form).encode() if form else None
        return opener.open(urllib.request.Request(url, sent, {"Referer": url}), timeout=60)

    return ask


@pytest.mark.whole
def test_up_stops_when_asked_by_a_signal(world: World) -> None:
    """`down` sends the same one."""
    up = world.start_up(interrupts_ignored=True)
    started = time.monotonic()
    up.terminate()
    assert up.wait(30) == 0
    assert time.monotonic() - started < 15
    assert world.children() == []
    assert not EmbeddedPostgres(world.home).is_running()


def assert_nobody_else_can_read_what_is_in_the_home(home: Path) -> None:
    assert home.stat().st_mode & 0o076 == 0
    made = [path for path in home.iterdir() if path.name != "said"]  # by this test
    assert len(made) > 5
    open_ones = [path.name for path in made if path.stat().st_mode & 0o077]
    # Postgres' programs are no secret, and run as another user.
    assert [name for name in open_ones if not name.startswith("postgres-programs")] == []
    logs = list((home / "logs").iterdir())
    assert logs and all(path.stat().st_mode & 0o077 == 0 for path in logs)


def assert_all_answer_and_no_second_one_starts(world: World) -> None:
    assert world.review_answers()
    assert world.dagster_answers()
    assert world.locations() == [
        {"name": "heaters", "locationOrLoadError": {"__typename": "RepositoryLocation"}}
    ]

    again = world.run("up")
    assert again.returncode == 1
    assert again.stderr.startswith(f"heaters: Heaters already runs in {world.home}")

    # Another home, the same database.
    with tempfile.TemporaryDirectory() as other_home:
        server = EmbeddedPostgres(world.home)
        other = world.run(
            "up",
            HEATERS_HOME=other_home,
            DATABASE_URL=server.url("heaters", APP_DRIVER),
            HEATERS_REVIEW_PORT=str(_free_port()),
            HEATERS_DAGSTER_PORT=str(_free_port()),
        )
    assert other.returncode == 1
    assert "Another Heaters runs on this database" in other.stderr


def stop_sensor(world: World, name: str) -> None:
    """As a person does in Dagster."""
    repository = '{repositoryName: "__repository__", repositoryLocationName: "heaters"}'
    sensors = world.graphql(
        f"{{sensorsOrError(repositorySelector: {repository})"
        " {... on Sensors {results {id name}}}}"
    )["sensorsOrError"]["results"]
    (sensor,) = [each["id"] for each in sensors if each["name"] == name]
    world.graphql("mutation($id: String!) {stopSensor(id: $id) {__typename}}", id=sensor)


def assert_what_is_killed_starts_again(world: World) -> None:
    for word in ("review_app", CODE_SERVER, SEARCH):
        killed = world.child(word)
        killed.kill()
        killed.wait()
    until(lambda: world.review_answers() and bool(_named(world, CODE_SERVER)))
    until(lambda: bool(_named(world, SEARCH)))
    assert "The review app ended (SIGKILL) and starts again" in (world.home / "said").read_text()


def assert_down_clears_up_what_a_kill_left(world: World, children: list[psutil.Process]) -> None:
    psutil.wait_procs(children, timeout=10)
    assert EmbeddedPostgres(world.home).is_running()

    first = world.run("down")
    assert (first.returncode, first.stderr) == (0, "")
    assert "Postgres" in first.stdout
    assert world.children() == []
    assert not EmbeddedPostgres(world.home).is_running()
    second = world.run("down")
    assert (second.returncode, second.stdout) == (0, "Nothing was running.\n")


def assert_a_run_that_dagster_terminates_ends(world: World, folder: Path) -> None:
    short = make_numbered_film(folder / "short.mp4", 100, size=(640, 360))
    film = folder / "film.mp4"
    again = [*("-stream_loop", "100"), *("-i", str(short)), *("-c", "copy"), str(film)]
    subprocess.run([ffmpeg_binary(), "-loglevel", "error", *again], check=True)
    assert world.run("add", str(film)).returncode == 0
    until(lambda: bool(world.ffmpegs()), START_SECONDS)
    children = world.ffmpegs()
    (run,) = world.graphql(
        "{runsOrError(filter: {statuses: [STARTED]}) {... on Runs {results {runId}}}}"
    )["runsOrError"]["results"]
    world.graphql("mutation($id: String!) {terminateRun(runId: $id) {__typename}}", id=run["runId"])
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert (len(gone), alive) == (len(children), [])
    until(lambda: "The run was" in world.sources())
    assert "try again" in world.run("status").stdout
    scratch = world.home / "scratch"
    assert [path for path in scratch.iterdir() if path.name != ".lock"] == []


def test_interrupted_while_it_starts_and_unheard_up_leaves_nothing(world: World) -> None:
    up = subprocess.Popen(
        _command("up"), env=world.environment(), stdout=subprocess.PIPE, text=True
    )
    world.started.append(up)
    assert up.stdout is not None
    until(lambda: "readying" in up.stdout.readline(), START_SECONDS)
    up.stdout.close()  # as when a terminal is closed
    up.send_signal(signal.SIGINT)
    up.wait(20)
    assert world.children() == []
    assert not EmbeddedPostgres(world.home).is_running()


def test_what_ends_at_once_is_reported_with_its_last_words(world: World, tmp_path: Path) -> None:
    (tmp_path / "review_app.py").write_text("raise SystemExit('no reviews today')")
    done = world.run("up", PYTHONPATH=f"{tmp_path}:{CHECKOUT}")
    assert done.returncode == 1
    assert "The review app ended as soon as it had started (exit code 1)" in done.stderr
    assert "no reviews today" in done.stderr
    assert world.children() == []
    assert not EmbeddedPostgres(world.home).is_running()


def test_beyond_loopback_it_starts_only_with_an_admin(world: World) -> None:
    done = world.run("up", HEATERS_HOST="0.0.0.0")
    assert done.returncode == 1
    assert "run `heaters users add NAME --role admin` and start again." in done.stderr
    assert not EmbeddedPostgres(world.home).is_running()


@pytest.mark.parametrize("which", ["HEATERS_REVIEW_PORT", "HEATERS_DAGSTER_PORT"])
def test_a_port_in_use_is_one_sentence(world: World, which: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = world.run("up", **{which: str(port)})
    assert done.returncode == 1
    assert f"heaters: Port {port} of 127.0.0.1 is in use" in done.stderr
    assert which in done.stderr
    assert not EmbeddedPostgres(world.home).is_running()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "heaters_pipeline.cli", *arguments]


def _name_of(process: psutil.Process) -> str:
    """Empty where it has ended meanwhile."""
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def _named(world: World, word: str) -> list[psutil.Process]:
    return [process for process in world.children() if word in process.cmdline()]


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
