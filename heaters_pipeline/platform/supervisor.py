"""`heaters up`: starts all programs in order, keeps them running, and stops them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from types import TracebackType

from heaters_pipeline.db.urls import APP_DRIVER, with_driver
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.people import Who
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.files.home import private_files, private_home
from heaters_pipeline.files.logs import rotate
from heaters_pipeline.files.scratch import sweep
from heaters_pipeline.platform.dagster_instance import END_RUNS, UPGRADE, DagsterFiles
from heaters_pipeline.platform.database_lock import DatabaseLock
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.home_lock import take_home
from heaters_pipeline.platform.postgres import (
    DatabaseUnreachable,
    DatabaseUrls,
    connect,
    ensure_database,
)
from heaters_pipeline.platform.processes import MARK, Child, ending, kill_marked, stop_gently
from heaters_pipeline.platform.programs import (
    OF_DAGSTER,
    ONE_MACHINE,
    TITLES,
    Program,
    command,
    refuse_unless_installed,
    refuse_unless_possible,
)
from heaters_pipeline.platform.signals import stop_on_signals
from heaters_pipeline.platform.sockets import accepts_connections, answers_http, port_is_free
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage.cache import ObjectCache

ANSWER_SECONDS = 120
LOOK_SECONDS = 0.2
LOCK_CHECK_SECONDS = 15
FIRST_ADMIN_DAYS = 1

UNASKED = frozenset({Program.CODE, Program.WORKER})
"""They and their runs get no SIGTERM: they would wait for the runs to end."""

Say = Callable[[str], None]


class Supervisor:
    """Programs of Heaters, as a context: inside it they run and answer, after it they are
    stopped. `say` gets a line for each event that a person should know. With `invites_admin` it
    starts for other machines also without an admin, and has a link that makes one."""

    def __init__(
        self,
        settings: Settings,
        say: Say,
        *,
        programs: Collection[Program] = ONE_MACHINE,
        invites_admin: bool = False,
    ) -> None:
        self.settings = settings
        self.programs = programs
        self._say = say
        self._invites_admin = invites_admin
        self.invitation: str | None = None
        """Address at which the first admin comes in, inside the context; None where there is
        one."""
        self._children: list[Child] = []
        self._exit = ExitStack()
        self.database_url = ""
        """SQLAlchemy's address of Heaters' database, inside the context."""
        self._lock: DatabaseLock | None = None
        self._lock_checked = 0.0

    @property
    def review_address(self) -> str:
        return self.settings.local_address

    @property
    def dagster_address(self) -> str:
        return self.settings.local_dagster_address

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
        with suppress(OSError):  # the end must not fail because the terminal is gone
            self._say(line)

    def watch(self) -> None:
        """Restart the children that have died, and keep logs small. Call it every now and then.
        Raises HeatersError when another Heaters has taken the database over."""
        for child in self._children:
            child.look_after(self.say)
        rotate(EmbeddedPostgres(self.settings.home).log)
        if self._lock is not None:
            self._keep_lock(self._lock)

    def wait(self) -> None:
        """Watch until a signal raises StopRequested."""
        while True:
            self.watch()
            time.sleep(LOOK_SECONDS)

    def _start(self) -> None:
        refuse_unless_possible(self.settings, self.programs)
        refuse_unless_installed(self.settings)
        self._exit.enter_context(stop_on_signals())
        self._take_home()
        self._check_ports()
        self.say(f"Starting in {self.settings.home}.")
        urls = self._open_databases()
        files = DagsterFiles.below(self.settings)
        environment = {
            **os.environ,
            **files.environment(urls.dagster),
            MARK: str(self.settings.home),
            "HEATERS_HOME": str(self.settings.home),
            "DATABASE_URL": urls.heaters,
            "HEATERS_DAGSTER_DATABASE_URL": urls.dagster,
            **self._served(),
            "PYTHONUNBUFFERED": "1",
        }
        self._exit.callback(self._stop_children)
        self._start_children(files, environment)

    def _served(self) -> dict[str, str]:
        """The settings of the review app's address, which `heaters up --share` changes."""
        cert, key = self.settings.tls_cert, self.settings.tls_key
        tls = {"HEATERS_TLS_CERT": str(cert), "HEATERS_TLS_KEY": str(key)} if cert else {}
        return {"HEATERS_HOST": self.settings.host, **tls}

    def _take_home(self) -> None:
        self._exit.enter_context(private_files())
        private_home(self.settings.home)
        self._exit.callback(os.close, take_home(self.settings.home))
        leftovers = kill_marked(self.settings.home)
        if leftovers:
            self.say(f"Ended {leftovers} processes that an earlier start had left behind.")
        sweep(self.settings.home)
        cache = ObjectCache(self.settings.home, self.settings.cache)
        cache.make_room(self.settings.min_free_bytes)

    def _open_databases(self) -> DatabaseUrls:
        """Both databases, with Heaters' own schema up to date and the lock taken."""
        from heaters_pipeline.db import migrate

        if self.settings.database_url is None:
            self._exit.callback(self._stop_postgres)
        urls = ensure_database(self.settings)
        self.database_url = urls.heaters
        if Program.DAEMON in self.programs:
            self._lock = DatabaseLock(with_driver(urls.dagster, APP_DRIVER))
            self._exit.callback(self._lock.close)
            self._lock.take()
        migrate.upgrade(urls.heaters)
        if self._serves_people:
            self._refuse_unless_guarded()
        return urls

    @property
    def _serves_people(self) -> bool:
        return not {Program.REVIEW, Program.WEBSERVER}.isdisjoint(self.programs)

    def _refuse_unless_guarded(self) -> None:
        """Before anything else starts: the review app would say so in its log only."""
        from heaters_pipeline.db import people
        from heaters_pipeline.db.engine import open_engine, transaction
        from heaters_pipeline.work.invites import invite
        from heaters_pipeline.work.people import refuse_unless_guarded

        engine = open_engine(self.database_url)
        try:
            with transaction(engine) as session:
                if self._invites_admin and not people.exist(session):
                    who = Who("heaters up --share", "command line")
                    secret = invite(session, who, None, Role.ADMIN, FIRST_ADMIN_DAYS)
                    self.invitation = f"{self.settings.public_address}/invites/{secret}"
                refuse_unless_guarded(session, self.settings)
        finally:
            engine.dispose()

    def _start_children(self, files: DagsterFiles, environment: Mapping[str, str]) -> None:
        """Each program when what it needs is there; returns when all answer."""
        started = {}

        def start(program: Program) -> None:
            if program in self.programs:
                started[program] = self._child(program, files, environment)

        def wait(program: Program, answers: Callable[[], bool]) -> None:
            if program in started:
                self._wait(started[program], answers)

        start(Program.REVIEW)
        if not OF_DAGSTER.isdisjoint(self.programs):
            self.say("The database is up; readying Dagster's.")
            _prepare_dagster(environment, self.programs)
            self.say("Starting Dagster.")
        if self.settings.code_server is None:
            files.code_socket.unlink(missing_ok=True)
        code_place = self.settings.code_server or files.code_socket
        start(Program.CODE)
        wait(Program.CODE, lambda: accepts_connections(code_place))
        if Program.CODE not in started and not OF_DAGSTER.isdisjoint(self.programs):
            self._wait_for_code_server(lambda: accepts_connections(code_place))
        for program in (Program.WEBSERVER, Program.DAEMON, Program.SEARCH, Program.WORKER):
            start(program)
        wait(Program.WEBSERVER, lambda: answers_http(f"{self.dagster_address}/server_info"))
        wait(Program.REVIEW, lambda: answers_http(f"{self.review_address}/healthz"))

    def _child(
        self, program: Program, files: DagsterFiles, environment: Mapping[str, str]
    ) -> Child:
        log = self.settings.home / "logs" / f"{program}.log"
        words = [sys.executable, "-m", *command(program, self.settings, files)]
        is_vital = program != Program.SEARCH
        child = Child(program, TITLES[program], words, environment, log, is_vital)
        self._children.append(child)
        child.start()
        return child

    def _keep_lock(self, lock: DatabaseLock) -> None:
        """A server that restarts, or a broken connection, gives the advisory lock away."""
        import psycopg

        if time.monotonic() < self._lock_checked + LOCK_CHECK_SECONDS:
            return
        self._lock_checked = time.monotonic()
        try:
            if lock.is_held():
                return
            if self.settings.database_url is None:
                self._restart_postgres()
            lock.take()
            self.say("The database is back.")
        except psycopg.Error:
            self._lock_checked = 0  # look again at once
        except DatabaseUnreachable as error:
            self.say(str(error))

    def _restart_postgres(self) -> None:
        """Raises DatabaseUnreachable."""
        try:
            EmbeddedPostgres(self.settings.home).start()
        except HeatersError as error:
            raise DatabaseUnreachable(str(error)) from error

    def _check_ports(self) -> None:
        settings = self.settings
        for program, host, port, name in (
            (Program.REVIEW, settings.host, settings.review_port, "HEATERS_REVIEW_PORT"),
            (
                Program.WEBSERVER,
                settings.dagster_host,
                settings.dagster_port,
                "HEATERS_DAGSTER_PORT",
            ),
        ):
            if program in self.programs and not port_is_free(host, port):
                raise HeatersError(
                    f"Port {port} of {host} is in use by another program: stop that program, or "
                    f"set {name} to a free port."
                )

    def _wait(self, child: Child, answers: Callable[[], bool]) -> None:
        """Wait until the child answers. Raises HeatersError if any child dies meanwhile."""
        if not self._answers_in_time(answers):
            raise HeatersError(
                f"{child.title} has not answered in {ANSWER_SECONDS} seconds; the last lines "
                f"of {child.log}:\n{child.last_lines()}"
            )

    def _wait_for_code_server(self, answers: Callable[[], bool]) -> None:
        """The same of the one on another machine."""
        if not self._answers_in_time(answers):
            raise HeatersError(
                f"Dagster's code server does not answer at {self.settings.code_server} "
                "(HEATERS_CODE_SERVER): start it there with `heaters up --only code`."
            )

    def _answers_in_time(self, answers: Callable[[], bool]) -> bool:
        end = time.monotonic() + ANSWER_SECONDS
        while not answers():
            for child in self._children:
                code = child.exit_code()
                if code is not None and child.is_vital:
                    raise HeatersError(
                        f"{child.title} ended as soon as it had started ({ending(code)}); the "
                        f"last lines of {child.log}:\n{child.last_lines()}"
                    )
            if time.monotonic() > end:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def _stop_children(self) -> None:
        stop_gently(
            [
                child.process
                for child in self._children
                if child.process is not None and child.name not in UNASKED
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


def _prepare_dagster(environment: Mapping[str, str], programs: Collection[Program]) -> None:
    """Run `dagster_instance.prepare` in a process of its own, so that this one never loads
    Dagster."""
    parts = {Program.DAEMON: UPGRADE, Program.CODE: END_RUNS}
    result = subprocess.run(
        [
            *(sys.executable, "-m", "heaters_pipeline.platform.dagster_instance"),
            *(part for program, part in parts.items() if program in programs),
        ],
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
    """Whether other clients still use the server a moment after our own processes have ended."""
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
