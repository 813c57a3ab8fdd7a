"""Cuts on the review page: what shows of them, and how they are split, merged and moved."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Request
from sqlalchemy import Engine

from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.storage import LocalStorage
from tests.browser.numbered import CLIPS, CUTS, ranges, states
from tests.browser.review_world import Film, Footage, add_film
from tests.browser.tab import READ_NUMBER, Tab

ZONES = """() => {
  const bar = document.getElementById('bar').getBoundingClientRect();
  const share = (x) => (x - bar.left) / bar.width;
  return ['trim-start', 'trim-end'].map((id) => {
    const zone = document.getElementById(id);
    const { left, right } = zone.getBoundingClientRect();
    return zone.hidden ? null : [share(left), share(right)];
  });
}"""

EDGES = f"""() => ['#edge-before canvas', '#edge-after canvas'].map((selector) => {{
  const figure = document.querySelector(selector).parentElement;
  return figure.classList.contains('is-none') ? null
    : ({READ_NUMBER})(document.querySelector(selector));
}})"""

ENDS_OF_STRIP = f"""() => {{
  const strip = document.getElementById('strip');
  const width = Math.round(strip.height * 16 / 9);
  return [0, strip.width - width].map((left) => {{
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, strip.height];
    canvas.getContext('2d').drawImage(strip, -left, 0);
    return ({READ_NUMBER})(canvas);
  }});
}}"""
"""The numbers burnt into the first and last picture of the film strip."""

HELD = """(times) => {
  for (let n = 0; n < times; n += 1) {
    const key = { key: ']', code: 'BracketRight', repeat: n > 0, bubbles: true };
    document.body.dispatchEvent(new KeyboardEvent('keydown', key));
  }
  document.body.dispatchEvent(new KeyboardEvent('keyup', { key: ']', bubbles: true }));
}"""
"""A held key repeats faster than a busy machine hands on the keys that a test presses."""


def test_frames_on_both_sides_of_both_cuts_show_beside_the_film_strip(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab()
    page.shows_clip(0)
    page.until(f"({EDGES})().join() === [null, 70].join()")
    for start, end in CLIPS[1:-1]:
        page.press("PageDown")
        page.shows_clip(start)
        page.until(f"({EDGES})().join() === '{start - 1},{end}'")
    page.press("PageDown")
    page.shows_clip(300)
    page.until(f"({EDGES})().join() === [299, null].join()")
    assert page.page.inner_text("#edge-after figcaption") == "End of the film"
    assert page.page.inner_text("#edge-before figcaption").endswith("pending")


def test_the_film_strip_begins_and_ends_with_the_clip(tab: Callable[..., Tab], film: Film) -> None:
    # As wide as a whole number of its pictures: none is cropped, so that their numbers show.
    page = tab()
    page.shows_clip(0)
    page.page.evaluate(
        """() => {
          document.getElementById('timeline').style.setProperty('--strip', '72px');
          document.getElementById('bar').style.width = '640px';
        }"""
    )
    page.until(f"({ENDS_OF_STRIP})().join() === '0,69'")
    page.press("a")
    page.shows_clip(70)
    page.until(f"({ENDS_OF_STRIP})().join() === '70,130'")


def test_what_transitions_take_from_a_clip_shows_on_the_bar(
    tab: Callable[..., Tab], engine: Engine, storage: LocalStorage, footage: Footage
) -> None:
    dissolve = Transition(TransitionKind.DISSOLVE, 124, 138)
    add_film(engine, storage, footage, "film", CUTS, [dissolve])
    page = tab()
    page.shows_clip(0)
    assert page.page.evaluate(ZONES) == [None, None]
    assert page.page.inner_text("#names") == page.page.inner_text("#trim") == ""
    assert page.page.get_attribute("#cut-end", "title") == "cut between frames 69 and 70"
    page.press("Shift+End")
    assert page.on_screen() == 69

    page.press("a")
    page.shows_clip(70)
    page.until("!document.getElementById('trim-end').hidden")
    assert page.page.evaluate(ZONES) == [None, pytest.approx([55 / 61, 1], abs=0.001)]
    assert page.page.inner_text("#names") == "dissolve, 6 frames"
    assert page.page.inner_text("#trim") == (
        "125 \N{EN DASH} 130: 6 of the 13 frames of a dissolve. Exports keep the hatched frames."
    )
    assert page.page.get_attribute("#zones i", "data-kind") == "dissolve"
    assert page.page.get_attribute("#cut-end", "data-kind") == "dissolve"
    assert page.page.inner_text("#edge-after .joined span") == "dissolve"
    assert page.page.get_attribute("#cut-start", "data-kind") == "cut"
    page.press("Shift+End")
    assert page.on_screen() == 124
    assert page.page.inner_text("#within") == ""
    page.press("ArrowRight")
    assert page.on_screen() == 125
    page.until("document.getElementById('within').textContent === 'in a dissolve'")
    assert page.page.get_attribute("#bar", "aria-valuetext") == "125, in a dissolve"

    page.press("a")
    page.shows_clip(131)
    page.until("document.getElementById('trim-end').hidden")
    assert page.page.evaluate(ZONES) == [pytest.approx([0, 7 / 69], abs=0.001), None]
    assert page.page.inner_text("#names") == "dissolve, 7 frames"
    page.press("Space", "Shift+Home")
    assert page.on_screen() == 138
    page.press("Home")
    assert page.on_screen() == 131

    page.press("a")
    page.shows_clip(200)
    page.until("document.getElementById('trim-start').hidden")
    assert page.page.evaluate(ZONES) == [None, None]
    assert page.complaints == []


def test_scrubbing_ends_at_the_last_place_of_the_pointer(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab()
    page.shows_clip(0)
    box = page.page.locator("#bar").bounding_box()
    assert box
    across = [box["x"] + box["width"] * share for share in (0.1, 0.9, 0.3, 0.7, 0.505)]
    page.page.mouse.move(across[0], box["y"] + 5)
    page.press("Space")
    page.page.mouse.down()
    for x in across[1:]:
        page.page.mouse.move(x, box["y"] + 5)
    page.page.mouse.up()
    assert page.on_screen() == 35


def test_several_splits_in_one_go_at_marks(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    for frame in (20, 50, 35):
        page.go_to(frame)
        page.press("c")
    page.until("document.querySelectorAll('#marks i').length === 3")
    page.press("c")  # the mark at 35 again
    page.until("document.querySelector('.do-split').textContent.includes('Split in 3')")
    page.go_to(0)
    page.press("c")
    assert "after the first frame" in page.notice()
    page.press("Enter")
    page.until("heaters.player.clip.end_frame === 20")
    page.is_saved()
    assert ranges(engine, film)[:3] == [(0, 20), (20, 50), (50, 70)]
    page.press(".", ".", ".")
    page.until("heaters.player.clip.end_frame === 23")
    page.until("document.querySelector('.do-split').textContent.includes('Split here')")
    assert page.page.locator("#marks i").count() == 0

    page.press("u", "u")
    page.until("heaters.player.clip.end_frame === 70")
    page.until("document.querySelectorAll('#marks i').length === 2")
    page.is_saved()
    assert ranges(engine, film) == CLIPS
    page.press("Escape")
    page.until("document.querySelectorAll('#marks i').length === 0")


def test_merging_with_the_clip_before_and_after(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("m")
    assert "No clip comes right before" in page.notice()
    page.press("Shift+M")
    page.until("heaters.player.clip.end_frame === 131")
    page.press("a")
    page.shows_clip(131)
    page.press("m")
    page.until("heaters.player.clip.start_frame === 0 && heaters.player.clip.end_frame === 200")
    page.is_saved()
    assert ranges(engine, film) == [(0, 200), *CLIPS[3:]]
    assert states(engine, film)[0] == "pending_review"
    for frame in (0, 131, 199):
        assert page.go_to(frame) == frame


def test_a_held_key_moves_the_cut_at_once_and_is_one_decision(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("PageDown")
    page.shows_clip(70)
    sent: list[object] = []

    def note(request: Request) -> None:
        if "/decisions" in request.url:
            sent.append(request.post_data_json)

    page.page.on("request", note)
    page.page.evaluate(HELD, 7)
    assert page.on_screen() == 77, "the new first frame, as soon as the cut is there"
    page.until(f"({EDGES})()[0] === 76")
    page.is_saved()
    assert [(each["edge"], each["frame"]) for each in sent] == [("start", 77)]
    assert ranges(engine, film)[:2] == [(0, 77), (77, 131)]

    page.press("Shift+>", ",", "Shift+{")
    assert page.on_screen() == 67
    page.is_saved()
    assert ranges(engine, film)[:3] == [(0, 67), (67, 140), (140, 200)]
    assert [(each["edge"], each["frame"]) for each in sent[1:]] == [("end", 140), ("start", 67)]

    page.press("u", "u", "u")
    page.is_saved()
    assert ranges(engine, film) == CLIPS
    page.shows_clip(70)


def test_a_cut_is_moved_by_its_buttons_and_stops_at_the_neighbours(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    assert page.page.is_hidden("#edge-before button >> nth=0")
    page.press("PageDown", "PageDown", "PageDown")
    page.shows_clip(200)
    page.page.click("#edge-after button[data-action=endEarlier]")
    assert page.on_screen() == 202
    page.press("Shift+<")
    assert page.on_screen() == 200
    page.press(",")
    assert "each clip keeps at least one frame" in page.notice()
    page.press("a")
    page.shows_clip(201)
    page.is_saved()
    assert ranges(engine, film)[3:5] == [(200, 201), (201, 300)]
    assert states(engine, film)[3] == "review_approved"
