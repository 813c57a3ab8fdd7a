"""Every page on every width, in both colour schemes: nothing is cut off, axe finds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Literal

from playwright.sync_api import Page
from sqlalchemy import Engine

from heaters_pipeline.db import reviews
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.decisions import APPROVE, SKIP
from tests.browser.accessibility import violations
from tests.browser.review_world import Film
from tests.browser.tab import Tab

WIDTHS = {390: 844, 720: 450, 1024: 768, 1280: 720, 1920: 1080, 3840: 2160}
"""With the heights of the screens that have them; 720 is 1440 at a zoom of 200 %."""

CUT_OFF = """() => [...document.body.querySelectorAll('*')].filter((each) => {
  const { left, right, width } = each.getBoundingClientRect();
  return width > 1 && each.checkVisibility() && (left < -1 || right > innerWidth + 1);
}).map((each) => each.outerHTML.slice(0, 90))"""

REACHED = """(names) => names.map((name) => {
  const button = [...document.querySelectorAll(`[data-action=${name}]`)]
    .find((each) => each.checkVisibility());
  const { left, top, width, height } = button.getBoundingClientRect();
  const hit = document.elementFromPoint(left + width / 2, top + height / 2);
  return [name, Math.min(width, height) >= 44, button.contains(hit)];
})"""


def test_nothing_is_cut_off_and_axe_finds_nothing(
    tab: Callable[..., Tab], address: str, engine: Engine, film: Film, axe: str
) -> None:
    first, second, *_ = film.clips
    for clip, decision in ((first, APPROVE), (second, SKIP)):
        with transaction(engine) as session:
            reviews.decide(session, actor="ann", clip_id=clip.id, version=1, decision=decision)
    review = tab()
    review.shows_clip(131)
    page = review.page
    page.evaluate("document.querySelectorAll('.counters b').forEach((b) => b.textContent = '8888')")
    found = look_at("review", page, axe)
    names = (
        "sheet",
        "library?state=approved",
        f"clips/{first.id}",
        "profiles",
        "keyframes",
        "sources",
    )
    for name in (*names, "statistics"):
        page.goto(f"{address}/{name}")
        if name == "profiles":
            for words in ("Use", "Change"):
                page.locator("#delivery summary", has_text=words).click()
        if name == "sheet":
            page.wait_for_selector(".cell")
        found += look_at(name, page, axe)
    assert not found, "\n".join(found)


def look_at(name: str, page: Page, axe: str) -> list[str]:
    """What is wrong at each width. The colour schemes take turns: what shows at several widths is
    seen in both."""
    found = []
    schemes: Iterator[Literal["light", "dark"]] = cycle(("light", "dark"))
    for (width, height), scheme in zip(WIDTHS.items(), schemes, strict=False):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("() => new Promise((drawn) => setTimeout(drawn, 50))")
        found += [f"{name} at {width}: cut off: {each}" for each in page.evaluate(CUT_OFF)]
        page.emulate_media(color_scheme=scheme)
        found += [f"{name} at {width}, {scheme}: {each}" for each in violations(page, axe)]
    return found


def test_one_thumb_decides_steps_and_plays(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.page.set_viewport_size({"width": 390, "height": 844})
    page.shows_clip(0)
    names = ["approve", "skip", "archive", "undo", "back", "toggle", "forward"]
    page.page.click(".do-approve")
    page.shows_clip(70)
    assert page.page.evaluate(REACHED, names) == [[name, True, True] for name in names]
    page.page.click(".verdicts .do-undo")
    page.shows_clip(0)
    picture = page.page.locator(".screen").bounding_box()
    assert picture and picture["width"] > 0.9 * 390
    # Wherever the page is scrolled to, the picture and the verdicts stay.
    page.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.page.evaluate(REACHED, names[:3]) == [[name, True, True] for name in names[:3]]
    assert page.page.locator(".screen").bounding_box()["y"] >= 0
