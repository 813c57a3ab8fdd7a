"""Fixtures for every kind of test."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import migrate
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.urls import APP_DRIVER, for_psycopg, with_database
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.clips.embeddings import LAYOUT_MODEL
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.settings import Settings, get_settings
from heaters_pipeline.storage import LocalStorage

CHECKOUT = Path(__file__).resolve().parent.parent


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
    get_settings.cache_clear()
    yield home
    get_settings.cache_clear()


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "storage")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of the server that all tests of this session share (SQLAlchemy, psycopg 3). Its
    folder is no one's home: started by root, the server runs as another user."""
    with scratch_folder(Path(tempfile.gettempdir()) / f"heaters-tests-{os.getuid()}") as folder:
        server = EmbeddedPostgres(folder)
        server.start()
        url = server.url("postgres", APP_DRIVER)
        _execute(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield url
        server.stop()


@pytest.fixture(scope="session")
def _template_database(postgres_url: str) -> str:
    """An empty database with the newest schema, to be copied."""
    _execute(postgres_url, "CREATE DATABASE heaters_template")
    migrate.upgrade(with_database(postgres_url, "heaters_template"))
    return "heaters_template"


@pytest.fixture
def database_url(postgres_url: str, _template_database: str) -> Iterator[str]:
    """A database with the newest schema, for this test alone (SQLAlchemy, psycopg 3)."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {_template_database}")
    yield with_database(postgres_url, name)
    _execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


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


def _execute(url: str, *statements: str) -> None:
    with psycopg.connect(for_psycopg(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
