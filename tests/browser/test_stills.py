"""Frames that a reviewer chooses as stills, in real Chromium."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect
from sqlalchemy import Engine

from heaters_pipeline.db import clips
from heaters_pipeline.db.engine import transaction
from tests.browser.review_world import Film
from tests.browser.tab import Tab


def chosen(engine: Engine, clip_id: int) -> list[int]:
    with transaction(engine) as session:
        return clips.get(session, clip_id).chosen_frames


def test_a_frame_is_chosen_with_a_key_shown_on_the_bar_and_undone(
    tab: Callable[..., Tab], engine: Engine, film: Film
) -> None:
    clip = film.clips[0]
    reviewer = tab()
    page = reviewer.page
    still, shown = page.locator("#still"), page.locator("#stills i")
    reviewer.shows_clip(0)
    reviewer.press("Space")
    reviewer.go_to(20)
    reviewer.press("p")
    expect(shown).to_have_attribute("title", "Frame 20 is to be a still")
    expect(still).to_have_attribute("aria-pressed", "true")
    reviewer.go_to(24)
    expect(still).to_have_attribute("aria-pressed", "false")
    still.click()
    expect(shown).to_have_count(2)
    expect(page.locator("#saved")).to_contain_text("+still 24")
    reviewer.is_saved()
    assert chosen(engine, clip.id) == [20, 24]
    reviewer.press("u")
    expect(shown).to_have_count(1)
    reviewer.go_to(20)
    reviewer.press("p")
    expect(shown).to_have_count(0)
    reviewer.is_saved()
    assert chosen(engine, clip.id) == []
    reviewer.press("?")
    expect(page.locator("#help")).to_contain_text("Take this frame as a still")
