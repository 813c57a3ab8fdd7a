"""Filters of the review page: in its address, as chips, and in the dialog."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from heaters_pipeline.db import collections
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.decisions import SKIP
from heaters_pipeline.storage import LocalStorage
from tests.browser.numbered import CUTS, states
from tests.browser.review_world import Film, Footage, add_film
from tests.browser.tab import Tab
from tests.decisions import annotate, decide


def starts(page: Tab) -> list[int]:
    return list(page.page.evaluate("heaters.queue.clips.map((clip) => clip.start_frame)"))


def test_an_address_shows_its_clips_in_its_order(
    tab: Callable[..., Tab], film: Film, engine: Engine, storage: LocalStorage, footage: Footage
) -> None:
    add_film(engine, storage, footage, "other", CUTS)
    page = tab(search="?video=film&min_seconds=1&order=longest")
    page.shows_clip(300)
    assert starts(page) == [300, 204, 0, 131, 70]
    assert page.page.inner_text("#of") == "5"
    texts = page.page.locator("#filtered button span:first-child").all_inner_texts()
    assert texts == ["Film", "at least 1 s", "longest first"]

    page.page.click("#filtered li:nth-child(2) button")
    page.until("heaters.queue.clips.length === 6")
    assert page.page.url.endswith("/review?video=film&order=longest")
    page.page.go_back()
    page.until("heaters.queue.clips.length === 5")
    assert page.page.locator("#filtered li").count() == 3
    assert page.complaints == []


def test_filters_are_chosen_by_keys_and_nothing_is_loaded_anew(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.page.evaluate("window.stays = true")
    page.press("x")
    page.shows_clip(70)
    page.press("/")
    page.until("document.activeElement.name === 'find'")
    page.press("Tab", "Tab", "Space", "Tab", "Tab", "Space", "Enter")  # archived, not pending
    page.shows_clip(0)
    page.until("location.search === '?state=archived'")
    page.page.wait_for_timeout(500)  # keys count again once one has had time to see the clip
    page.press("a")  # decided on anew
    page.until("!document.getElementById('empty').hidden")
    assert "No clip matches all the filters." in page.page.inner_text("#empty-why")
    page.is_saved()
    assert states(engine, film)[0] == "review_approved"
    page.page.click("#empty-all")
    page.shows_clip(70)
    assert page.page.is_hidden("#filtered")
    assert page.page.evaluate("window.stays")


def test_the_dialog_shows_what_the_address_asks_for(tab: Callable[..., Tab], film: Film) -> None:
    page = tab(search="?state=skipped&max_score=0.4&min_rating=3&label=night&reviewer=kim")
    page.until("heaters.queue.loaded")
    page.press("/")
    form = page.page.evaluate(
        "Object.fromEntries(new FormData(document.getElementById('filter-form')))"
    )
    assert {name: value for name, value in form.items() if value} == {
        "state": "skipped",
        "max_score": "0.4",
        "min_rating": "3",
        "label": "night",
        "reviewer": "kim",
        "order": "time",
    }
    page.page.click("#filters-none")
    page.shows_clip(0)
    assert page.page.url.endswith("/review")


def test_the_dialog_leaves_what_it_cannot_show_as_it_is(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    with transaction(engine) as session:
        made = collections.create(session, "Bridges", "ann")
        collections.put(session, made.id, [clip.id for clip in film.clips[:3]], "ann")
    decide(engine, film.clips[0], SKIP)
    page = tab(search=f"?collection={made.id}&order=given")
    page.shows_clip(0)
    page.press("/")
    assert page.page.locator("[name=state]:checked").count() == 0  # the clips are in any state
    page.page.get_by_role("checkbox", name="pending").check()
    page.page.get_by_role("button", name="Show", exact=True).click()
    page.until(f"location.search === '?state=pending&collection={made.id}&order=given'")
    page.until("heaters.queue.clips.length === 2")
    page.page.goto(page.page.url.split("?")[0] + "?video=gone&state=skipped")
    page.until("heaters.queue.loaded")
    page.press("/")
    assert page.page.locator("[name=video] option:checked").inner_text() == "gone"
    page.page.get_by_role("combobox", name="Order").select_option("shortest first")
    page.page.get_by_role("button", name="Show", exact=True).click()
    page.until("location.search === '?video=gone&state=skipped&order=shortest'")
    assert page.complaints == []


def test_a_view_is_saved_under_a_name_and_opened_on_another_page(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    annotate(engine, film.clips[1], labels=["interview"], note="Under the old bridge.")
    decide(engine, film.clips[1], SKIP)
    page = tab(search="?label=interview")
    page.until("!document.getElementById('empty').hidden")
    page.press("/")
    page.page.get_by_role("checkbox", name="skipped").check()
    page.page.get_by_label("Find").fill("bridge")
    page.page.get_by_label("Name of the view").fill("Bridges")
    page.press("Enter")
    opened = page.page.get_by_role("button", name="Bridges", exact=True)
    opened.click()
    page.shows_clip(70)
    texts = page.page.locator("#filtered button span:nth-last-child(2)").all_inner_texts()
    assert texts == ["“bridge”", "pending or skipped", "label interview"]
    page.press("/")
    page.page.get_by_role("button", name="Save as a view").click()
    page.until("document.getElementById('views-told').innerText === 'Give the view a name.'")
    page.page.get_by_role("button", name="Rename the view Bridges").click()
    page.page.keyboard.type("Crossings")
    page.press("Enter")
    page.page.get_by_role("button", name="Crossings", exact=True).wait_for()

    page.page.goto(page.page.url.split("/review")[0] + "/library")
    page.page.locator("#filter").click()
    page.page.get_by_role("button", name="Crossings", exact=True).click()
    page.page.wait_for_url(
        "**/library?find=bridge&state=pending%2Cskipped&label=interview&order=time"
    )
    assert page.page.locator(".card .label").all_inner_texts() == ["interview"]
    page.page.locator("#filter").click()
    delete = page.page.get_by_role("button", name="Delete the view Crossings")
    delete.click()
    delete.click()
    page.until("!document.getElementById('views-none').hidden")
    assert page.complaints == []


def test_an_address_can_name_one_clip_in_any_state(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("s")
    page.is_saved()
    named = tab(search=f"?clip={film.clips[0].id}")
    named.shows_clip(0)
    assert named.page.inner_text("#filtered").startswith(f"clip {film.clips[0].id}")
    named.press("a")
    named.is_saved()
    assert states(engine, film)[0] == "review_approved"


def test_an_address_that_makes_no_sense_is_told(tab: Callable[..., Tab], film: Film) -> None:
    page = tab(search="?min_seconds=soon")
    assert "Seconds at least is 'soon'; it must be a number, 0 or more." in page.notice()
    page.page.click("#filtered button")
    page.shows_clip(0)
