"""pg_dump and pg_restore: those of the embedded Postgres, or those on PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import make_url

from heaters_pipeline.db.urls import for_psycopg, without_password
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.platform.embedded_postgres import packaged_programs
from heaters_pipeline.platform.postgres import connect

SETS_TIMEOUT = 17
"""From this version on pg_restore sets `transaction_timeout`, which older servers do not know."""


class Program(NamedTuple):
    version: int
    """Major."""
    path: str


def for_dump(found: Iterable[Program], server: int) -> Program | None:
    """The pg_dump for a server of this major version: none that is older, and the nearest, whose
    files most servers take."""
    return min((each for each in found if each.version >= server), default=None)


def for_restore(found: Iterable[Program], server: int, dumped_by: int) -> Program | None:
    """The pg_restore that reads a file of pg_dump of version `dumped_by` and tells the server
    nothing that it does not know."""
    fit = (
        each
        for each in found
        if each.version >= dumped_by and (each.version <= server or server >= SETS_TIMEOUT)
    )
    return min(fit, default=None)


def dump(url: str, snapshot: str, file: Path) -> int:
    """Writes a database into a file of pg_dump's custom format, as the snapshot of this name shows
    it; the program's major version."""
    server = _server_version(url)
    program = for_dump(_programs("pg_dump"), server)
    if program is None:
        raise InputError(
            f"{without_password(url)} is Postgres {server}, and there is no pg_dump {server} or "
            "later here: install the client programs of that Postgres, so that they are on PATH."
        )
    _run(program, url, f"--snapshot={snapshot}", "--format=custom", f"--file={file}")
    return program.version


def load(url: str, file: Path, *, server_before: int, dumped_by: int) -> None:
    """Restores such a file into an empty database, all of it or nothing. `server_before` is the
    major version of the server that it was dumped from, `dumped_by` that of the program."""
    server = _server_version(url)
    program = for_restore(_programs("pg_restore"), server, dumped_by)
    if server < server_before or (program is None and server < SETS_TIMEOUT <= dumped_by):
        least = max(server_before, min(dumped_by, SETS_TIMEOUT))
        raise InputError(
            f"{without_password(url)} is Postgres {server}, and the backup needs {least} or later: "
            "restore it to such a server."
        )
    if program is None:
        raise InputError(
            f"The backup was written by pg_dump {dumped_by}, and there is no pg_restore "
            f"{dumped_by} or later here: install the client programs of that Postgres, so that "
            "they are on PATH."
        )
    _run(
        program,
        url,
        "--single-transaction",
        "--exit-on-error",
        "--no-comments",  # the extension's may be another user's to change
        str(file),
    )


def _programs(name: str) -> list[Program]:
    paths = [shutil.which(name), str(packaged_programs() / name)]
    return [_examined(path) for path in paths if path is not None and Path(path).exists()]


def _examined(path: str) -> Program:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", said)
    return Program(int(found[1]) if found else 0, path)


def _server_version(url: str) -> int:
    with connect(url) as connection:
        return connection.info.server_version // 10_000


def _run(program: Program, url: str, *arguments: str) -> None:
    """The password goes into the environment: others can read a command line."""
    address = make_url(for_psycopg(url))
    password = {} if address.password is None else {"PGPASSWORD": str(address.password)}
    bare = address.set(password=None).render_as_string(hide_password=False)
    result = subprocess.run(
        [program.path, "--no-owner", "--no-privileges", f"--dbname={bare}", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, **password},
        check=False,
    )
    if result.returncode != 0:
        last = " / ".join(result.stderr.strip().splitlines()[-3:])
        name = Path(program.path).name
        raise HeatersError(f"{name} {program.version} failed on {without_password(url)}: {last}")
