"""Fixtures of the browser tests: one Chromium, the app on a free port, a tab for each reviewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine

from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from review_app import create_app
from tests.browser.chromium import FOREIGN_NAME, open_chromium
from tests.browser.numbered import CUTS, FRAMES
from tests.browser.review_world import Film, Footage, add_film, prepare, served
from tests.browser.tab import Tab
from tests.footage import make_numbered_film


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, open_chromium(playwright.chromium) as opened:
        yield opened


@pytest.fixture
def app(settings: Settings) -> Flask:
    hosts, labels = ("127.0.0.1", FOREIGN_NAME), ("interview", "b-roll")
    return create_app(settings.model_copy(update={"trusted_hosts": hosts, "labels": labels}))


@pytest.fixture
def engine(database_url: str) -> Engine:
    return open_engine(database_url)


@pytest.fixture
def library(settings: Settings) -> LocalStorage:
    return LocalStorage(settings.home / "storage")


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    folder = tmp_path_factory.mktemp("film")
    film = make_numbered_film(folder / "film.mp4", FRAMES, rate=Fraction(30), scenes=CUTS)
    return prepare(film, folder)


@pytest.fixture
def film(engine: Engine, library: LocalStorage, footage: Footage) -> Film:
    return add_film(engine, library, footage, "film", CUTS)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with served(app) as url:
        yield url


@pytest.fixture
def tab(browser: Browser, address: str) -> Iterator[Callable[..., Tab]]:
    """Opens the review page for one more reviewer."""
    contexts = []

    def opened(script: str = "", url: str = address, search: str = "") -> Tab:
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        contexts.append(context)
        if script:
            context.add_init_script(script)
        return Tab(context.new_page(), url, search)

    yield opened
    for context in contexts:
        context.close()
