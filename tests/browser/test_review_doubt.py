"""Doubtful and suggested cuts on the review page: how they show, and the keys that lead to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.storage import LocalStorage
from tests.browser.numbered import CLIPS, CUTS, ranges, states
from tests.browser.review_world import Film, Footage, add_film
from tests.browser.tab import Tab

FOCUSED = "document.activeElement.tagName"


def cut(frame: int, score: float) -> Transition:
    return Transition(TransitionKind.CUT, frame - 1, frame, score)


@pytest.fixture
def doubted(engine: Engine, storage: LocalStorage, footage: Footage) -> Film:
    """Sure of all cuts but the one at 131; three suggestions in the second clip, the last of them
    too near to its end to show, and one in the fifth."""
    found = [cut(frame, 0.62 if frame == 131 else 0.95) for frame in CUTS]
    left = [cut(90, 0.38), cut(104, 0.12), cut(129, 0.4), cut(220, 0.2)]
    return add_film(engine, storage, footage, "film", CUTS, found, left)


@pytest.fixture
def page(tab: Callable[..., Tab], doubted: Film) -> Tab:
    """At the second clip."""
    page = tab()
    page.shows_clip(0)
    page.press("PageDown")
    page.shows_clip(70)
    return page


def ticks(page: Tab, kind: str) -> dict[str, float]:
    """Where ticks are on the bar, 0 to 1, by their titles."""
    found = page.page.evaluate(
        """(kind) => {
          const bar = document.getElementById('bar').getBoundingClientRect();
          return [...document.querySelectorAll(`#doubts [data-kind|=${kind}]`)].map((tick) =>
            [tick.title, (tick.getBoundingClientRect().left - bar.left) / bar.width]);
        }""",
        kind,
    )
    return dict(found)


def test_a_doubtful_cut_shows_between_the_neighbours_and_on_the_bar(page: Tab) -> None:
    assert ticks(page, "unsure") == pytest.approx({"end: cut, 62 % sure": 1}, abs=0.01)
    assert page.page.inner_text("#edge-after .joined span") == "62 % sure"
    assert page.page.inner_text("#cut-end .doubt") == "?"
    title = "cut between frames 130 and 131, 62 % sure"
    assert page.page.get_attribute("#cut-end", "title") == title
    assert page.page.inner_text("#edge-before .joined span") == "cut"
    assert page.page.is_hidden("#cut-start .doubt")
    assert "end: cut, 62 % sure" in page.page.inner_text("#trim")

    page.press("a")
    page.shows_clip(131)
    page.until("document.querySelector('#doubts [data-kind=unsure-start]')")
    assert page.page.inner_text("#edge-before .joined span") == "62 % sure"
    page.press("]")
    page.until("document.getElementById('doubts').childElementCount === 0")
    assert page.page.inner_text("#edge-before .joined span") == "cut"
    page.is_saved()
    page.page.reload()
    page.shows_clip(132)
    page.until("document.querySelector('#edge-before .joined span').textContent === 'cut'")
    assert ticks(page, "unsure") == {}


def test_tab_goes_round_the_suggestions_and_enter_splits_there(
    page: Tab, doubted: Film, engine: Engine
) -> None:
    places = {"90: suggested cut, 38 %": 20 / 61, "104: suggested cut, 12 %": 34 / 61}
    assert ticks(page, "suggested") == pytest.approx(places, abs=0.01)
    names = page.page.inner_text("#names")
    assert "suggested cut, 38 %" in names
    assert "suggested cut, 12 %" in names
    page.press("Home", "Space")
    for key, frame in (
        *(("Tab", 90), ("Tab", 104), ("Tab", 90)),
        *(("Shift+Tab", 104), ("Shift+Tab", 90), ("Shift+Tab", 104), ("Shift+Tab", 90)),
    ):
        page.press(key)
        assert page.on_screen() == frame
        assert page.page.evaluate(FOCUSED) == "BODY"
    page.until("document.getElementById('within').textContent === 'suggested, 38 %'")
    assert page.page.get_attribute("#bar", "aria-valuetext") == "90, suggested cut, 38 %"

    page.press("Enter")
    page.until("heaters.player.clip.end_frame === 90")
    page.is_saved()
    assert ranges(engine, doubted)[1:3] == [(70, 90), (90, 131)]
    assert ticks(page, "suggested") == ticks(page, "unsure") == {}
    page.press("a")
    page.shows_clip(90)
    page.until("document.querySelectorAll('#doubts i').length === 2")
    assert [*ticks(page, "suggested")] == ["104: suggested cut, 12 %"]
    assert page.page.inner_text("#edge-before .joined span") == "cut"
    page.press("Tab")
    assert page.on_screen() == 104
    page.press("u")
    page.shows_clip(70)
    page.press("u")
    page.until("heaters.player.clip.end_frame === 131")
    page.until("document.querySelectorAll('#doubts [data-kind=suggested]').length === 2")
    page.is_saved()
    assert ranges(engine, doubted) == CLIPS
    assert page.complaints == []


def test_tab_stops_a_clip_that_plays(page: Tab) -> None:
    page.until("heaters.player.playing")
    page.press("Shift+Tab")
    assert page.on_screen() in (90, 104)


def test_tab_moves_the_focus_where_a_clip_has_no_suggestions(page: Tab) -> None:
    page.press("PageUp")
    page.shows_clip(0)
    page.press("Space", "Tab")
    assert page.page.evaluate(FOCUSED) != "BODY"


def test_nobody_is_kept_from_the_controls(page: Tab) -> None:
    page.press("Space", "Tab")
    assert page.on_screen() == 90
    page.press("Escape", "Tab")
    assert page.page.evaluate(FOCUSED) != "BODY", "after Esc, Tab leads to the controls"
    reached = set()
    for _ in range(12):
        page.press("Tab")
        reached.add(page.page.evaluate("document.activeElement.outerHTML"))
    assert len(reached) == 12, "and on from one to the next"
    assert page.on_screen() == 90
    page.page.evaluate("document.activeElement.blur()")
    page.press("ArrowRight", "Tab")
    assert page.on_screen() == 104
    # A bar that was reached by Tab passes the focus on; one that was clicked does not have it.
    page.page.focus("#bar")
    page.press("ArrowLeft")
    page.press("Tab")
    assert page.page.evaluate("document.activeElement.id") != "bar"
    assert page.on_screen() == 103
    page.page.click("#bar", position={"x": 5, "y": 5})
    page.press("Tab")
    assert page.on_screen() == 90


@pytest.mark.parametrize(("key", "opened"), [("/", "filters"), ("?", "help")])
def test_dialogs_and_fields_keep_tab(page: Tab, key: str, opened: str) -> None:
    page.press("Space")
    at = page.on_screen()
    page.press(key, "Tab", "Tab")
    inside = f"document.getElementById('{opened}').contains(document.activeElement)"
    assert page.page.evaluate(inside)
    page.press("Escape")
    page.until(f"!document.getElementById('{opened}').open")
    page.press("n", "Tab")
    assert page.page.evaluate("document.activeElement.id") != "note"
    assert page.on_screen() == at


def test_the_keys_of_suggestions_can_be_changed(page: Tab) -> None:
    page.press("Space", "?")
    page.page.locator("[data-rebind=nextSuggestion]").click()
    page.press("s")
    assert "“Skip” already uses s" in page.page.inner_text("#help-told")
    page.page.click("text=Use it here")
    told = page.page.inner_text("#help-told")
    assert told == "“Next suggested cut” is now s, “Skip” no key."
    page.press("?", "s")
    assert page.on_screen() == 90
    page.press("ArrowRight", "Tab")
    assert page.on_screen() == 91


def test_doubtful_clips_come_first_where_the_address_says_so(
    tab: Callable[..., Tab], doubted: Film, engine: Engine
) -> None:
    page = tab(search="?order=doubtful")
    page.until("heaters.queue.loaded")
    shown = page.page.evaluate("heaters.queue.clips.map((clip) => clip.start_frame)")
    assert shown == [70, 131, 204, 0, 200, 300]
    assert page.page.inner_text("#filtered") == "doubtful cuts first\n×"  # noqa: RUF001
    page.press("a")
    page.is_saved()
    assert states(engine, doubted)[1] == "review_approved"
