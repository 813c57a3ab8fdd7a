"""Closer looks on the review page: zoom, the full screen, a part of the timeline, across the cuts,
and another clip beside this one. The picture stays that of its frame."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.storage import LocalStorage
from tests.browser.review_world import Film, Footage, add_film
from tests.browser.tab import READ_NUMBER, Tab

NO_WEBCODECS = "delete window.VideoDecoder;"
SCALE = "new DOMMatrix(getComputedStyle(document.getElementById('picture')).transform).a"
BESIDE = f"({READ_NUMBER})(document.getElementById('beside'))"


@pytest.mark.parametrize("script", ["", NO_WEBCODECS], ids=["webcodecs", "video"])
def test_zoom_and_full_screen_change_no_frame(
    tab: Callable[..., Tab], film: Film, script: str
) -> None:
    page = tab(script=script)
    page.shows_clip(0)
    assert page.go_to(40) == 40
    assert (page.page.inner_text("#engine") == "") == (script == "")
    box = page.page.locator("#screen").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2
    page.page.mouse.move(x, y)
    page.press("z")
    # Shown between two and four times as large as it is already.
    fitted = min(box["width"] / 320, box["height"] / 180)
    assert page.page.evaluate(SCALE) == pytest.approx(4 / fitted, rel=1e-4)
    assert page.page.inner_text("#zoomed-by") == "400 %"
    page.press("ArrowRight")
    assert page.on_screen() == 41
    zoomed = page.page.evaluate(SCALE)
    page.page.mouse.down()
    page.page.mouse.move(x - 60, y, steps=3)
    page.page.mouse.up()
    assert not page.page.evaluate("heaters.player.playing")
    page.page.mouse.wheel(0, -150)
    page.until(f"{SCALE} > {zoomed} * 1.3")
    page.press("Shift+ArrowRight")
    assert page.on_screen() == 51
    page.page.mouse.dblclick(x, y)
    page.until(f"{SCALE} === 1 && document.getElementById('zoomed').hidden")
    page.press("Shift+F")
    page.until("document.fullscreenElement?.id === 'screen'")
    page.press("ArrowRight")
    assert page.on_screen() == 52
    page.press("Shift+F")
    page.until("document.fullscreenElement === null")


def test_the_timeline_shows_a_part_and_follows(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)
    page.go_to(35)
    page.press("+", "+")
    edges = "['first-number', 'last-number'].map((id) => +document.getElementById(id).textContent)"
    page.until(f"{edges}[1] - {edges}[0] === 17")
    first, last = page.page.evaluate(f"() => {edges}")
    assert first < 35 < last
    bar = page.page.locator("#bar").bounding_box()
    assert bar
    page.page.mouse.click(bar["x"] + bar["width"] * 0.999, bar["y"] + 10)
    assert page.on_screen() == last
    page.press("ArrowRight")
    assert page.on_screen() == last + 1
    page.until(f"{edges}[0] <= {last + 1} && {last + 1} <= {edges}[1]")
    page.press("-", "-", "-")
    page.until(f"{edges}.join() === '0,69'")
    assert page.page.locator("#overview").is_hidden()


def test_across_a_cut_and_back(tab: Callable[..., Tab], film: Film) -> None:
    """At 30 frames a second: from 30 frames before the cut to 30 after it."""
    page = tab()
    page.shows_clip(0)
    page.press("i")
    assert "no cut to play across" in page.notice()
    page.go_to(12)
    page.press("o")
    page.until("heaters.player.clip.start_frame === 40 && heaters.player.clip.end_frame === 100")
    page.until("heaters.player.presented > 70")
    page.until("document.getElementById('within').textContent === 'after the clip'")
    page.until("heaters.player.clip.end_frame === 70")
    assert page.on_screen() == 12
    page.press("o")
    page.until("heaters.player.clip.start_frame === 40 && heaters.player.presented !== null")
    page.press("ArrowRight")
    assert page.page.evaluate("heaters.player.clip.end_frame") == 70
    page.press("o", "a")
    page.shows_clip(70)


def test_from_transition_to_transition(
    tab: Callable[..., Tab], engine: Engine, storage: LocalStorage, footage: Footage
) -> None:
    dissolve = [Transition(TransitionKind.DISSOLVE, first, first + 10) for first in (99, 199)]
    add_film(engine, storage, footage, "dissolves", (), dissolve)
    page = tab()
    page.shows_clip(0)
    found = []
    for key in ("d", "d", "d", "Shift+D"):
        page.press(key)
        found.append(page.on_screen())
    assert found == [100, 200, 200, 100]
    assert "No transition begins after this frame." in page.notice()


def test_two_clips_side_by_side_in_step(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("b")
    assert "stands beside" in page.notice()
    page.press("s")
    page.shows_clip(70)
    assert page.go_to(82) == 82
    page.until(f"{BESIDE} === 12")
    page.press("ArrowRight", "Shift+ArrowRight")
    assert page.on_screen() == 93
    page.until(f"{BESIDE} === 23")
    assert page.page.inner_text("#beside-name").endswith("frame 23")
    page.press("Space")
    pairs = page.page.evaluate(
        f"""async () => {{
          const pairs = [];
          while (pairs.length < 60) {{
            await new Promise(requestAnimationFrame);
            pairs.push([heaters.player.presented - 70, {BESIDE}]);
          }}
          return pairs;
        }}"""
    )
    together = [abs(a - b) for a, b in pairs]
    assert sorted(together)[len(together) // 2] <= 1
    page.press("b")
    page.until("!document.getElementById('screen').classList.contains('is-comparing')")
