"""In real Chromium: what waits for a second opinion leaves the sheet of who gave the first; what
somebody says of a clip is there for all."""

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


def test_what_somebody_says_of_a_clip_is_there_for_all(
    tab: Callable[..., Tab], page: Page, film: Film
) -> None:
    opened = tab()
    clip = film.clips[0]
    opened.shows_clip(clip.start_frame)
    opened.press("Shift+n")
    text = opened.page.locator("#comments-text")
    expect(text).to_be_focused()
    text.fill("Too dark?")
    text.press("Enter")
    expect(opened.page.locator("#comments-list .written")).to_have_text("Too dark?")
    opened.press("Escape")
    expect(opened.page.locator("#comments-count")).to_have_text("1")
    opened.press("a")
    opened.shows_clip(film.clips[1].start_frame)
    expect(opened.page.locator("#comments-count")).to_have_text("")

    page.goto(f"/clips/{clip.id}")
    expect(page.locator("#said .written")).to_have_text("Too dark?")
