"""What the review page tells beside the clip: what decisions mean and changed, how far one is."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from heaters_pipeline.storage import LocalStorage
from tests.browser.review_world import Film, Footage, add_film
from tests.browser.tab import Tab


def test_decisions_are_explained_and_progress_is_told(
    tab: Callable[..., Tab],
    film: Film,
    engine: Engine,
    storage: LocalStorage,
    footage: Footage,
) -> None:
    add_film(engine, storage, footage, "next-film", (100, 200))
    page = tab(search="?video=film")
    page.shows_clip(0)
    text = page.page.inner_text
    assert text("#explained .verdict-lines").count("\n") >= 2
    page.page.click("#explained-close")
    page.press("Shift+Digit2", "4", ".")
    page.until("document.querySelectorAll('#saved canvas').length === 3")
    page.press("PageDown", "]", "PageUp")
    page.is_saved()
    changed = [row.inner_text() for row in page.page.locator("#saved .frames").all()]
    assert changed == ["start +2", "★★★★", "+b-roll"], "the moves of one cut are one row"
    page.press(*"asa")
    page.is_saved()
    page.until(
        "/on the way · exported in [01]:[0-9][0-9]$/.test("
        "document.getElementById('on-the-way').textContent)"
    )
    page.page.click("button.counters")
    page.page.fill("#goal", "12")
    page.until("document.getElementById('film-told').textContent === '3 of 6 decided'")
    assert text("#goal-told") == "3 of 12"
    page.press("Escape")
    page.page.reload()
    page.shows_clip(200)
    counters = "document.querySelector('button.counters').innerText.split('\\n')"
    page.until(f"{counters}.includes('3 of 12 today')")
    assert not page.page.is_visible("#explained")
    page.press(*"aaa")
    page.until("!document.getElementById('next-film').hidden")
    page.until("document.getElementById('next-film-link').checkVisibility()")
    assert text("#next-film-link") == "Go on with Next film: 3 to review"
    page.page.click("#next-film-link")
    page.until("globalThis.heaters?.queue.current?.video.title === 'Next film'")
