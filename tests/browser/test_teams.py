"""Several people in real Chromium: two decide blind, a third settles it; they mention one another
in comments, and find the work that is given to them."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from heaters_pipeline.db import assignments, opinions
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.scopes import Scope
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.domain.selection import Selection
from tests.browser.review_world import Film
from tests.browser.tab import Tab
from tests.browser.test_widths import look_at
from tests.people import PASSWORD, add_people


def test_a_team_decides_twice_and_talks(
    browser: Browser, address: str, engine: Engine, film: Film, axe: str
) -> None:
    add_people(engine, ann=Role.ADMIN, ben=Role.REVIEWER, cyd=Role.REVIEWER)
    with transaction(engine) as session:
        opinions.put(session, Scope(), 100)
        assignments.assign(session, "ben", "Film", Selection(video=film.key), "ann")
    first = film.clips[0].id
    contexts = {name: browser.new_context(base_url=address) for name in ("ann", "ben", "cyd")}
    tabs = {name: Tab(context.new_page(), address) for name, context in contexts.items()}
    for name, tab in tabs.items():
        tab.page.get_by_label("Name").fill(name)
        tab.page.get_by_label("Password").fill(PASSWORD)
        tab.page.get_by_label("Password").press("Enter")
        tab.page.wait_for_url("**/review")
        tab.shows_clip(0) if name == "ann" else tab.until("heaters.queue.loaded")

    ann, ben, cyd = (tab.page for tab in tabs.values())
    tabs["ann"].press("h")
    text = ann.get_by_label("Comment", exact=True)
    expect(text).to_be_focused()
    text.press_sequentially("Too dark? @b")
    expect(ann.locator("#comments-names li")).to_have_text(["ben"])
    text.press("Enter")
    expect(text).to_have_value("Too dark? @ben ")
    ann.get_by_label("on frame").check()
    text.press("Enter")
    expect(ann.locator("#comments-list .written")).to_have_text("Too dark? @ben")
    found = look_at("comments", ann, axe)
    ann.keyboard.press("Escape")
    expect(ann.locator("#comments-count")).to_have_text("1")
    tabs["ann"].press("a")
    tabs["ann"].shows_clip(70)
    tabs["ann"].is_saved()
    assert ann.evaluate("heaters.queue.clips.map((clip) => clip.id)").count(first) == 0

    ben.goto("/inbox")
    expect(ben.locator(".unread")).to_have_text("1")
    found += look_at("inbox", ben, axe)
    ben.get_by_role("link", name=f"clip {first}").click()
    expect(ben.locator("#said .written")).to_have_text("Too dark? @ben")
    ben.wait_for_load_state()
    ben.keyboard.press("h")
    expect(ben.locator(".unread")).to_be_hidden()
    ben.keyboard.press("Escape")
    ben.goto("/team")
    ben.locator("[aria-labelledby=mine] a").click()
    ben.wait_for_url("**/review?video=film**")
    tabs["ben"].shows_clip(0)
    assert "ann" not in ben.locator("#facts").inner_text()
    tabs["ben"].press("s")
    tabs["ben"].is_saved()

    cyd.goto("/team")
    found += look_at("team", cyd, axe)
    cyd.get_by_role("link", name="Settle where two differ: 1").click()
    cyd.wait_for_url("**/review?differ=yes")
    tabs["cyd"].shows_clip(0)
    expect(cyd.locator("#decided")).to_have_text("ann approved, ben skipped")
    tabs["cyd"].press("s")
    tabs["cyd"].is_saved()
    cyd.goto("/statistics#agreement")
    expect(cyd.locator("#agreement")).to_contain_text("ann and ben")
    found += look_at("statistics", cyd, axe)
    for context in contexts.values():
        context.close()
    assert [complaint for tab in tabs.values() for complaint in tab.complaints] == []
    assert not found, "\n".join(found)


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
