"""The programs that `heaters up` starts: all of them on one machine, some on each of many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from importlib.util import find_spec

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.hosts import is_address
from heaters_pipeline.platform.dagster_instance import DagsterFiles
from heaters_pipeline.settings import Settings


class Program(StrEnum):
    """By its name in `heaters up --only`, which is also that of its log."""

    REVIEW = "review"
    SEARCH = "search"
    CODE = "code"
    WEBSERVER = "webserver"
    DAEMON = "daemon"
    WORKER = "worker"


ONE_MACHINE = frozenset(Program) - {Program.WORKER}
"""All that there is where runs are children of the code server."""

OF_DAGSTER = frozenset({Program.CODE, Program.WEBSERVER, Program.DAEMON})

TITLES = {
    Program.REVIEW: "The review app",
    Program.SEARCH: "The search process",
    Program.CODE: "Dagster's code server",
    Program.WEBSERVER: "Dagster's web server",
    Program.DAEMON: "Dagster's daemon",
    Program.WORKER: "The worker",
}
"""As sentences call them."""


def named(words: Sequence[str]) -> frozenset[Program]:
    """The programs of `--only review,search`; all of one machine where there are no words. Raises
    InputError for a name that is none."""
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    unknown = [name for name in names if name not in list(Program)]
    if unknown:
        raise InputError(f"{unknown[0]!r} is no program of Heaters: name {', '.join(Program)}.")
    return frozenset(map(Program, names)) or ONE_MACHINE


def refuse_unless_possible(settings: Settings, programs: Collection[Program]) -> None:
    """Raises InputError where the settings are those of one machine, and the programs are not."""
    if Program.WORKER in programs and settings.broker_url is None:
        raise InputError(
            "A worker takes runs from a broker: set HEATERS_BROKER_URL to a Redis, the same on "
            "each machine."
        )
    if ONE_MACHINE.issubset(programs):
        return
    if settings.database_url is None:
        raise InputError(
            "--only is for programs on several machines: set DATABASE_URL to the database that "
            "they share."
        )
    alone = OF_DAGSTER - frozenset(programs)
    if settings.code_server is None and alone and alone != OF_DAGSTER:
        raise InputError(
            f"Dagster's programs are apart ({', '.join(sorted(alone))} elsewhere): set "
            "HEATERS_CODE_SERVER to host:port of the code server, the same on each machine."
        )
    if settings.storage_url is None:
        raise InputError(
            "--only is for programs on several machines: set STORAGE_URL to a bucket, or to a "
            "folder that each of them has."
        )


def refuse_unless_installed(settings: Settings) -> None:
    """Raises InputError where runs go through a broker, and what speaks with it is not there."""
    if settings.broker_url is not None and find_spec("dagster_celery") is None:
        raise InputError(
            "HEATERS_BROKER_URL takes the extra workers: pip install 'heaters[workers]'."
        )


def command(program: Program, settings: Settings, files: DagsterFiles) -> list[str]:
    """The words after `python -m`."""
    match program:
        case Program.REVIEW:
            return ["review_app"]
        case Program.SEARCH:
            return ["heaters_pipeline.platform.search_process"]
        case Program.CODE:
            return [
                "heaters_pipeline.platform.code_server",
                *_code_place(settings, files),
                *("--module-name", "heaters_pipeline.orchestration.definitions"),
                *("--location-name", "heaters"),
                "--use-python-environment-entry-point",
                *_log_format(settings),
            ]
        case Program.WEBSERVER:
            return ["heaters_pipeline.platform.dagster_ui", str(files.workspace)]
        case Program.DAEMON:
            return [
                *("dagster._daemon", "run", "--workspace", str(files.workspace)),
                *_log_format(settings),
            ]
        case Program.WORKER:
            return ["heaters_pipeline.orchestration.run_worker"]


def _log_format(settings: Settings) -> list[str]:
    """As Dagster's programs call it."""
    return ["--log-format", "json"] if settings.log_format == "json" else []


def _code_place(settings: Settings, files: DagsterFiles) -> list[str]:
    """Where the code server listens. A name may be that of a service in front of this machine, so
    it says no more than the port."""
    place = settings.code_server
    if place is None:
        return ["--socket", str(files.code_socket)]
    host = place.host if is_address(place.host) else "0.0.0.0"  # noqa: S104
    return ["--host", host, "--port", str(place.port)]
