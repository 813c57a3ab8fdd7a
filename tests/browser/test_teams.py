"""In real Chromium: what waits for a second opinion leaves the sheet of who gave the first; what
somebody says of a clip is there for all."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from heaters_pipeline.db import assignments, comments, opinions
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.scopes import Scope
from heaters_pipeline.domain.decisions import APPROVE, SKIP
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.domain.selection import Selection
from tests.browser.review_world import Film
from tests.browser.tab import Tab
from tests.browser.test_login import sign_in
from tests.browser.test_widths import look_at
from tests.decisions import decide
from tests.people import add_people


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


def test_nothing_is_cut_off_of_what_a_team_sees_and_axe_finds_nothing(
    page: Page, address: str, engine: Engine, film: Film, axe: str
) -> None:
    add_people(engine, ann=Role.ADMIN, ben=Role.REVIEWER)
    first, second, *_ = film.clips
    with transaction(engine) as session:
        opinions.put(session, Scope(), 100)
        assignments.assign(session, "ann", "A film", Selection(video=film.key), "ann")
        comments.add(session, "ben", first.id, f"@ann {'dark' * 30}?", first.start_frame)
    decide(engine, second, SKIP, "ann")
    decide(engine, second, APPROVE, "ben")
    page.goto("/login?next=/team")
    sign_in(page, "ann")
    page.wait_for_url("**/team")
    found = look_at("team", page, axe)
    page.goto("/inbox")
    expect(page.locator(".is-unread")).to_have_count(1)
    found += look_at("inbox", page, axe)
    page.goto(f"/clips/{first.id}")
    expect(page.locator("#said .written")).to_have_count(1)
    found += look_at("comments of a clip", page, axe)
    review = Tab(page, address)
    review.shows_clip(first.start_frame)
    review.press("Shift+n")
    expect(page.locator("#comments-list .written")).to_have_count(1)
    found += look_at("comments in the review", page, axe)
    assert not found, "\n".join(found)
