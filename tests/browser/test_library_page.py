"""The library and the page of a clip in real Chromium."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from heaters_pipeline.db import clips
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.storage import LocalStorage
from tests.browser.review_world import Film
from tests.browser.tab import READ_NUMBER
from tests.rows import show_the_same

TILES = f"""(canvas) => {{
  const [columns, rows] = [canvas.width / 320, canvas.height / 180];
  const part = document.createElement('canvas');
  [part.width, part.height] = [320, 180];
  const context = part.getContext('2d');
  return Array.from({{ length: columns * rows }}, (_, i) => {{
    const [x, y] = [(i % columns) * 320, Math.floor(i / columns) * 180];
    context.drawImage(canvas, x, y, 320, 180, 0, 0, 320, 180);
    return ({READ_NUMBER})(part);
  }});
}}"""
"""JavaScript: the numbers burnt into the tiles of a clip's film strip."""


@pytest.fixture
def finished(engine: Engine, storage: LocalStorage, film: Film) -> Clip:
    """The film's second clip, exported; its file is the proxy, which a browser plays as well."""
    clip = film.clips[1]
    key = f"clips/{clip.id}/clip.mp4"
    storage.put(film.footage.proxy, key)
    values = {"state": "embedded", "is_virtual": False, "clip_filepath": key}
    with transaction(engine) as session:
        held = {"exported_frames": clip.frames.as_json()}
        session.execute(sa.update(Clip).where(Clip.id == clip.id).values(**values, **held))
    return clip


def test_a_card_plays_its_film_while_it_is_pointed_at_or_in_focus(
    page: Page, finished: Clip
) -> None:
    page.goto("/library")
    card = page.locator(".card")
    card.hover()
    expect(card.locator("video.is-playing")).to_have_count(1)
    assert card.locator("video").evaluate("(film) => film.muted && !film.paused")
    page.mouse.move(5, 5)
    expect(page.locator("video")).to_have_count(0)
    card.locator(".card-link").focus()
    expect(card.locator("video.is-playing")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/clips/{finished.id}")


def test_motion_that_nobody_wants_stays_away(
    browser: Browser, address: str, finished: Clip
) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{address}/library")
    page.locator(".card").hover()
    page.wait_for_timeout(500)
    assert page.locator("video").count() == 0
    context.close()


def test_clips_without_keyframes_show_a_frame_of_their_own(page: Page, film: Film) -> None:
    page.goto("/library?state=pending&order=time")
    for clip in film.clips:
        link = page.locator(f'[href="/clips/{clip.id}"]')
        canvas = page.locator(".card", has=link).locator("canvas")
        if clip.frames.length < 6:
            continue  # too short for a tile of its own
        expect(canvas).to_have_attribute("data-frame", re.compile(r"\d"))
        number = canvas.evaluate(READ_NUMBER)
        assert clip.start_frame <= number < clip.end_frame


def test_a_stack_is_one_card_by_keys_marked_opened_and_taken_apart(
    page: Page, engine: Engine, film: Film
) -> None:
    first, second, *rest = (clip.id for clip in film.clips)
    show_the_same(engine, first, second)
    page.goto("/library?state=pending&order=time")
    cards = page.locator(".card")
    expect(cards).to_have_count(1 + len(rest))
    expect(page.get_by_role("link", name="2 clips show the same")).to_have_text("2 alike")
    page.locator(".card-link").first.focus()
    page.keyboard.press("x")
    expect(page.locator("#marked-count")).to_have_text("2 marked")
    expect(page.locator("#marked-reel")).to_have_attribute("href", f"/reel?ids={first},{second}")
    for count in (2, 1):
        page.keyboard.press("Shift+s")
        expect(cards).to_have_count(count + len(rest))
        page.wait_for_load_state()
    page.locator(".card-link").first.focus()
    page.keyboard.press("h")
    expect(page.locator("#opened")).to_contain_text("These 2 clips show the same.")
    expect(cards).to_have_count(2)
    page.wait_for_load_state()
    page.keyboard.press("Shift+h")
    expect(page.locator("#opened")).to_have_count(0)
    page.goto("/library?state=pending&order=time")
    expect(cards).to_have_count(2 + len(rest))


def test_the_filters_work_by_keyboard_alone(page: Page, film: Film, finished: Clip) -> None:
    page.goto("/library")
    page.keyboard.press("f")
    source = page.get_by_label("Source")
    source.focus()
    page.keyboard.press("F")
    page.get_by_label("Seconds at most").fill("1")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"video=film&.*max_seconds=1"))
    expect(page.locator("main")).to_contain_text("No clip matches all the filters.")
    page.get_by_role("link", name="Show the whole library").click()
    expect(page.locator(".card")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename == "library.csv"
    assert f"/clips/clip-{finished.id}.mp4" in download.value.path().read_text()


def test_a_clip_is_described_in_the_library_and_on_its_page(
    page: Page, engine: Engine, finished: Clip
) -> None:
    page.goto("/library")
    page.locator(".card").hover()
    page.get_by_role("button", name=f"Describe clip {finished.id}").click()
    page.get_by_role("button", name="Rate 4").click()
    page.get_by_role("button", name="b-roll").click()
    page.get_by_role("button", name="Label", exact=True).click()
    for label in ("old bridge", "rain"):
        page.keyboard.type(label)
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.get_by_label("Note").fill("Blurred.")
    page.get_by_role("button", name="Close").click()
    card = page.locator(".card")
    expect(card.locator(".stars")).to_have_text("★★★★")
    expect(card.locator(".label")).to_have_text(["b-roll", "old bridge", "rain"])
    expect(card.locator(".dot").first).to_have_attribute("data-colour", "green")
    saved = page.locator("#described[aria-busy=false]")
    expect(saved).to_have_count(1)

    page.goto(f"/clips/{finished.id}")
    pressed = page.locator("#labels [aria-pressed=true]")
    expect(pressed).to_have_text(["b-roll", "old bridge", "rain"])
    expect(page.get_by_label("Note")).to_have_value("Blurred.")
    page.get_by_role("button", name="rain").click()
    expect(pressed).to_have_count(2)
    page.get_by_role("button", name="Rate 4").click()  # again: none
    expect(page.locator(".star.is-on")).to_have_count(0)
    expect(saved).to_have_count(1)
    with transaction(engine) as session:
        clip = clips.get(session, finished.id)
        assert (clip.labels, clip.rating) == (["b-roll", "old bridge"], None)
        assert clip.note == "Blurred."


def test_what_was_not_saved_is_sent_again_and_what_is_refused_goes_back(
    page: Page, engine: Engine, finished: Clip
) -> None:
    page.goto("/library")
    page.locator(".card").hover()
    page.get_by_role("button", name=f"Describe clip {finished.id}").click()
    told, saved = page.locator("#described-told"), page.locator("#described[aria-busy=false]")
    page.route("**/decisions", lambda route: route.abort())
    page.get_by_role("button", name="Rate 4").click()
    expect(told).to_contain_text("he server does not answer")
    page.unroute("**/decisions")
    page.get_by_role("button", name="b-roll").click()
    expect(saved).to_have_count(1)
    expect(told).to_be_empty()
    with transaction(engine) as session:
        clip = clips.get(session, finished.id)
        assert (clip.labels, clip.rating) == (["b-roll"], 4)
    refusal = {"detail": "Ask an admin."}
    page.route("**/decisions", lambda route: route.fulfill(status=403, json=refusal))
    page.get_by_role("button", name="Rate 2").click()
    expect(told).to_have_text("Not saved: Ask an admin.")
    expect(page.locator(".star.is-on")).to_have_count(4)
    expect(page.locator(".card .stars")).to_have_text("★★★★")


def test_the_page_of_a_virtual_clip_draws_its_own_frames_and_leads_to_its_review(
    page: Page, engine: Engine, film: Film
) -> None:
    clip = film.clips[4]
    page.goto(f"/clips/{clip.id}")
    strip = page.locator("#strip")
    expect(strip).to_be_visible()
    for _ in range(100):
        numbers = strip.evaluate(TILES)
        if 0 not in numbers:
            break
        page.wait_for_timeout(50)
    assert numbers == sorted({*numbers})
    assert numbers[0] >= clip.start_frame
    assert numbers[-1] < clip.end_frame
    shown = page.locator("#film").evaluate(
        f"""async (canvas) => {{
          const shown = new Set();
          const until = performance.now() + 1000;
          while (performance.now() < until) {{
            await new Promise(requestAnimationFrame);
            shown.add(({READ_NUMBER})(canvas));
          }}
          return [...shown];
        }}"""
    )
    shown = {*shown} - {0}  # nothing yet
    assert shown <= {*range(clip.start_frame, clip.end_frame)}
    assert len(shown) > 5
    page.get_by_role("link", name="Review", exact=True).last.click()
    page.wait_for_url(f"**/review?clip={clip.id}&from=clip")
    with transaction(engine) as session:
        assert clips.get(session, clip.id).state == "pending_review"
