"""`heaters doctor --running` against a Heaters that runs: it finds what works, says what does not,
and leaves nothing behind."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from heaters_pipeline.db.urls import APP_DRIVER, for_psycopg
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.processes import kill_marked
from tests.integration.test_platform_up import World, _command
from tests.waiting import until

pytestmark = pytest.mark.long

STEPS = [
    *("review app", "upload", "ingest", "decision", "export", "keyframes", "vector", "search"),
    "taken away",
]
WAIT_SECONDS = 120


@pytest.fixture
def world() -> Iterator[World]:
    """A Heaters that runs and acts on decisions at once."""
    home = Path(tempfile.mkdtemp(prefix="heaters-test-"))
    world = World(home)
    world.settings = {
        "HEATERS_MIN_FREE_GB": "0",
        "HEATERS_UNDO_WINDOW_SECONDS": "0",
        "HEATERS_SENSOR_INTERVAL_SECONDS": "3",
        "HEATERS_DETECTOR": "transition",
    }
    world.start_up()
    yield world
    for process in world.started:
        process.terminate()
        process.wait(60)
    kill_marked(home)
    EmbeddedPostgres(home).stop()
    shutil.rmtree(home)


OTHERS = {
    *("idempotent_requests", "search_words", "audit_log"),
    *("clip_counts", "export_costs", "theme_surveys", "themes", "secret_keys"),
}
"""What is no matter of one film: requests are known for a day, the words `heaters` and `doctor`
stay, the log is for ever, counts are kept in parts, and themes are those of all clips."""

_ROWS = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_IN_DAGSTER = """
    SELECT (SELECT count(*) FROM runs WHERE partition LIKE 'heaters-doctor%')
        + (SELECT count(*) FROM event_logs WHERE partition LIKE 'heaters-doctor%')
        + (SELECT count(*) FROM asset_check_executions WHERE partition LIKE 'heaters-doctor%')
        + (SELECT count(*) FROM dynamic_partitions WHERE partition LIKE 'heaters-doctor%')
"""


def ask(world: World, database: str, *statements: str) -> list[list[tuple[Any, ...]]]:
    url = for_psycopg(EmbeddedPostgres(world.home).url(database, APP_DRIVER))
    with psycopg.connect(url) as connection:
        return [connection.execute(each).fetchall() for each in statements]


def left(world: World) -> tuple[dict[str, int], int, list[str]]:
    """All that is there: rows of ours by table, what Dagster knows of a trial film, objects."""
    (named,) = ask(world, "heaters", _ROWS)
    tables = sorted({name for (name,) in named} - OTHERS)
    numbers = ask(world, "heaters", *(f'SELECT count(*) FROM "{name}"' for name in tables))
    rows = {name: found[0][0] for name, found in zip(tables, numbers, strict=True)}
    ((known,),) = ask(world, "dagster", _IN_DAGSTER)[0]
    storage = world.home / "storage"
    objects = sorted(str(path) for path in storage.rglob("*") if path.is_file())
    return rows, known, objects


def begin(world: World) -> subprocess.Popen[str]:
    return subprocess.Popen(
        _command("doctor", "--running"),
        env=world.environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            return
    raise AssertionError(f"it ended before {word}")


def names_in(said: str) -> list[str]:
    return [line[2:14].strip() for line in said.splitlines()]


def test_a_film_goes_through_a_running_heaters_and_nothing_of_it_is_left(world: World) -> None:
    """In one go, as each start costs much."""
    before = left(world)
    well = world.run("doctor", "--running")
    assert (well.returncode, well.stderr) == (0, ""), well.stdout
    assert names_in(well.stdout) == STEPS
    assert all(line.startswith("✓") for line in well.stdout.splitlines())
    assert left(world) == before

    interrupted = begin(world)
    read_until(interrupted, "upload")
    second = world.run("doctor", "--running")
    assert (second.returncode, second.stdout) == (1, "")
    assert "Another `heaters doctor --running` is at work" in second.stderr
    interrupted.send_signal(signal.SIGINT)
    said, complaint = interrupted.communicate(timeout=WAIT_SECONDS)
    assert interrupted.returncode == 1
    assert "stopped before the end; the film is taken away" in complaint
    assert names_in(said)[-1] == "taken away"
    assert left(world) == before

    killed = begin(world)
    read_until(killed, "decision")
    killed.kill()
    killed.wait()
    assert left(world) != before
    add_admin(world)
    before[0]["people"] += 1
    again = world.run("doctor", "--running")
    assert again.returncode == 0, again.stdout + again.stderr
    assert names_in(again.stdout) == ["leftovers", *STEPS], "what the killed one left is found"
    assert "lets heaters doctor in" in again.stdout, "where people sign in it has a name"
    settle(world, before)

    stop_daemon(world)
    ill = world.run("doctor", "--running", "--patience", "3")
    assert ill.returncode == 1
    assert names_in(ill.stdout) == ["review app", "upload", "ingest", "taken away"]
    assert "look at Dagster's daemon, its sensor new_source_videos" in ill.stdout
    settle(world, before)


def settle(world: World, before: object) -> None:
    """Dagster's daemon may still be writing a tick."""
    until(lambda: left(world) == before)


def add_admin(world: World) -> None:
    added = subprocess.run(
        _command("users", "add", "ann", "--role", "admin", "--password-stdin"),
        env=world.environment(),
        input="correct horse battery\n",
        text=True,
        capture_output=True,
    )
    assert added.returncode == 0, added.stderr


def stop_daemon(world: World) -> None:
    """As a machine that hangs."""
    (daemon,) = [each for each in world.children() if "dagster._daemon" in each.cmdline()]
    daemon.suspend()
