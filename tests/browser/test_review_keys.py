"""The keys of the review page: what each does, and how people change them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator
from sqlalchemy import Engine

from tests.browser.numbered import live, states
from tests.browser.review_world import Film
from tests.browser.tab import Tab


def test_keys_that_look(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("a")
    page.shows_clip(70)
    page.press("Space", "Home")
    assert page.on_screen() == 70
    page.press("ArrowLeft")
    assert page.on_screen() == 70
    page.press("ArrowRight")
    assert page.on_screen() == 71
    page.press("Shift+ArrowRight")
    assert page.on_screen() == 81
    page.press(*["ArrowRight"] * 5, *["ArrowLeft"] * 3)
    assert page.on_screen() == 83
    page.press("Shift+ArrowLeft", "Shift+ArrowLeft")
    assert page.on_screen() == 70
    page.press("End")
    assert page.on_screen() == 130
    page.press("ArrowRight")
    assert page.on_screen() == 130
    page.press("Space")
    page.until("heaters.player.playing && heaters.player.presented !== 130")
    page.press("Space")
    page.on_screen()
    page.press("f")
    page.page.keyboard.type("99")
    page.press("Enter")
    assert page.on_screen() == 99
    page.press("f")
    page.page.keyboard.type("110")
    page.press("Escape", "ArrowRight")
    assert page.on_screen() == 100
    # Those that were waited for; steps that follow one another faster than pictures are one.
    assert page.page.evaluate("performance.getEntriesByName('heaters:step').length") >= 4


def test_keys_for_speed_and_sound(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("l", "l")
    page.until("heaters.player.rate === 4 && document.getElementById('rate').value === '4'")
    page.press("j")
    page.until("heaters.player.rate === 2")
    page.press("j", "j")
    page.until("heaters.player.rate === -1 && heaters.player.playing")
    page.press("k")
    page.until("heaters.player.rate === 1 && !heaters.player.playing")
    page.press("v")
    page.until("document.getElementById('mute').getAttribute('aria-pressed') === 'true'")
    page.press("ArrowDown", "ArrowDown")
    page.until("Math.abs(heaters.player.sound.volume - 0.8) < 0.01")
    page.press("ArrowUp")  # who wants it louder wants to hear it
    page.until("Math.abs(heaters.player.sound.volume - 0.9) < 0.01 && !heaters.player.sound.muted")
    page.until("document.getElementById('volume').value === '0.9'")


def test_keys_that_decide(tab: Callable[..., Tab], film: Film, engine: Engine) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("a")
    page.shows_clip(70)
    page.press("g")
    page.shows_clip(131)
    page.press("s")
    page.shows_clip(200)
    page.press("x")
    page.shows_clip(204)
    page.is_saved()
    assert states(engine, film) == [
        *("review_approved", "review_approved", "review_skipped", "review_archived"),
        *("pending_review", "pending_review"),
    ]
    first, second, *_ = live(engine, film)
    assert second.grouped_with_clip_id == first.id
    page.go_to(250)
    page.press("Enter")
    page.until("heaters.player.clip.end_frame === 250")
    page.press("PageDown")
    page.shows_clip(250)
    page.press("Shift+M")
    page.until("heaters.player.clip.end_frame === 420")
    page.press("m")
    page.until("heaters.player.clip.start_frame === 204")
    page.press("u", "u", "u", "u")
    page.shows_clip(200)
    page.is_saved()
    assert states(engine, film)[3:] == ["pending_review"] * 3
    assert page.complaints == []


def test_digits_rate_and_label(tab: Callable[..., Tab], film: Film, engine: Engine) -> None:
    page = tab()
    page.shows_clip(0)
    page.until("document.querySelectorAll('.chip[data-label]').length === 2")
    page.press("3", "Shift+Digit2")
    page.is_saved()
    first, *_ = live(engine, film)
    assert (first.rating, first.labels) == (3, ["b-roll"])
    pressed = "document.querySelector('.chip[data-label=b-roll]').getAttribute('aria-pressed')"
    page.until(f"{pressed} === 'true'")
    page.press("0", "Shift+Digit2", "Shift+Digit1", "Shift+Digit9")
    page.is_saved()
    first, *_ = live(engine, film)
    assert (first.rating, first.labels) == (None, ["interview"])


def test_keys_work_wherever_the_focus_is_but_not_while_somebody_types(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("n")
    page.page.keyboard.type("axs? 12")
    page.press("ArrowLeft")
    assert page.page.input_value("#note") == "axs? 12"
    page.press("Escape")
    page.until("document.activeElement === document.body")
    page.is_saved()
    assert live(engine, film)[0].note == "axs? 12"
    assert states(engine, film)[0] == "pending_review"

    page.page.focus(".do-skip")
    page.press("Tab")  # to Archive
    page.press("Enter")
    page.shows_clip(70)
    page.press("Shift+Tab")
    page.press("a")  # with the focus on Skip
    page.shows_clip(131)
    page.press("Space")
    page.shows_clip(200)
    page.is_saved()
    assert states(engine, film)[:3] == ["review_archived", "review_approved", "review_skipped"]
    page.page.focus("#volume")
    page.press("a")
    page.shows_clip(204)
    page.page.focus("#volume")
    page.press("Home")
    page.until("document.getElementById('volume').value === '0'")


def cap(page: Tab, action: str) -> Locator:
    return page.page.locator(f"[data-rebind={action}]")


def told(page: Tab) -> str:
    return page.page.inner_text("#help-told")


def test_a_held_enter_presses_the_button_with_the_focus_once(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.page.locator("#mute").focus()
    for _ in range(20):
        page.press("Tab")
        if page.page.evaluate("document.activeElement.dataset.action") == "approve":
            break
    for _ in range(4):
        page.page.keyboard.down("Enter")
    page.page.keyboard.up("Enter")
    page.shows_clip(70)
    page.is_saved()
    assert states(engine, film)[:3] == ["review_approved", "pending_review", "pending_review"]


def test_enter_on_a_label_stays_on_it(tab: Callable[..., Tab], film: Film, engine: Engine) -> None:
    page = tab()
    page.shows_clip(0)
    page.go_to(30)
    page.page.locator("#labels [data-label=b-roll]").focus()
    focused = "document.activeElement.dataset.label ?? null"
    page.press("Shift+Tab", "Tab")
    assert page.page.evaluate(focused) == "b-roll"
    for labels in (["b-roll"], [], ["b-roll"]):
        page.press("Enter")
        page.until(
            "document.querySelectorAll('#labels [aria-pressed=true]').length === "
            + str(len(labels))
        )
        assert page.page.evaluate(focused) == "b-roll"
    page.is_saved()
    assert live(engine, film)[0].labels == ["b-roll"]
    assert len(live(engine, film)) == 6


def test_stored_choices_that_make_no_sense_do_no_harm(tab: Callable[..., Tab], film: Film) -> None:
    choices = {
        "volume": "loud",
        "rate": "fast",
        "muted": "?",
        "keys": "{",
        "place": '{"clip": 1e300, "frame": 3, "search": ""}',
    }
    script = "".join(
        f"localStorage['heaters.{name}'] = '{value}';" for name, value in choices.items()
    )
    page = tab(script)
    page.shows_clip(0)
    assert page.page.evaluate("[heaters.player.sound.volume, heaters.player.rate]") == [1, 1]
    page.press("ArrowDown")
    assert page.page.evaluate("heaters.player.sound.volume") == 0.9
    assert page.complaints == []


def test_keys_can_be_changed(tab: Callable[..., Tab], film: Film, engine: Engine) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("?")
    cap(page, "approve").click()
    assert "Approve" in told(page)
    page.press("y")
    assert told(page) == "“Approve” is now y."
    assert cap(page, "approve").inner_text() == "y"
    page.press("?")
    page.until("!document.getElementById('help').open")
    assert page.page.inner_text(".do-approve kbd") == "y"
    page.press("a")
    page.press("y")
    page.shows_clip(70)
    page.page.reload()
    page.shows_clip(70)
    page.press("y")
    page.shows_clip(131)
    page.is_saved()
    assert states(engine, film)[:2] == ["review_approved"] * 2


def test_a_key_that_is_taken_can_be_swapped_and_all_can_be_reset(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("?")
    cap(page, "approve").click()
    page.press("F5")
    assert "belongs to the browser" in told(page)
    page.press("x")
    assert "“Archive” already uses x" in told(page)
    page.press("Enter")  # on the button that swaps them
    assert told(page) == "“Approve” is now x, “Archive” a."
    page.until("document.activeElement.dataset.rebind === 'approve'")
    page.press("Escape")
    page.until("!document.getElementById('help').open")
    page.press("a")
    page.shows_clip(70)
    page.is_saved()
    assert states(engine, film)[0] == "review_archived"
    page.press("?")
    cap(page, "skip").click()
    page.press("Escape")  # leaves Skip as it is
    page.page.click("#help-reset")
    page.press("?", "a")
    page.shows_clip(131)
    page.is_saved()
    assert states(engine, film)[1] == "review_approved"


@pytest.mark.parametrize("stored", ["{", "7", '{"approve": 5, "what": "a"}', '["a"]'])
def test_stored_keys_that_make_no_sense_are_left_out(
    tab: Callable[..., Tab], film: Film, stored: str
) -> None:
    page = tab(script=f"localStorage.setItem('heaters.keys', {stored!r})")
    page.shows_clip(0)
    page.press("a")
    page.shows_clip(70)
    assert page.complaints == []


def test_the_overlay_keeps_keys_from_the_page(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("?", "a", "?")
    page.until("!document.getElementById('help').open")
    page.press("/", "Tab", "a", "Escape")
    page.until("!document.getElementById('filters').open")
    page.shows_clip(0)
    assert page.page.evaluate("heaters.queue.unsaved") == 0


def test_every_key_of_the_overlay_is_tried_in_these_tests(tab: Callable[..., Tab]) -> None:
    """So that a new one comes with its test."""
    page = tab()
    bound = page.page.evaluate(
        "async () => (await import('/static/review/bindings.js')).BINDINGS.map((b) => b.action)"
    )
    elsewhere = {
        *("mark", "filters", "help", "repeat", "nextClip", "previousClip", "inPoint", "outPoint"),
        *("nextSuggestion", "previousSuggestion", "nextTransition", "previousTransition"),
        *("acrossStart", "acrossEnd", "zoom", "fullScreen", "timelineIn", "timelineOut"),
        *("compare", "even", "collect", "chooseCollection", "still", "searchLike"),
        *("openStack", "apart", "stacks", "comments"),
        *(
            f"{edge}{way}{by}"
            for edge in ("start", "end")
            for way in ("Earlier", "Later")
            for by in ("", "10")
        ),
    }
    here = {
        *("approve", "skip", "archive", "group", "mergePrevious", "mergeNext", "split", "undo"),
        *("toggle", "back", "forward", "back10", "forward10", "first", "last", "jump"),
        *("backwards", "halt", "forwards", "mute", "softer", "louder", "label", "note"),
        *(f"rate{n}" for n in range(6)),
        *(f"label{n}" for n in range(1, 10)),
    }
    assert set(bound) == here | elsewhere
