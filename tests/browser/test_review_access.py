"""The review page for everybody: by keyboard, by ear, on small and large screens."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.storage import LocalStorage
from tests.browser.accessibility import violations
from tests.browser.numbered import CUTS
from tests.browser.review_world import Film, Footage, add_film
from tests.browser.tab import Tab
from tests.conftest import CHECKOUT


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_names_roles_and_contrast(
    tab: Callable[..., Tab],
    engine: Engine,
    storage: LocalStorage,
    footage: Footage,
    axe: str,
    scheme: Any,
) -> None:
    dissolve = Transition(TransitionKind.DISSOLVE, 124, 138, 0.6)
    suggested = Transition(TransitionKind.CUT, 99, 100, 0.38)
    add_film(engine, storage, footage, "film", CUTS, [dissolve], [suggested])
    page = tab(search="?min_seconds=1")
    page.page.emulate_media(color_scheme=scheme)
    page.shows_clip(0)
    page.press("a", "4", "Shift+Digit1", "Space")
    page.shows_clip(70)
    page.is_saved()
    assert violations(page.page, axe) == []
    page.press("?")
    assert violations(page.page, axe) == []
    page.press("?", "/")
    assert violations(page.page, axe) == []
    page.press("Escape", "c", "u", "u", "u", "u", "u")
    page.until("heaters.queue.notice?.bad")
    assert violations(page.page, axe) == []


def test_the_empty_page(tab: Callable[..., Tab], axe: str) -> None:
    page = tab()
    page.until("!document.getElementById('empty').hidden")
    assert violations(page.page, axe) == []


FOCUSED = """() => {
  const { activeElement: element } = document;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const { left, top, right, bottom } = element.getBoundingClientRect();
  return {
    what: element.id || element.dataset.action || element.textContent.trim(),
    isSeen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
    isInside: left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight,
  };
}"""


def test_tab_reaches_every_control_and_shows_where_it_is(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("PageDown")
    page.shows_clip(70)
    page.press("Space")
    page.page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(80):
        page.press("Tab")
        focused = page.page.evaluate(FOCUSED)
        if (
            focused["what"] in reached
            or page.page.evaluate("document.activeElement.tagName") == "BODY"
        ):
            break
        assert focused["isSeen"] and focused["isInside"], focused
        reached.append(focused["what"])
    controls = page.page.evaluate(
        """() => [...document.querySelectorAll('main :is(button, input, select, textarea)')]
          .filter((each) => !each.disabled && each.checkVisibility() && !each.closest('dialog'))
          .map((each) => each.id || each.dataset.action || each.textContent.trim())"""
    )
    assert len(controls) > 30
    assert set(controls) <= set(reached)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (3840, 2160)])
def test_one_screen_holds_everything(
    tab: Callable[..., Tab], film: Film, width: int, height: int
) -> None:
    page = tab()
    page.page.set_viewport_size({"width": width, "height": height})
    page.shows_clip(0)
    page.press(*"aaaa")
    page.shows_clip(204)
    page.press("Space", "c")
    page.is_saved()
    outside = page.page.evaluate(
        """() => [...document.body.querySelectorAll('*')].filter((each) => {
          const { left, top, right, bottom, width } = each.getBoundingClientRect();
          return width > 1 && each.checkVisibility() && !each.closest('#saved, dialog') &&
            (left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1);
        }).map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert outside == []
    sizes = page.page.evaluate(
        """() => ['picture', 'timeline', 'facts'].map((id) => {
          const { width, height } = document.getElementById(id).getBoundingClientRect();
          return width * height;
        })"""
    )
    assert sizes[0] > 0.5 * width * height, "the picture is the largest thing"
    assert page.page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_nothing_moves_for_those_who_ask_for_that(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.page.emulate_media(reduced_motion="reduce")
    page.shows_clip(0)
    moving = page.page.evaluate(
        """() => [...document.querySelectorAll('*')].map((each) => getComputedStyle(each))
          .filter(({ transition, animationName }) =>
            !/^(none|all)( 0s.*)?$/.test(transition) || animationName !== 'none').length"""
    )
    assert moving == 0


def test_styles_stand_in_sheets_only() -> None:
    templates = Path(CHECKOUT / "review_app" / "templates").glob("*.html")
    assert not [path.name for path in templates if re.search(r"\sstyle=", path.read_text())]
