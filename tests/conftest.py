"""Fixtures for every kind of test."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from zlib import crc32

import dagster as dg
import psycopg
import pytest
from flask import Flask
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from sqlalchemy import Engine, create_engine
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from heaters_pipeline.db import migrate
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.urls import (
    APP_DRIVER,
    DAGSTER_DRIVER,
    for_psycopg,
    with_database,
    with_driver,
)
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.files.locks import lock
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.platform.dagster_instance import DagsterFiles
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.settings import Settings, get_settings
from heaters_pipeline.storage import LocalStorage
from review_app import create_app
from tests.browser.review_world import Film, Footage, add_film, prepare, served
from tests.footage import NumberedFilm
from tests.made_once import FROM_TEMPLATE, MadeOnce, Statement, Worlds
from tests.people import QUICK_HASHER

CHECKOUT = Path(__file__).resolve().parent.parent

gc.set_threshold(100_000)  # the collector takes a quarter of what imports cost, and finds nothing

BUNDLES = 4
"""Of the files of browser tests: a worker starts Chromium anew for what it has in a row."""


def bundle(node_id: str) -> int | None:
    file, _, _ = node_id.partition("::")
    return crc32(file.encode()) % BUNDLES if file.startswith("tests/browser/") else None


def share(node_id: str) -> str:
    """What one worker gets in one piece: a file, or a bundle of them."""
    number = bundle(node_id)
    return node_id.partition("::")[0] if number is None else f"browser {number}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = share
    return scheduler


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, but no more than half of the browsers, which would drop frames
    if all played side by side."""

    def turn(item: pytest.Item) -> int:
        number = bundle(item.nodeid)
        if number is None:
            return 1 if item.get_closest_marker("long") else 3
        return 0 if number < BUNDLES // 2 else 2

    items.sort(key=turn)


@pytest.fixture(autouse=True)
def _shares_the_cores() -> Iterator[None]:
    """What a real-time process starts is real-time, too: all other tests would stand still."""
    yield
    if os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        pytest.fail("the test has made its process a real-time one")


@pytest.fixture(scope="session")
def media_folder() -> Path:
    """Real footage: the folder that HEATERS_MEDIA names, or the one beside the checkout."""
    folder = Path(os.environ.get("HEATERS_MEDIA", CHECKOUT.parent / "shared" / "media"))
    if not folder.is_dir():
        pytest.skip(f"no real footage: HEATERS_MEDIA is unset and {folder} is not a folder")
    return folder


@pytest.fixture
def heaters_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """HEATERS_HOME of this test; no other setting of Heaters is left in the environment."""
    for name in list(os.environ):
        if name.startswith("HEATERS_") and name != "HEATERS_MEDIA":
            monkeypatch.delenv(name)
    for name in ("DATABASE_URL", "STORAGE_URL"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HEATERS_HOME", str(home))
    # Most tests need cuts, and not the network, which takes its time.
    monkeypatch.setenv("HEATERS_DETECTOR", "transition")
    get_settings.cache_clear()
    yield home
    get_settings.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("heaters_pipeline.work.people._HASHER", QUICK_HASHER)
        yield


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """A folder of that name, filled once, also where several processes share the tests."""
    everyones = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        everyones = everyones.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        whole, partial = everyones / name, everyones / f"{name}.partial"
        with lock(everyones / f"{name}.lock"):
            if not whole.exists():
                shutil.rmtree(partial, ignore_errors=True)
                make(partial)
                partial.rename(whole)
        return whole

    return made


TEMPLATE = "heaters_template"
"""An empty database with the newest schema, to be copied."""


@contextmanager
def server_on(data: Path | None = None) -> Iterator[EmbeddedPostgres]:
    """A server on a copy of this data folder, or on a new one. Its own folder is no one's home:
    started by root, the server runs as another user."""
    with scratch_folder(Path(tempfile.gettempdir()) / f"heaters-tests-{os.getuid()}") as folder:
        server = EmbeddedPostgres(folder)
        if data:
            copy_as_it_is(data, server.data)
        server.start()
        yield server
        server.stop()


def make_server_data(folder: Path) -> None:
    with server_on() as server:
        url = server.url("postgres", APP_DRIVER)
        execute(url, "ALTER SYSTEM SET fsync = off", f"CREATE DATABASE {TEMPLATE}")
        migrate.upgrade(with_database(url, TEMPLATE))
        server.stop()
        copy_as_it_is(server.data, folder)


def copy_as_it_is(source: Path, target: Path) -> None:
    """Owners included, which `shutil` leaves out."""
    subprocess.run(["cp", "--archive", str(source), str(target)], check=True)


@pytest.fixture(scope="session")
def postgres_url(made_once: MadeOnce) -> Iterator[str]:
    """A database of the server that all tests of this process share (SQLAlchemy, psycopg 3)."""
    with server_on(made_once("postgres", make_server_data)) as server:
        yield server.url("postgres", APP_DRIVER)


@pytest.fixture(scope="session")
def postgres(postgres_url: str) -> Iterator[Statement]:
    """Runs a statement on that server, outside a transaction. The connection is kept, and opened
    anew where a test has ended all there are."""
    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)

    def run(statement: str) -> None:
        with server.connect() as connection:
            connection.exec_driver_sql(statement)

    yield run
    server.dispose()


@pytest.fixture
def database_url(postgres: Statement, postgres_url: str) -> Iterator[str]:
    """A database with the newest schema, for this test alone (SQLAlchemy, psycopg 3)."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres(FROM_TEMPLATE.format(name, TEMPLATE))
    yield with_database(postgres_url, name)
    postgres(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def worlds(postgres: Statement, tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """What many tests begin with."""
    return Worlds(postgres, tmp_path_factory.mktemp("worlds"))


@pytest.fixture
def settings(
    heaters_home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Settings of this test: a home and a migrated database of its own, also in the environment."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    get_settings.cache_clear()
    assert get_settings().home == heaters_home
    yield get_settings()
    get_settings.cache_clear()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The database of this test."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def storage(settings: Settings) -> LocalStorage:
    """The storage of those settings."""
    return LocalStorage(settings.home / "storage")


@pytest.fixture
def pipeline(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The database of a pipeline that acts on decisions at once and needs no model."""
    monkeypatch.setenv("HEATERS_UNDO_WINDOW_SECONDS", "0")
    monkeypatch.setenv("HEATERS_EMBEDDING_MODEL", LAYOUT_MODEL)
    get_settings.cache_clear()
    engine = open_engine(str(settings.database_url))
    yield engine
    engine.dispose()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def dagster_home(
    heaters_home: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> DagsterFiles:
    """Files of Dagster with an empty database of their own, also in the environment."""
    name = f"dagster_{os.getpid()}_{heaters_home.parent.name}".lower().replace("-", "_")[:60]
    with psycopg.connect(for_psycopg(postgres_url), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = with_driver(postgres_url, DAGSTER_DRIVER).replace("/postgres?", f"/{name}?")
    files = DagsterFiles.below(get_settings())
    for key, value in files.environment(url).items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    return files


@pytest.fixture
def app_settings(settings: Settings) -> Settings:
    """What the review app is started with."""
    return settings


@pytest.fixture(scope="session")
def _compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    """Templates cost as much to compile as the rest of an app takes to be made."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(app_settings: Settings, _compiled_templates: BytecodeCache) -> Flask:
    app = create_app(app_settings)
    app.jinja_env.bytecode_cache = _compiled_templates
    return app


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the review app is served."""
    with served(app) as url:
        yield url


@pytest.fixture(scope="module")
def film_plan(request: pytest.FixtureRequest) -> NumberedFilm:
    """What the film of a file of tests is like: its `FILM`."""
    plan = request.module.FILM
    assert isinstance(plan, NumberedFilm)
    return plan


@pytest.fixture(scope="module")
def film_file(film_plan: NumberedFilm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That film."""
    return film_plan.make(tmp_path_factory.mktemp("film"))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[NumberedFilm], Footage]:
    """Makes a film and what the review page needs of it, each film once."""

    @cache
    def prepared(plan: NumberedFilm) -> Footage:
        folder = tmp_path_factory.mktemp("film")
        return prepare(plan.make(folder), folder)

    return prepared


@pytest.fixture(scope="module")
def footage(film_plan: NumberedFilm, prepared: Callable[[NumberedFilm], Footage]) -> Footage:
    """That film, with what the review page needs of it."""
    return prepared(film_plan)


@pytest.fixture(scope="module")
def cuts(film_plan: NumberedFilm) -> Sequence[int]:
    """The first frames of that film's clips, but for the first clip."""
    return film_plan.scenes


@pytest.fixture
def film(engine: Engine, storage: LocalStorage, footage: Footage, cuts: Sequence[int]) -> Film:
    """That film as its clips wait for review."""
    return add_film(engine, storage, footage, "film", cuts)


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(for_psycopg(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
