"""The database: our own embedded server, or one that the settings name."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from heaters_pipeline.db.urls import database_name, with_database
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.platform import embedded_postgres
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres, home_folder_above
from heaters_pipeline.platform.postgres import connect, ensure_database
from heaters_pipeline.settings import Settings

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="concerns root only")


@pytest.fixture
def home() -> Iterator[Path]:
    """A closed folder (mode 0700), as mktemp makes it, outside pytest's own closed folders."""
    folder = Path(tempfile.mkdtemp(prefix="heaters-test-"))
    yield folder
    EmbeddedPostgres(folder).stop()
    shutil.rmtree(folder)


@pytest.fixture
def embedded(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("HEATERS_DAGSTER_DATABASE_URL", raising=False)
    return Settings(home=home)


def test_with_nothing_set_a_server_of_our_own_comes_up(embedded: Settings) -> None:
    urls = ensure_database(embedded)
    assert urls.heaters.startswith("postgresql+psycopg://")
    assert urls.dagster.startswith("postgresql+psycopg2://")
    with connect(urls.heaters) as connection:
        row = connection.execute(
            "SELECT current_setting('max_connections')::int, '[1,2]'::vector <-> '[1,4]'::vector"
        ).fetchone()
        assert row == (200, 2.0)
    with connect(urls.dagster.replace("+psycopg2", "+psycopg")):
        pass
    assert ensure_database(embedded) == urls


def test_the_server_outlives_who_started_it_and_stops_when_told(embedded: Settings) -> None:
    program = (
        "from heaters_pipeline.platform.postgres import ensure_database\n"
        "from heaters_pipeline.settings import Settings\n"
        "ensure_database(Settings())"
    )
    environment = {**os.environ, "HEATERS_HOME": str(embedded.home)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    server = EmbeddedPostgres(embedded.home)
    assert server.is_running()
    assert server.start() is False
    assert server.stop() is True
    assert server.is_running() is False
    assert server.stop() is False


def test_processes_that_start_at_once_share_one_server(embedded: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        urls = list(pool.map(ensure_database, [embedded] * 4))
    assert len(set(urls)) == 1


def test_dagster_needs_a_database_of_its_own(postgres_url: str) -> None:
    same = Settings(DATABASE_URL=postgres_url, dagster_database_url=postgres_url)
    with pytest.raises(InputError, match="names the database of DATABASE_URL"):
        ensure_database(same)


def test_a_killed_server_starts_again_with_its_rows(embedded: Settings) -> None:
    urls = ensure_database(embedded)
    with connect(urls.heaters) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    pid = int((embedded.home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    server = psutil.Process(pid)
    workers = server.children()
    server.kill()
    psutil.wait_procs([server, *workers], timeout=20)
    with connect(ensure_database(embedded).heaters) as connection:
        assert connection.execute("SELECT seven FROM kept").fetchone() == (7,)


def test_a_pid_that_belongs_to_another_program_by_now_is_let_be(embedded: Settings) -> None:
    ensure_database(embedded)
    pid_file = embedded.home / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    EmbeddedPostgres(embedded.home).stop()
    with subprocess.Popen(["sleep", "60"]) as other:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]))
        assert EmbeddedPostgres(embedded.home).stop() is False
        ensure_database(embedded)
        assert other.poll() is None
        other.kill()


def test_a_home_whose_name_needs_quotes_and_is_long(home: Path) -> None:
    odd = home / ('it\'s 100% "odd", a,b ' + "x" * 80)
    urls = ensure_database(Settings(home=odd, DATABASE_URL=None))
    try:
        with connect(urls.heaters) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        EmbeddedPostgres(odd).stop()


@as_root
def test_servers_that_start_side_by_side_on_a_new_machine_share_one_user() -> None:
    name = f"heaters-test-{os.getpid()}"
    command = f"import {embedded_postgres.__name__} as m; print(m.system_account({name!r}).pw_uid)"
    try:
        starts = [
            subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE, text=True)
            for _ in range(5)
        ]
        told = {start.communicate()[0].strip() for start in starts}
        assert told == {str(pwd.getpwnam(name).pw_uid)}
    finally:
        subprocess.run(["userdel", name], check=True)


@as_root
@pytest.mark.parametrize("below", ["/root", "/home/nobody-of-this-name"])
def test_root_does_not_open_a_home_folder(below: str) -> None:
    mode = Path("/root").stat().st_mode
    chosen = Path(below) / "heaters"
    with pytest.raises(HeatersError, match=rf"HEATERS_HOME is {chosen}, below the home folder"):
        ensure_database(Settings(home=chosen, DATABASE_URL=None))
    assert not chosen.exists()
    assert Path("/root").stat().st_mode == mode


def test_every_person_has_a_home_folder_and_services_have_none() -> None:
    people = [account for account in pwd.getpwall() if account.pw_dir.startswith("/home/")]
    for account in people:
        folder = Path(account.pw_dir)
        assert home_folder_above(folder / "a" / "b") == folder
    for path in ("/var/lib/heaters", "/srv/heaters", "/data", "/tmp/heaters"):
        assert home_folder_above(Path(path)) is None


@as_root
def test_programs_in_a_closed_folder_are_copied(
    embedded: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = embedded_postgres.packaged_programs()
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    site = packaged.parent.parent.parent
    for name in (packaged.parent.parent.name, f"{packaged.parent.parent.name}.libs"):
        (closed / name).symlink_to(site / name)
    moved = closed / packaged.relative_to(site)
    monkeypatch.setattr(embedded_postgres, "packaged_programs", lambda: moved)
    ensure_database(embedded)
    assert closed.stat().st_mode & 0o777 == 0o700
    pid = int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    assert psutil.Process(pid).exe().startswith(f"{home}/postgres-programs-")


def test_a_given_server_gets_the_database_of_dagster(settings: Settings) -> None:
    assert settings.database_url is not None
    plain = settings.database_url.replace("postgresql+psycopg://", "postgres://")
    urls = ensure_database(Settings(home=settings.home, DATABASE_URL=plain))
    assert urls.heaters == settings.database_url
    assert database_name(urls.dagster) == "dagster"
    with connect(urls.dagster.replace("+psycopg2", "+psycopg")):
        pass
    assert not (settings.home / "postgres").exists()


def test_two_sets_of_tables_do_not_meet_in_one_database(settings: Settings) -> None:
    assert settings.database_url is not None
    ensure_database(settings)
    one = with_database(settings.database_url, "dagster")
    with pytest.raises(InputError, match="HEATERS_DAGSTER_DATABASE_URL"):
        ensure_database(Settings(home=settings.home, DATABASE_URL=one))


def test_a_server_that_does_not_answer_is_one_sentence_without_the_password(home: Path) -> None:
    url = "postgresql://ann:s3cret@127.0.0.1:1/heaters"
    with pytest.raises(HeatersError, match="does not answer") as error:
        ensure_database(Settings(home=home, DATABASE_URL=url))
    assert "s3cret" not in str(error.value)
    assert "\n" not in str(error.value)
