"""In real Chromium: what waits for a second opinion leaves the sheet of who gave the first."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from heaters_pipeline.db import opinions
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.scopes import Scope
from tests.browser.review_world import Film
from tests.browser.tab import Tab


def test_on_the_sheet_what_waits_for_a_second_opinion_leaves(
    tab: Callable[..., Tab], page: Page, engine: Engine, film: Film
) -> None:
    with transaction(engine) as session:
        opinions.put(session, Scope(), 100)
    page.goto("/sheet")
    page.wait_for_selector(".cell")
    before = page.locator(".cell").count()
    page.keyboard.press("Space")
    page.keyboard.press("s")
    expect(page.locator(".cell")).to_have_count(before - 1)
    page.keyboard.press("u")
    expect(page.locator(".cell")).to_have_count(before)
