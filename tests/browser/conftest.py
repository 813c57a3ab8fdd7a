"""Fixtures of the browser tests: one Chromium, the app on a free port, a tab for each reviewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine

from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.settings import Settings
from review_app import create_app
from tests.browser.chromium import FOREIGN_NAME, open_chromium
from tests.browser.review_world import served
from tests.browser.tab import Tab


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, open_chromium(playwright) as opened:
        yield opened


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(settings.model_copy(update={"trusted_hosts": f"127.0.0.1,{FOREIGN_NAME}"}))


@pytest.fixture
def engine(database_url: str) -> Engine:
    return open_engine(database_url)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with served(app) as url:
        yield url


@pytest.fixture
def tab(browser: Browser, address: str) -> Iterator[Callable[..., Tab]]:
    """Opens the review page for one more reviewer."""
    contexts = []

    def opened(script: str = "", url: str = address) -> Tab:
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        contexts.append(context)
        if script:
            context.add_init_script(script)
        return Tab(context.new_page(), url)

    yield opened
    for context in contexts:
        context.close()
