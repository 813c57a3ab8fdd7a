"""Fixtures of the browser tests: one Chromium, the app on a free port, a tab for each reviewer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import Engine

from heaters_pipeline.db import labels
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.settings import Settings
from tests.browser.accessibility import AXE
from tests.browser.chromium import FOREIGN_NAME, open_chromium
from tests.browser.numbered import NUMBERED
from tests.browser.tab import PATIENCE, Tab
from tests.footage import NumberedFilm

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, open_chromium(playwright.chromium) as opened:
        yield opened


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core."""
    if not AXE.exists():
        pytest.skip(f"axe-core is not installed ({AXE}): accessibility goes unchecked")
    return AXE.read_text()


@pytest.fixture
def app_settings(settings: Settings, engine: Engine) -> Settings:
    """For an app that offers two labels."""
    with transaction(engine) as session:
        for key, name in enumerate(("interview", "b-roll"), start=1):
            labels.add(session, name, key=key)
    return settings


@pytest.fixture
def app(app: Flask) -> Flask:
    """It answers also under a name that browsers don't trust as they trust localhost. Were that a
    trusted host, people would have to sign in."""
    known = app.wsgi_app

    def under_our_name(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        environ["HTTP_HOST"] = environ["HTTP_HOST"].replace(FOREIGN_NAME, "127.0.0.1")
        return known(environ, start)

    app.wsgi_app = under_our_name  # type: ignore[method-assign, assignment]
    return app


@pytest.fixture(scope="module")
def film_plan(request: pytest.FixtureRequest) -> NumberedFilm:
    """A file's own `FILM`, or the one that most have."""
    plan = getattr(request.module, "FILM", NUMBERED)
    assert isinstance(plan, NumberedFilm)
    return plan


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page without a film of its own, whose scripts must not fail."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, base_url=address)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


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
