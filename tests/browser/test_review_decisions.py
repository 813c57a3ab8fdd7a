"""Decisions on the review page: at once on the screen, once and in order on the server."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Dialog, Route
from sqlalchemy import Engine

from heaters_pipeline.db import clips, labels
from heaters_pipeline.db.engine import transaction
from tests.browser.numbered import CLIPS, live, states
from tests.browser.review_world import Film
from tests.browser.tab import PATIENCE, Tab
from tests.decisions import annotate
from tests.rows import show_the_same


def test_the_next_clip_does_not_wait_for_the_server(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    held: list[Route] = []
    page.page.route("**/decisions?brief=1", lambda route: held.append(route))
    page.press("a", "s")
    page.shows_clip(131)
    assert states(engine, film)[:2] == ["pending_review", "pending_review"]
    for left in (1, 0):
        while not held:
            page.until("heaters.queue.unsaved > 0")
        held.pop().continue_()
        page.until(f"heaters.queue.unsaved === {left}")
    assert states(engine, film)[:3] == ["review_approved", "review_skipped", "pending_review"]


def test_parts_of_a_split_can_be_decided_on_before_the_server_has_named_them(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.go_to(30)
    held: list[Route] = []
    page.page.route("**/decisions?brief=1", lambda route: held.append(route))
    page.press("Enter")
    page.until("heaters.player.clip.end_frame === 30")
    page.press("x")
    page.shows_clip(30)
    page.press("m")  # with the part before it, which is archived
    page.until("heaters.player.clip.start_frame === 0 && heaters.player.clip.end_frame === 70")
    for left in (2, 1, 0):
        while not held:
            page.until(f"heaters.queue.unsaved === {left + 1}")
        held.pop().continue_()
        page.until(f"heaters.queue.unsaved === {left}")
    assert page.notice() == "The clip before was archived: its frames wait for a decision again."
    assert states(engine, film) == ["pending_review"] * len(CLIPS)


def test_undo_brings_the_clip_back(tab: Callable[..., Tab], film: Film, engine: Engine) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("a", "x")
    page.is_saved()
    held: list[Route] = []
    page.page.route("**/undo", lambda route: held.append(route))
    page.press("u", "u")
    page.shows_clip(0)  # before the server has answered
    page.until("document.getElementById('saved-none').hidden === false")
    for left in (1, 0):
        while not held:
            page.until(f"heaters.queue.unsaved === {left + 1}")
        held.pop().continue_()
        page.until(f"heaters.queue.unsaved === {left}")
    assert states(engine, film) == ["pending_review"] * len(CLIPS)
    page.page.unroute("**/undo")
    page.press("u")
    page.until("document.getElementById('notice-text').textContent.includes('no decision left')")


def test_a_group_approves_both_clips_at_once_and_one_undo_brings_both_back(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    counted = "[...document.querySelectorAll('#position, #of, #pending, #today')]"
    told = "document.querySelector('#saved .frames')?.textContent === '70 \\u2013 199'"
    counters = f"{counted}.map((each) => each.textContent).join()"
    held: list[Route] = []
    page.page.route("**/decisions?brief=1", lambda route: held.append(route))
    page.press("PageDown", "PageDown", "g")
    page.shows_clip(200)  # before the server has answered
    page.until("heaters.queue.clips.map((clip) => clip.start_frame).join() === '0,200,204,300'")
    position, of, pending, _ = page.page.evaluate(counters).split(",")
    assert (position, of, pending) == ("4", "6", "4")
    assert page.notice() == "Grouped: 2 clips approved."
    page.until(told)
    assert states(engine, film) == ["pending_review"] * len(CLIPS)
    while not held:
        page.until("heaters.queue.unsaved > 0")
    held.pop().continue_()
    page.is_saved()
    page.page.unroute("**/decisions?brief=1")
    page.until(f"{counters} === '4,6,4,1'")
    _, first, second, *_ = live(engine, film)
    assert (first.state, second.state) == ("review_approved", "review_approved")
    assert second.grouped_with_clip_id == first.id

    page.page.reload()
    page.shows_clip(200)
    page.until(told)
    assert page.page.inner_text("#saved .did") == "Grouped"
    page.until(f"{counters}.endsWith(',4,1')")
    page.press("u")
    page.shows_clip(70)
    page.until("document.getElementById('notice-text').textContent === 'Undone.'")
    page.is_saved()
    page.until(f"{counters}.endsWith(',6,0')")
    assert states(engine, film) == ["pending_review"] * len(CLIPS)

    page.page.wait_for_timeout(500)  # a clip that appears by itself takes no decision at first
    page.press("PageDown", "g")
    page.shows_clip(200)
    page.press("u")
    page.shows_clip(131)
    order = "heaters.queue.clips.map((clip) => clip.start_frame)"
    page.until(f"{order}.sort((a, b) => a - b).join() === '0,70,131,200,204,300'")
    page.is_saved()
    assert states(engine, film) == ["pending_review"] * len(CLIPS)
    assert page.complaints == []


def test_decisions_from_before_are_undone_one_by_one_from_the_list(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("a", "x", "s")
    page.is_saved()
    page.page.reload()
    page.shows_clip(200)
    page.until("document.querySelectorAll('#saved li').length === 3")
    page.page.click("#saved li:nth-child(2) button")
    page.shows_clip(70)
    page.is_saved()
    assert states(engine, film)[:3] == ["review_approved", "pending_review", "review_skipped"]
    assert page.page.locator("#saved li").count() == 2


def test_buttons_and_the_reviewers_name(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.page.fill("#reviewer", "a s x")
    with page.page.expect_response("**/api/v1/mine"):
        page.press("Enter")
    page.until("document.activeElement === document.body")
    page.page.click(".do-approve")
    page.shows_clip(70)
    page.press("Space")  # meant for the player, although a button was clicked last
    page.until("!heaters.player.playing")
    page.until("heaters.queue.done[0]?.id")
    page.page.click("#saved button")
    page.shows_clip(0)
    page.is_saved()
    with transaction(engine) as session:
        events = clips.history(session, film.clips[0].id)
        assert [(event.actor, event.action) for event in events] == [
            ("pipeline", "replan"),
            ("a s x", "approve"),
            ("a s x", "undo"),
        ]


def test_rating_labels_and_note_stay_with_the_clip(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("4", "t")
    for label in ("night train", "split here"):  # the field stays open until Esc
        page.page.keyboard.type(label)
        page.press("Enter")
    page.press("Escape", "n")
    page.page.keyboard.type("a note: approve? no!")
    page.press("Enter", "a")
    page.shows_clip(70)
    page.is_saved()
    first, second, *_ = live(engine, film)
    assert (first.state, second.state) == ("review_approved", "pending_review")
    assert (first.rating, first.labels) == (4, ["night train", "split here"])
    assert first.note == "a note: approve? no!"
    assert page.page.input_value("#note") == ""
    page.press("u")
    page.shows_clip(0)
    page.until("document.getElementById('note').value.startsWith('a note')")
    assert page.page.locator(".star.is-on").count() == 4
    page.page.click(".chip[data-label='night train']")
    page.press("t")
    page.page.keyboard.type("split here")
    page.press("Enter", "Escape", "0")
    page.is_saved()
    first, *_ = live(engine, film)
    assert (first.rating, first.labels) == (None, [])
    assert page.complaints == []


def test_all_labels_are_in_sight_and_a_long_note_has_room(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    names = [f"label number {n}" for n in range(3, 9)]
    with transaction(engine) as session:
        for name in names:
            labels.add(session, name)
    annotate(engine, film.clips[0], labels=names[-1:], note="A note of some length. " * 24)
    page = tab()
    page.until("document.querySelectorAll('.chip[data-label]').length === 8")
    on = page.page.locator("#labels [aria-pressed=true]")
    assert on.inner_text() == names[-1]
    assert on.locator(".dot").get_attribute("data-colour") == "pink"
    inside = """(chips) => {
      const box = chips[0].closest('.labels').getBoundingClientRect();
      return chips.every((chip) => chip.getBoundingClientRect().bottom <= box.bottom);
    }"""
    assert page.page.locator("#labels .chip").evaluate_all(inside)
    page.press("n")
    assert page.page.locator("#note").evaluate("(note) => note.scrollHeight <= note.clientHeight")
    page.press("Escape")
    assert page.page.locator("#note").evaluate("(note) => note.scrollHeight > note.clientHeight")


def test_clips_can_be_passed_over_and_chosen(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("PageDown")
    page.shows_clip(70)
    page.page.click("#next li:nth-child(2) button")
    page.shows_clip(200)
    page.press("PageUp", "PageUp")
    page.shows_clip(70)
    page.until("document.getElementById('position').textContent === '2'")
    assert page.page.evaluate("heaters.queue.unsaved") == 0


def test_one_goes_back_to_a_clip_and_decides_on_it_anew(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    picture = "document.querySelector('#edge-before canvas').toDataURL()"
    page.until("!document.getElementById('edge-before').hidden")
    nothing = page.page.evaluate(picture)
    page.press("a")
    page.shows_clip(70)
    page.until(f"{picture} !== {nothing!r}")
    page.press("u")
    page.shows_clip(0)
    page.until(f"{picture} === {nothing!r}")  # nothing comes before the film's first clip

    page.page.wait_for_timeout(500)  # keys meant for the clip before don't count
    page.press("a", "s")
    page.shows_clip(131)
    page.press("PageUp", "PageUp")
    page.shows_clip(0)
    assert "approved by" in page.notice()
    assert page.page.inner_text("#state") == "approved"
    assert page.page.inner_text("#decided").startswith("by ")
    assert page.page.inner_text("#position") == "–"  # noqa: RUF001
    page.press("PageDown")
    page.shows_clip(70)
    page.press("PageDown")
    page.shows_clip(131)
    page.page.click("#edge-before figcaption a")
    page.shows_clip(70)
    page.until("document.getElementById('state').textContent === 'skipped'")
    page.page.wait_for_timeout(500)
    page.press("x")
    page.shows_clip(131)
    page.is_saved()
    assert states(engine, film)[:2] == ["review_approved", "review_archived"]
    page.until("document.querySelector('#edge-before figcaption').textContent.includes('archived')")
    page.press("u")
    page.is_saved()
    assert states(engine, film)[:2] == ["review_approved", "review_skipped"]
    page.shows_clip(70)
    page.page.click("#saved li:nth-child(2) a")
    page.shows_clip(0)
    assert page.complaints == []


def test_a_note_is_kept_by_a_page_that_closes_without_a_question(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.page.on("dialog", leave)
    page.press("n")
    page.page.keyboard.type("seen twice")
    page.page.goto("about:blank")
    deadline = time.monotonic() + PATIENCE
    while live(engine, film)[0].note != "seen twice" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert live(engine, film)[0].note == "seen twice"
    assert asked == []


def test_the_counters(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)

    def counted() -> list[str]:
        return [page.page.inner_text(f"#{name}") for name in ("position", "of", "pending", "today")]

    page.until("document.getElementById('of').textContent === '6'")
    assert counted() == ["1", "6", "6", "0"]
    page.press("a", "x")
    page.is_saved()
    page.until("document.getElementById('today').textContent === '2'")
    assert counted() == ["3", "6", "4", "2"]
    page.press("u")
    page.is_saved()
    page.until("document.getElementById('today').textContent === '1'")
    assert counted() == ["2", "6", "5", "1"]


def test_the_page_goes_on_where_it_was(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("a", "PageDown")
    page.shows_clip(131)
    page.page.select_option("#rate", "2")
    page.go_to(144)
    page.is_saved()
    page.page.reload()
    page.shows_clip(131)
    assert page.on_screen() == 144
    page.until("document.getElementById('rate').value === '2'")
    page.press("PageUp")
    page.shows_clip(70)
    page.until("heaters.player.playing")


def test_a_stack_comes_once_and_is_decided_on_for_all_of_its_clips(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    """The first, the second and the last clip show the same."""
    first, second, last = (film.clips[place].id for place in (0, 1, len(CLIPS) - 1))
    for pair in ((first, second), (first, last), (second, last)):
        show_the_same(engine, *pair)
    starts = [clip.start_frame for clip in film.clips]
    page = tab()
    page.shows_clip(0)
    page.until("document.getElementById('stack-count').textContent === '3 alike'")
    page.press("a")
    page.shows_clip(starts[2])
    page.is_saved()
    approved = ["review_approved"] * 2 + ["pending_review"] * (len(CLIPS) - 3)
    assert states(engine, film) == [*approved, "review_approved"]
    assert "3 clips" in page.page.inner_text("#saved")
    page.press("u")
    page.shows_clip(0)
    page.is_saved()
    assert states(engine, film) == ["pending_review"] * len(CLIPS)

    page.press("Shift+s")
    page.until("document.getElementById('stack').hidden")
    page.press("Shift+s", "h")
    page.until("document.querySelectorAll('#stacked canvas').length === 3")
    assert page.page.inner_text("#stack-count") == "1 of 3 alike"
    page.page.locator("#stacked button").nth(1).click()
    page.shows_clip(starts[1])
    page.press("s")
    page.is_saved()
    assert states(engine, film)[:2] == ["pending_review", "review_skipped"]
    page.page.locator("#next button").first.wait_for()
    page.page.evaluate(f"heaters.queue.show({last})")
    page.shows_clip(starts[-1])
    page.press("h")
    page.until("document.getElementById('stack-count').textContent === '2 alike'")
    page.press("Shift+h")
    page.says("Taken apart for good: 2 clips.")
    page.until("document.getElementById('stack').hidden")
    page.press("a")
    page.is_saved()
    assert states(engine, film)[0] == "pending_review"
    assert page.complaints == []
