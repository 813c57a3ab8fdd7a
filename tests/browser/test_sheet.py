"""The contact sheet in real Chromium: many clips decided on at once, by keys and by mouse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Route
from sqlalchemy import Engine

from heaters_pipeline.db import clip_counts, clips, reviews
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.annotations import Annotation
from heaters_pipeline.domain.decisions import SKIP, Annotate
from heaters_pipeline.storage import LocalStorage
from tests.browser.numbered import FRAMES, live
from tests.browser.review_world import Film, Footage, add_film, served
from tests.browser.sheet_tab import VISIBLE_NUMBER, SheetTab
from tests.rows import show_the_same

STARTS = [*range(0, 195, 15), 195, 200, 204, *range(210, FRAMES, 15)]
"""Of the clips. Tiles show every sixth frame, so that the four from 200 on have none."""


@pytest.fixture(scope="module")
def cuts() -> Sequence[int]:
    return STARTS[1:]


@pytest.fixture
def sheet(browser: Browser, address: str) -> Iterator[Callable[..., SheetTab]]:
    """Opens the contact sheet for one more reviewer."""
    contexts = []

    def opened(search: str = "", **options: Any) -> SheetTab:
        context = browser.new_context(viewport={"width": 1280, "height": 720}, **options)
        contexts.append(context)
        return SheetTab(context.new_page(), address, search)

    yield opened
    for context in contexts:
        context.close()


def decided(engine: Engine, film: Film) -> dict[int, str]:
    """Of the clips that somebody has decided on, by first frame."""
    found = {clip.start_frame: str(clip.state) for clip in live(engine, film)}
    return {start: state for start, state in found.items() if state != "pending_review"}


def without(*starts: int) -> list[int]:
    return [start for start in STARTS if start not in starts]


def test_marked_clips_are_decided_on_by_one_key_and_one_undo_takes_all_back(
    sheet: Callable[..., SheetTab], engine: Engine, film: Film
) -> None:
    page = sheet()
    page.shows(*STARTS)
    assert page.focused() == 0
    page.press("ArrowRight", "Space", "ArrowRight", "ArrowRight", "Shift+ArrowRight")
    assert page.marked() == [15, 45, 60]
    page.press("Shift+ArrowLeft", "Shift+ArrowLeft")
    assert page.marked() == [15, 30, 45]
    page.press("a")
    page.shows(*without(15, 30, 45))
    assert page.focused() == 60
    page.is_saved()
    assert decided(engine, film) == dict.fromkeys([15, 30, 45], "review_approved")
    assert page.page.inner_text("#today") == "3"
    page.says("Approved: 3 clips")
    page.press("u")
    page.shows(*STARTS)
    assert decided(engine, film) == {}
    page.says("Undone: 3 clips")
    assert page.page.inner_text("#today") == "0"
    assert page.complaints == []


def test_every_key(sheet: Callable[..., SheetTab], engine: Engine, film: Film) -> None:
    page = sheet()
    page.shows(*STARTS)
    columns = int(
        page.page.evaluate("getComputedStyle(cells).gridTemplateColumns.split(' ').length")
    )
    page.press("ArrowDown")
    assert page.focused() == STARTS[columns]
    page.press("End")
    assert page.focused() == STARTS[-1]
    page.press("ArrowUp", "Home", "ArrowLeft")
    assert page.focused() == 0
    page.press("Shift+ArrowDown")
    assert page.marked() == STARTS[: columns + 1]
    page.press("Escape")
    assert page.marked() == []
    page.press("e")
    assert page.marked() == STARTS
    page.press("e")
    assert page.marked() == []
    page.press("Control+a")
    assert page.marked() == STARTS
    page.press("Escape", "Home", "Shift+End")
    assert page.marked() == STARTS
    page.press("Escape", "Home", "s", "x")
    page.shows(*STARTS[2:])
    page.press("a")
    page.shows(*STARTS[3:])
    page.is_saved()
    assert decided(engine, film) == {
        0: "review_skipped",
        15: "review_archived",
        30: "review_approved",
    }
    page.press("u", "u", "u")
    page.shows(*STARTS)
    page.press("?")
    page.until("document.getElementById('help').open")
    page.press("a", "?")
    page.until("!document.getElementById('help').open")
    page.shows(*STARTS)
    page.press("Home", "ArrowRight", "Enter")
    page.page.wait_for_url("**/review?clip=*")
    page.until("heaters.queue.current?.start_frame === 15")


def test_keys_that_are_chosen_here_leave_those_of_other_pages_alone(
    sheet: Callable[..., SheetTab], film: Film
) -> None:
    page = sheet()
    page.shows(*STARTS)
    page.page.evaluate("localStorage.setItem('heaters.keys', JSON.stringify({ split: 'b' }))")
    page.page.reload()
    page.shows(*STARTS)
    page.press("?")
    page.page.click("[data-rebind=approve]")
    page.press("q", "?", "q")
    page.shows(*STARTS[1:])
    kept = page.page.evaluate("localStorage.getItem('heaters.keys')")
    assert json.loads(kept) == {"split": "b", "approve": "q"}
    assert page.page.inner_text(".do-approve kbd") == "q"


def test_marks_stay_where_the_clips_stay(
    sheet: Callable[..., SheetTab], engine: Engine, film: Film
) -> None:
    page = sheet()
    page.shows(*STARTS)
    page.press("Space", "Shift+ArrowRight", "4")
    page.is_saved()
    page.until("document.querySelectorAll('.tags:not(:empty)').length === 2")
    assert [clip.rating for clip in live(engine, film)][:3] == [4, 4, None]
    assert page.marked() == [0, 15]
    page.press("0")
    page.is_saved()
    assert [clip.rating for clip in live(engine, film)][:3] == [None, None, None]
    page.press("u")
    page.until("document.querySelectorAll('.tags:not(:empty)').length === 2")
    assert page.marked() == [0, 15]
    page.press("u", "s")
    page.shows(*STARTS[2:])
    page.is_saved()
    assert decided(engine, film) == dict.fromkeys([0, 15], "review_skipped")
    skipped = sheet("?state=skipped")
    skipped.shows(0, 15)
    assert skipped.page.locator(".state").all_inner_texts() == ["skipped", "skipped"]
    skipped.press("e", "s")  # which changes nothing
    skipped.is_saved()
    skipped.shows(0, 15)
    assert skipped.marked() == [0, 15]


def test_all_marked_clips_are_described_at_once(
    sheet: Callable[..., SheetTab], engine: Engine, film: Film
) -> None:
    page = sheet()
    page.shows(*STARTS)
    page.press("Shift+1", "Space", "Shift+ArrowRight", "t")
    assert page.page.inner_text("#describe-title") == "Describe 2 clips"
    chips = "[...document.querySelectorAll('#labels button')].map((each) => each.ariaPressed)"
    assert page.page.evaluate(chips) == ["mixed", "false"]
    page.page.keyboard.type("axe")
    page.press("Enter")
    page.page.keyboard.type("sax")
    page.press("Enter", "Escape", "Shift+1", "n")
    page.page.keyboard.type("Look!")
    page.press("Enter")
    page.is_saved()
    labels = ["axe", "sax", "interview"]
    assert [sorted(clip.labels) for clip in live(engine, film)[:3]] == [sorted(labels)] * 2 + [[]]
    assert [clip.note for clip in live(engine, film)][:3] == ["Look!", "Look!", None]
    assert page.marked() == [0, 15]
    page.press("u", "u", "u", "u")
    page.until("heaters.queue.clips[0].labels.join() === 'interview'")
    assert [clip.annotation for clip in live(engine, film)[:2]] == [
        Annotation(("interview",)),
        Annotation(),
    ]
    page.shows(*STARTS)
    assert page.complaints == []


def test_what_is_written_about_a_clip_is_not_said_of_another(
    sheet: Callable[..., SheetTab], engine: Engine, film: Film
) -> None:
    page = sheet()
    page.shows(*STARTS)
    page.press("n")
    page.page.keyboard.type("Look!")
    with transaction(engine) as session:
        reviews.decide(session, actor="eve", clip_id=film.clips[0].id, version=1, decision=SKIP)
    page.page.evaluate("heaters.queue.renew(heaters.queue.clips.length)")
    page.shows(*without(0))
    page.page.locator("#labels button", has_text="interview").click()
    page.page.locator("#note").press("Enter")
    page.is_saved()
    found = [(clip.note, clip.labels) for clip in live(engine, film)]
    assert found == [(None, [])] * len(STARTS)
    assert f"Clip {film.clips[0].id} has changed since you saw it" in page.notice()
    assert page.complaints == []


def test_a_clip_that_was_opened_leads_back_to_the_same_place(
    sheet: Callable[..., SheetTab], engine: Engine, film: Film
) -> None:
    page = sheet()
    page.shows(*STARTS)
    page.press("+", "Space", "ArrowRight", "ArrowRight", "Enter")
    page.page.wait_for_url("**/review?clip=*")
    page.until("heaters.queue.current?.start_frame === 30")
    page.press("x")
    page.page.wait_for_url("**/sheet")
    page.shows(*without(30))
    assert (page.focused(), page.marked()) == (45, [0])
    assert page.page.get_attribute("#cells", "data-size") == "large"
    assert decided(engine, film) == {30: "review_archived"}
    page.press("End")
    page.until("document.getElementById('scroller').scrollTop > 100")
    page.page.click("text=Library")
    page.page.wait_for_url("**/library")
    page.page.click("text=Contact sheet")
    page.page.wait_for_url("**/sheet")
    page.shows(*without(30))
    assert page.focused() == STARTS[-1]
    page.until("document.getElementById('scroller').scrollTop > 100")
    page.press("u")
    page.until(f"heaters.queue.clips.length === {len(STARTS)}")
    assert decided(engine, film) == {}
    assert page.complaints == []


def test_clips_that_show_the_same_are_one_stack(
    sheet: Callable[..., SheetTab], engine: Engine, film: Film
) -> None:
    """The first, the fourth and the seventh clip do."""
    first, fourth, seventh = (film.clips[place].id for place in (0, 3, 6))
    for pair in ((first, fourth), (first, seventh), (fourth, seventh)):
        show_the_same(engine, *pair)
    page = sheet()
    cells = "document.querySelectorAll('.cell').length"
    page.until(f"heaters.queue.loaded && {cells} === {len(STARTS) - 2}")
    assert page.page.inner_text(".is-stack .count") == "3"
    assert page.page.inner_text(".film") == f"Film\n{len(STARTS)} clips"
    page.press("a")
    page.shows(*without(0, 45, 90))
    page.is_saved()
    assert decided(engine, film) == dict.fromkeys([0, 45, 90], "review_approved")
    page.press("u")
    page.until(f"{cells} === {len(STARTS) - 2}")
    page.press("Home", "h")
    page.until(f"{cells} === {len(STARTS)}")
    page.press("ArrowRight", "Space")
    assert page.marked() == [45]
    page.press("h")
    page.until("document.querySelectorAll('.is-part').length === 1")
    page.press("s")
    page.is_saved()
    assert decided(engine, film) == {45: "review_skipped"}
    assert page.page.inner_text(".is-stack .count") == "2"
    page.press("Shift+s")
    page.until(f"{cells} === {len(STARTS) - 1}")
    page.page.goto(page.page.url.replace("sheet", "review"))
    page.until("document.querySelectorAll('#alike a').length === 2")
    assert page.page.inner_text("#alikes").split("\n")[:2] == ["Alike", "the same, skipped"]
    page.page.goto(page.page.url.replace("review", "sheet"))
    page.until(f"{cells} === {len(STARTS) - 1}")
    page.press("Shift+s")
    page.until(f"{cells} === {len(STARTS) - 2}")
    page.press("Home", "Shift+h")
    page.until(f"{cells} === {len(STARTS) - 1}")
    assert page.complaints == []


def test_the_mouse_focuses_marks_and_decides(
    sheet: Callable[..., SheetTab], engine: Engine, film: Film
) -> None:
    page = sheet()
    page.shows(*STARTS)
    page.cell(45).click()
    assert (page.focused(), page.marked()) == (45, [])
    page.cell(90).click(modifiers=["Shift"])
    assert page.marked() == [45, 60, 75, 90]
    page.cell(60).click(modifiers=["Control"])
    page.cell(0).hover()
    page.cell(0).locator(".tick").click()
    assert page.marked() == [0, 45, 75, 90]
    page.page.click(".do-skip")
    page.shows(*without(0, 45, 75, 90))
    page.press("Space")  # meant for the sheet, although a button was clicked last
    assert len(page.marked()) == 1
    page.is_saved()
    assert decided(engine, film) == dict.fromkeys([0, 45, 75, 90], "review_skipped")


def test_whoever_changes_the_name_keeps_the_clips(
    sheet: Callable[..., SheetTab], engine: Engine, film: Film
) -> None:
    page = sheet()
    page.shows(*STARTS)
    page.page.fill("#reviewer", "a x s")
    with page.page.expect_response("**/api/v1/mine"):
        page.press("Enter")
    page.press("a")
    page.shows(*without(0))
    page.is_saved()
    with transaction(engine) as session:
        assert clips.history(session, film.clips[0].id)[-1].actor == "a x s"


def test_two_reviewers_never_see_the_same_clip(
    sheet: Callable[..., SheetTab], engine: Engine, storage: LocalStorage, footage: Footage
) -> None:
    add_film(engine, storage, footage, "long", range(2, FRAMES, 2))  # 210 clips
    ids = "heaters.queue.clips.map((clip) => clip.id)"
    number = f"{ids}.length"
    first = sheet()
    first.until(f"{number} === 200")
    second = sheet()
    second.until(f"{number} === 10")
    mine, theirs = first.page.evaluate(ids), second.page.evaluate(ids)
    assert not {*mine} & {*theirs}


def test_what_is_refused_comes_back_with_what_happened(
    sheet: Callable[..., SheetTab], engine: Engine, film: Film
) -> None:
    page = sheet()
    page.shows(*STARTS)
    renewals: list[Route] = []
    # A renewal would tell the sheet of the other's decisions in time: none may be under way.
    page.page.evaluate("heaters.queue.renew(heaters.queue.clips.length)")
    page.page.route("**/api/v1/queue?*", lambda route: renewals.append(route))
    with transaction(engine) as session:
        decide = {"session": session, "actor": "eve", "version": 1}
        reviews.decide(clip_id=film.clips[1].id, decision=SKIP, **decide)
        annotate = Annotate({"note": "Look!"})
        reviews.decide(clip_id=film.clips[2].id, decision=annotate, **decide)
    page.press("Space", *["Shift+ArrowRight"] * 3, "a")
    page.shows(*without(0, 15, 45))
    told = page.notice()
    for renewal in renewals:
        renewal.continue_()
    page.page.unroute("**/api/v1/queue?*")
    assert "has changed since you saw it" in told
    assert "Not approved: 2 of 4 clips" in told
    page.until("document.querySelectorAll('.is-refused').length === 1")
    assert "has changed" in str(page.cell(30).get_attribute("title"))
    assert decided(engine, film) == {
        0: "review_approved",
        15: "review_skipped",
        45: "review_approved",
    }
    page.cell(30).click()
    page.press("a")
    page.shows(*without(0, 15, 30, 45))
    page.is_saved()
    assert decided(engine, film)[30] == "review_approved"


def test_while_the_server_is_stopped_nothing_is_lost_and_work_goes_on(
    browser: Browser, app: Flask, engine: Engine, film: Film
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    with served(app) as url:
        port = int(url.rsplit(":", 1)[1])
        page = SheetTab(context.new_page(), url)
        page.shows(*STARTS)
    page.press("Space", "Shift+ArrowRight", "a", "x")
    page.shows(*without(0, 15, 30))
    page.until("document.getElementById('notice-text').textContent.includes('3 clips wait here')")
    assert decided(engine, film) == {}
    with served(app, port):
        page.press("r")
        page.is_saved()
        page.until("!document.getElementById('notice-text').textContent.includes('wait here')")
        page.shows(*without(0, 15, 30))
        assert decided(engine, film) == {
            0: "review_approved",
            15: "review_approved",
            30: "review_archived",
        }
        context.close()


def test_cells_show_and_play_frames_of_their_own_clip_alone(
    sheet: Callable[..., SheetTab], film: Film
) -> None:
    page = sheet()
    page.shows(*STARTS)
    ends = dict(zip(STARTS, [*STARTS[1:], FRAMES], strict=True))
    for start in (0, 15, 195, 200, 204, 405):
        assert start <= page.picture(start) < ends[start]
    # Each canvas is a layer to the browser: few clips may need one.
    drawn = page.page.eval_on_selector_all(
        ".cell canvas", "(found) => found.map((each) => each.closest('.cell').id)"
    )
    assert drawn == [page.cell(200).get_attribute("id")]
    for start in (90, 200):
        cell = page.cell(start)
        cell.hover()
        seen = cell.evaluate(
            f"""async (cell) => {{
              const seen = new Set();
              const until = performance.now() + 1500;
              while (performance.now() < until) {{
                await new Promise(requestAnimationFrame);
                seen.add(await ({VISIBLE_NUMBER})(cell));
              }}
              return [...seen];
            }}"""
        )
        assert {*seen} <= {*range(start, ends[start])}
        assert len(seen) > (ends[start] - start) / 2, "the player shows each frame"
    page.page.mouse.move(640, 715)
    page.until("heaters.playing.clip === null && document.querySelector('canvas.playing') === null")


def test_the_clip_in_focus_plays_by_key_and_by_key_only_where_motion_is_reduced(
    sheet: Callable[..., SheetTab], film: Film
) -> None:
    page = sheet(reduced_motion="reduce")
    page.shows(*STARTS)
    page.cell(60).hover()
    page.press("ArrowRight", "p")
    page.until("heaters.playing.clip?.start_frame === 15 && heaters.player.presented !== null")
    page.press("ArrowRight")
    page.until("heaters.playing.clip?.start_frame === 30 && heaters.player.presented >= 30")
    page.press("p")
    page.until("heaters.playing.clip === null")


def test_the_sheet_loads_on_and_all_means_all(
    sheet: Callable[..., SheetTab], engine: Engine, storage: LocalStorage, footage: Footage
) -> None:
    film = add_film(engine, storage, footage, "long", range(1, FRAMES))
    page = sheet()
    page.until("document.getElementById('shown').textContent === '200'")
    assert page.page.inner_text("#total") == str(len(film.clips))
    assert page.page.inner_text("#rest") == f"{len(film.clips) - 200} more clips come as you go on."
    page.press("End")
    page.until("document.getElementById('shown').textContent === '300'")
    assert page.page.inner_text("#all") == f"Mark all {len(film.clips)}"
    page.press("e", "s")
    page.until("!document.getElementById('empty').hidden && heaters.queue.unsaved === 0", 60)
    with transaction(engine) as session:
        assert clip_counts.by_state(session) == {"review_skipped": len(film.clips)}
    page.press("u")
    page.until(f"heaters.queue.clips.length === {len(film.clips)}", 60)


def test_the_address_says_which_clips(
    sheet: Callable[..., SheetTab],
    engine: Engine,
    storage: LocalStorage,
    footage: Footage,
    film: Film,
) -> None:
    add_film(engine, storage, footage, "other", [400])
    page = sheet("?video=other&order=shortest")
    page.shows(400, 0)
    page.press("x")
    page.shows(0)
    page.is_saved()
    archived = sheet("?state=archived")
    archived.shows(400)
    archived.press("a")
    archived.shows()
    archived.is_saved()
    archived.press("u")
    archived.shows(400)
    short = sheet("?video=film&max_seconds=0.3")
    short.shows(195, 200, 204)
    short.page.locator("#filtered button").first.click()
    short.until("!location.search.includes('film') || !location.search.includes('max_seconds')")
