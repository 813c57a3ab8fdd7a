"""The review page when something is in the way: no server, other tabs, other reviewers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, Dialog, Route
from sqlalchemy import Engine

from heaters_pipeline.db import clips
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.storage import LocalStorage
from tests.browser.numbered import CLIPS, CUTS, states
from tests.browser.review_world import Film, Footage, add_film, served
from tests.browser.tab import Tab


def test_while_the_server_is_stopped_nothing_is_lost_and_work_goes_on(
    browser: Browser, app: Flask, film: Film, engine: Engine
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    with served(app) as url:
        port = int(url.rsplit(":", 1)[1])
        page = Tab(context.new_page(), url)
        page.shows_clip(0)
        page.until("heaters.queue.clips.slice(1, 4).every((c) => heaters.player.poster(c))")
    page.press("a", "x")
    page.shows_clip(131)
    assert "2 decisions wait here. Retrying." in page.notice()
    page.press("s")
    page.shows_clip(200)
    page.until("document.getElementById('notice-text').textContent.includes('3 decisions')")
    page.press("a", "a", "a")
    page.until("!document.getElementById('empty').hidden")
    page.until("document.getElementById('names').childElementCount === 0")
    assert page.page.inner_text("#empty h1") == "The next clips can't be loaded"
    assert "other reviewers" not in page.page.inner_text("#empty-why")
    page.press("u", "u", "u", "Escape")
    page.shows_clip(200)
    assert states(engine, film) == ["pending_review"] * len(CLIPS)
    with served(app, port):
        page.press("r")
        page.is_saved()
        page.until("document.getElementById('notice').hidden")
        page.shows_clip(200)
        assert states(engine, film)[:4] == [
            *("review_approved", "review_archived", "review_skipped", "pending_review"),
        ]
        page.until("document.getElementById('today').textContent === '3'")
        context.close()


def test_it_goes_on_by_itself_once_the_server_is_back(
    browser: Browser, app: Flask, film: Film, engine: Engine
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    with served(app) as url:
        port = int(url.rsplit(":", 1)[1])
        page = Tab(context.new_page(), url)
        page.shows_clip(0)
    page.press("a")
    page.notice()
    with served(app, port):
        page.is_saved()
        assert states(engine, film)[0] == "review_approved"
        context.close()


def test_an_answer_that_was_lost_makes_no_second_decision(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    page.page.route("**/decisions?brief=1", lose)
    page.press("a")
    page.until("heaters.queue.trouble")
    page.page.unroute("**/decisions?brief=1")
    page.press("r")
    page.is_saved()
    assert lost[0] == 200
    with transaction(engine) as session:
        events = clips.history(session, film.clips[0].id)
        assert [event.action for event in events] == ["replan", "approve"]


def test_an_answer_that_broke_off_stops_nothing(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)

    def cut(route: Route) -> None:
        route.fulfill(status=200, body=route.fetch().text()[:20])

    page.page.route("**/decisions?brief=1", cut)
    page.press("a", "x")
    page.until("heaters.queue.trouble")
    page.page.unroute("**/decisions?brief=1")
    page.press("r")
    page.is_saved()
    assert states(engine, film)[:2] == ["review_approved", "review_archived"]
    page.until("document.getElementById('today').textContent === '2'")
    assert page.complaints == []


def test_two_tabs_in_conflict(tab: Callable[..., Tab], film: Film, engine: Engine) -> None:
    first, second = tab("window.setInterval = () => 0"), tab()
    first.shows_clip(0)
    second.until("heaters.queue.loaded")
    # The first tab, which renews nothing, loses its leases; the second one gets its clips.
    with transaction(engine) as session:
        for clip in film.clips:
            row = clips.get(session, clip.id)
            row.leased_by = row.leased_until = None
    second.page.reload()
    second.shows_clip(0)
    second.press("x")
    second.until("heaters.queue.unsaved === 0 && heaters.queue.decidedToday === 1")
    first.press("a")
    first.until("heaters.queue.notice?.bad")
    told = first.notice()
    assert "Not saved: clip" in told and "archived" in told
    first.shows_clip(70)
    assert states(engine, film)[0] == "review_archived"


def test_what_is_refused_comes_back_as_it_is_now(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    with transaction(engine) as session:
        row = clips.get(session, film.clips[0].id)
        row.rating, row.version = 2, row.version + 1
    page.press("a")
    page.until("heaters.queue.notice?.bad")
    assert "has changed since you saw it" in page.notice()
    page.shows_clip(0)
    page.until("document.querySelectorAll('.star.is-on').length === 2")
    page.until("document.querySelector('.do-approve').disabled === false")
    page.page.wait_for_timeout(500)  # keys meant for the clip before don't count
    page.press("a")
    page.shows_clip(70)
    page.is_saved()
    assert states(engine, film)[0] == "review_approved"


def test_an_empty_queue_is_calm_and_fills_by_itself(
    tab: Callable[..., Tab], engine: Engine, storage: LocalStorage, footage: Footage
) -> None:
    page = tab()
    page.until("!document.getElementById('empty').hidden")
    page.page.evaluate(
        """() => {
          const { player } = heaters;
          const open = player.open.bind(player);
          player.open = (...given) => {
            delete player.open; // once
            open(...given);
            const key = new KeyboardEvent('keydown', { key: 'a', bubbles: true });
            document.body.dispatchEvent(key);
          };
        }"""
    )
    film = add_film(engine, storage, footage, "late-film", CUTS)
    page.shows_clip(0)
    assert page.page.is_hidden("#empty")
    page.page.wait_for_timeout(500)  # the key that was pressed just then did not mean this clip
    page.press("x")
    page.shows_clip(70)
    page.is_saved()
    assert states(engine, film)[:2] == ["review_archived", "pending_review"]


def leases(engine: Engine) -> list[float | None]:
    """Seconds that each pending clip's lease still lasts, in film order."""
    left = sa.extract("epoch", Clip.leased_until - sa.func.now())
    with transaction(engine) as session:
        found = session.execute(
            sa.select(left).where(Clip.state == "pending_review").order_by(Clip.start_frame)
        )
        return [None if seconds is None else float(seconds) for (seconds,) in found]


def test_a_page_that_is_closed_hands_its_clips_on(tab: Callable[..., Tab], film: Film) -> None:
    first, second = tab(), tab()
    first.shows_clip(0)
    second.until("!document.getElementById('empty').hidden")
    second.until(f"document.getElementById('empty-why').textContent.includes('{len(CLIPS)} clips')")
    first.page.close(run_before_unload=True)
    second.shows_clip(0)
    assert second.page.evaluate("heaters.queue.clips.length") == len(CLIPS)


def test_closing_one_tab_of_a_reviewer_leaves_the_other_its_clips(
    tab: Callable[..., Tab], film: Film, engine: Engine, address: str
) -> None:
    first = tab()
    first.shows_clip(0)
    mine = first.page.evaluate("heaters.queue.clips.map((clip) => clip.id)")
    second = Tab(first.page.context.new_page(), address)
    second.until("!document.getElementById('empty').hidden")
    second.until("document.getElementById('empty-why').textContent.includes('in another tab')")
    second.page.close(run_before_unload=True)
    stranger = tab()
    stranger.until("document.getElementById('empty-why').textContent.includes('other reviewers')")
    stranger.page.close(run_before_unload=True)
    first.page.reload()
    first.shows_clip(0)
    assert first.page.evaluate("heaters.queue.clips.map((clip) => clip.id)") == mine


IDS = "heaters.queue.clips.map((clip) => clip.id)"


def test_a_reload_has_its_clips_at_once_though_the_old_page_gave_nothing_back(
    tab: Callable[..., Tab], film: Film
) -> None:
    """As after a crash of the tab, or where the new page is faster than the old one's last
    request."""
    page = tab()
    page.shows_clip(0)
    mine = page.page.evaluate(IDS)
    page.page.evaluate(
        """() => {
          const { fetch } = window;
          window.fetch = (url, options) =>
            String(url).includes('release') ? Promise.reject() : fetch(url, options);
        }"""
    )
    page.page.reload()
    page.shows_clip(0)
    assert page.page.evaluate(IDS) == mine


def test_a_duplicated_tab_leaves_the_first_one_its_clips(
    tab: Callable[..., Tab], film: Film, address: str
) -> None:
    first = tab()
    first.shows_clip(0)
    mine = first.page.evaluate(IDS)
    stored = first.page.evaluate("JSON.stringify(sessionStorage)")
    copy = first.page.context.new_page()
    copy.add_init_script(
        f"for (const [key, value] of Object.entries({stored})) sessionStorage.setItem(key, value);"
    )
    second = Tab(copy, address)
    second.until("!document.getElementById('empty').hidden")
    second.until("document.getElementById('empty-why').textContent.includes('in another tab')")
    first.page.evaluate("heaters.queue.renew()")
    assert first.page.evaluate(IDS) == mine


def test_an_open_page_renews_its_leases_and_a_hidden_one_does_not(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    watch = """
      window.away = false;
      Object.defineProperty(document, 'hidden', { get: () => away });
      window.asked = 0;
      const { fetch } = window;
      window.fetch = (url, options) => {
        if (url.startsWith('/api/v1/queue')) asked += 1;
        return fetch(url, options);
      };
      window.ticks = [];
      window.setInterval = (tick) => ticks.push(tick);
    """
    page = tab(watch)
    page.shows_clip(0)
    with transaction(engine) as session:
        session.execute(sa.update(Clip).values(leased_until=sa.func.now() + timedelta(seconds=9)))
    with page.page.expect_response("**/api/v1/queue*"):
        page.page.evaluate("ticks.forEach((tick) => tick())")
    assert all(seconds is not None and seconds > 60 for seconds in leases(engine))
    page.until("heaters.queue.clips.length > 0")
    assert page.page.evaluate("away = true, asked = 0, ticks.forEach((t) => t()), asked") == 0
    with page.page.expect_response("**/api/v1/queue*"):
        page.page.evaluate("away = false, document.dispatchEvent(new Event('visibilitychange'))")


def test_leaving_with_unsaved_decisions_asks_first(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)
    held: list[Route] = []
    page.page.route("**/decisions?brief=1", lambda route: held.append(route))
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.page.on("dialog", stay)
    page.press("a")
    page.shows_clip(70)
    page.press("a")
    page.until("heaters.queue.unsaved === 2")
    page.page.close(run_before_unload=True)
    page.until("heaters.queue.unsaved === 2")
    assert asked == ["beforeunload"]
