"""`heaters up`: starts everything in order, keeps it running, stops it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from heaters_pipeline.db.keepalives import ASK_SERVER
from heaters_pipeline.db.urls import APP_DRIVER, with_driver
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files.locks import try_lock
from heaters_pipeline.platform.dagster_instance import DagsterFiles
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.postgres import DatabaseUnreachable, connect, ensure_database
from heaters_pipeline.platform.processes import MARK, Child, kill_marked, stop_gently
from heaters_pipeline.platform.signals import stop_on_signals
from heaters_pipeline.platform.sockets import port_is_free
from heaters_pipeline.settings import Settings

if TYPE_CHECKING:
    import psycopg

LOCK_NAME = "up.lock"
LOCK_KEY = 0x48455550
"""Of the advisory lock in Dagster's database: two daemons there start the same run twice."""
ANSWER_SECONDS = 120
LOOK_SECONDS = 0.2
LOCK_CHECK_SECONDS = 15

Say = Callable[[str], None]


class Supervisor:
    """Everything that `up` starts, as a context: all runs and answers inside, all is stopped after
    it. `say` gets one line for each thing that a person should know."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings = settings
        self._say = say
        self._children: list[Child] = []
        self._exit = ExitStack()
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self.database_url = ""
        """SQLAlchemy's address of Heaters' database, once all runs."""
        self._lock_url = ""
        self._lock_checked = 0.0

    @property
    def review_address(self) -> str:
        host = self.settings.host
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(  # noqa: S104
            host, f"[{host}]" if ":" in host else host
        )
        return f"http://{host}:{self.settings.review_port}"

    @property
    def dagster_address(self) -> str:
        return f"http://127.0.0.1:{self.settings.dagster_port}"

    def __enter__(self) -> Supervisor:
        with ExitStack() as on_failure:
            on_failure.callback(self._exit.close)
            self._start()
            on_failure.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.say("Stopping.")
        self._exit.close()

    def say(self, line: str) -> None:
        with suppress(OSError):  # a terminal that has gone must not keep anything from stopping
            self._say(line)

    def watch(self) -> None:
        """Start again what has died. To be called every now and then; raises a HeatersError when
        something keeps dying, or another Heaters has taken the database over."""
        for child in self._children:
            if child.has_died():
                self._report_death(child)
            if child.process is None and time.monotonic() >= child.due:
                child.start()
        self._keep_lock()

    def wait(self) -> None:
        """Watch until the end is asked for (StopRequested)."""
        while True:
            self.watch()
            time.sleep(LOOK_SECONDS)

    def _start(self) -> None:
        settings = self.settings
        self._exit.enter_context(stop_on_signals())
        settings.home.mkdir(parents=True, exist_ok=True)
        self._take_home()
        leftovers = kill_marked(settings.home)
        if leftovers:
            self.say(f"Ended {leftovers} processes that an earlier start had left behind.")
        self._check_ports()

        self.say(f"Starting in {settings.home}.")
        if settings.database_url is None:
            self._exit.callback(self._stop_postgres)
        urls = ensure_database(settings)
        self.database_url = urls.heaters
        self._lock_url = with_driver(urls.dagster, APP_DRIVER)
        self._take_database()

        from heaters_pipeline.db import migrate

        migrate.upgrade(urls.heaters)
        files = DagsterFiles.below(settings.home)
        environment = {
            **os.environ,
            **files.environment(urls.dagster),
            MARK: str(settings.home),
            "HEATERS_HOME": str(settings.home),
            "DATABASE_URL": urls.heaters,
            "HEATERS_DAGSTER_DATABASE_URL": urls.dagster,
            "PYTHONUNBUFFERED": "1",
        }
        self._exit.callback(self._stop_children)

        def child(name: str, *command: str) -> Child:
            started = Child(
                name,
                [sys.executable, "-m", *command],
                environment,
                settings.home / "logs" / f"{name}.log",
            )
            self._children.append(started)
            started.start()
            return started

        review = child("review", "review_app")
        self.say("The database is up; readying Dagster's.")
        _prepare_dagster(environment)
        files.code_socket.unlink(missing_ok=True)
        self.say("Starting Dagster.")
        code = child(
            "code",
            *("dagster", "api", "grpc"),
            *("--socket", str(files.code_socket)),
            *("--module-name", "heaters_pipeline.orchestration.definitions"),
            *("--location-name", "heaters"),
            "--use-python-environment-entry-point",
        )
        self._wait(code, lambda: _accepts(files.code_socket))
        # Loopback only: it has no users, and obeys any page that the browser has open.
        webserver = child(
            "webserver",
            "dagster_webserver",
            *("--host", "127.0.0.1", "--port", str(settings.dagster_port)),
            *("--workspace", str(files.workspace)),
        )
        child("daemon", "dagster._daemon", "run", "--workspace", str(files.workspace))
        self._wait(webserver, lambda: _answers(f"{self.dagster_address}/server_info"))
        self._wait(review, lambda: _answers(f"{self.review_address}/healthz"))

    def _take_home(self) -> None:
        held = try_lock(self.settings.home / LOCK_NAME)
        if held is None:
            raise HeatersError(
                f"Heaters already runs in {self.settings.home}: `heaters down` stops it, another "
                "HEATERS_HOME starts a second one."
            )
        self._exit.callback(os.close, held)
        os.ftruncate(held, 0)
        os.write(held, str(os.getpid()).encode())

    def _take_database(self) -> None:
        self._connection = connect(self._lock_url)
        self._exit.callback(self._connection.close)
        self._connection.autocommit = True
        self._connection.execute(ASK_SERVER)
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone()
        if row != (True,):
            raise HeatersError(
                "Another Heaters runs on this database: two would start every run twice; stop the "
                "other one, or give this one a database of its own (DATABASE_URL)."
            )

    def _keep_lock(self) -> None:
        """A server that starts again, or a broken connection, gives the advisory lock away."""
        import psycopg

        if time.monotonic() < self._lock_checked + LOCK_CHECK_SECONDS:
            return
        self._lock_checked = time.monotonic()
        try:
            if self._connection is not None:
                self._connection.execute("SELECT 1")
                return
            if self.settings.database_url is None:
                EmbeddedPostgres(self.settings.home).start()
            self._take_database()
            self.say("The database is back.")
        except psycopg.Error:
            self._connection = None
            self._lock_checked = 0  # look again at once
        except DatabaseUnreachable as error:
            self.say(str(error))

    def _check_ports(self) -> None:
        for host, port, name in (
            (self.settings.host, self.settings.review_port, "HEATERS_REVIEW_PORT"),
            ("127.0.0.1", self.settings.dagster_port, "HEATERS_DAGSTER_PORT"),
        ):
            if not port_is_free(host, port):
                raise HeatersError(
                    f"Port {port} of {host} is in use by another program: stop that program, or "
                    f"set {name} to a free port."
                )

    def _wait(self, child: Child, answers: Callable[[], bool]) -> None:
        """Until it answers. What dies while everything starts is not started again."""
        end = time.monotonic() + ANSWER_SECONDS
        while not answers():
            for other in self._children:
                code = other.exit_code()
                if code is not None:
                    raise HeatersError(
                        f"{_title(other)} ended as soon as it had started ({_ending(code)}); the "
                        f"last lines of {other.log}:\n{other.last_lines()}"
                    )
            if time.monotonic() > end:
                raise HeatersError(
                    f"{_title(child)} has not answered in {ANSWER_SECONDS} seconds; the last lines "
                    f"of {child.log}:\n{child.last_lines()}"
                )
            time.sleep(LOOK_SECONDS)

    def _report_death(self, child: Child) -> None:
        code = child.exit_code()
        child.process = None
        if child.deaths >= child.MOST_DEATHS:
            raise HeatersError(
                f"{_title(child)} keeps ending ({_ending(code)}, {child.deaths} times in a row); "
                f"the last lines of {child.log}:\n{child.last_lines()}"
            )
        pause = round(child.due - time.monotonic())
        self.say(
            f"{_title(child)} ended ({_ending(code)}) and starts again in {pause} s; its log is "
            f"{child.log}."
        )

    def _stop_children(self) -> None:
        # The code server and its runs are not asked: it would wait for the runs to end.
        stop_gently(
            [
                child.process
                for child in self._children
                if child.process is not None and child.name != "code"
            ]
        )
        kill_marked(self.settings.home)
        for child in self._children:
            if child.process is not None:
                child.process.wait()

    def _stop_postgres(self) -> None:
        server = EmbeddedPostgres(self.settings.home)
        if not server.is_running():
            return
        if _others_connected(server.url("postgres", APP_DRIVER)):
            self.say("Postgres stays: another command of Heaters uses it; `heaters down` stops it.")
            return
        server.stop()


def down(settings: Settings, say: Say) -> None:
    """Stop what runs or was left running in this home, the embedded Postgres included."""
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / LOCK_NAME
    stopped = []
    held = try_lock(path)
    if held is None:
        # Whoever holds the lock lives, so the number in the file is no one else's.
        with suppress(ValueError, ProcessLookupError):  # it is just beginning, or ending
            os.kill(int(path.read_text()), signal.SIGTERM)
        end = time.monotonic() + ANSWER_SECONDS
        while (held := try_lock(path)) is None:
            if time.monotonic() > end:
                raise HeatersError(f"Heaters (process {path.read_text()}) does not stop.")
            time.sleep(LOOK_SECONDS)
        stopped.append("Heaters")
    try:
        leftovers = kill_marked(settings.home)
        if leftovers:
            stopped.append(f"{leftovers} processes that had been left behind")
        if EmbeddedPostgres(settings.home).stop():
            stopped.append("Postgres")
        say(f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running.")
    finally:
        os.close(held)


def _prepare_dagster(environment: dict[str, str]) -> None:
    """In a process of its own, so that this one never loads Dagster."""
    result = subprocess.run(
        [sys.executable, "-m", "heaters_pipeline.platform.dagster_instance"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        said = "\n".join(f"    {line}" for line in result.stdout.splitlines()[-12:])
        raise HeatersError(f"Dagster's database can't be made ready:\n{said}")


def _others_connected(url: str) -> bool:
    """Whether anybody still uses the server a moment after our own processes have ended."""
    end = time.monotonic() + 2
    with connect(url) as connection:
        connection.autocommit = True
        while True:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
            if row == (0,):
                return False
            if time.monotonic() > end:
                return True
            time.sleep(0.05)


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


def _answers(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _title(child: Child) -> str:
    return {
        "review": "The review app",
        "code": "Dagster's code server",
        "webserver": "Dagster's web server",
        "daemon": "Dagster's daemon",
    }[child.name]


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
