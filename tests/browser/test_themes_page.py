"""Themes in real Chromium: a few clicks, or arrow keys, from the library to what there is."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.settings import Settings
from heaters_pipeline.work.pipeline import open_pipeline
from heaters_pipeline.work.themes import survey
from tests.browser.accessibility import COLOURS, violations
from tests.themed import themed_library


@pytest.fixture
def app_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"embedding_model": LAYOUT_MODEL})


def test_themes_from_the_library_to_their_clips(
    page: Page,
    browser: Browser,
    address: str,
    engine: Engine,
    app_settings: Settings,
    axe: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page.goto("/library/themes")
    expect(page.locator(".calm")).to_contain_text("The library is empty")
    assert violations(page, axe) == []

    themed_library(engine)
    monkeypatch.setattr("heaters_pipeline.work.themes.LARGEST_WHOLE", 12)
    survey(open_pipeline(engine, app_settings))
    page.goto("/library")
    page.get_by_role("link", name="Themes").click()
    page.wait_for_url("**/library/themes")
    page.wait_for_load_state()
    names = page.locator(".card-link")
    count = names.count()
    assert count >= 6
    for key, place in (("ArrowRight", 0), ("ArrowRight", 1), ("ArrowLeft", 0), ("ArrowDown", 5)):
        page.keyboard.press(key)
        expect(names.nth(place)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(names.first).to_be_focused()
    assert violations(page, axe) == []
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Parts")).to_be_visible()
    assert violations(page, axe) == []
    page.get_by_label("Name").fill("By the sea")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("By the sea")
    part = page.get_by_role("list", name="Parts of this theme").locator(".card-link").first
    part.click()
    crumbs = page.get_by_role("navigation", name="Where this is")
    expect(crumbs).to_have_text(re.compile("Library.*Themes.*By the sea"))
    page.get_by_role("link", name="Show all in the library").click()
    expect(page).to_have_url(re.compile(r"/library\?theme=\d+$"))
    expect(page.locator("#filtered .chip")).to_contain_text("theme Theme")
    page.go_back()
    crumbs.get_by_role("link", name="By the sea").click()
    expect(page.locator("h1")).to_contain_text("By the sea")

    context = browser.new_context(color_scheme="dark", base_url=address)
    dark = context.new_page()
    for path in ("/library/themes", page.url):
        dark.goto(path)
        assert violations(dark, axe, COLOURS) == []
    context.close()
