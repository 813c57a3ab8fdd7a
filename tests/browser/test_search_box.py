"""The search box in real Chromium: typing, pictures, the address, keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, Route, expect
from sqlalchemy import Engine

from heaters_pipeline.db.models import Clip
from heaters_pipeline.settings import Settings
from heaters_pipeline.work.encoder import EncoderClient
from tests.browser.review_world import Film
from tests.browser.tab import Tab
from tests.browser.test_widths import look_at
from tests.searching import describe, give_vectors, in_library, jpeg, search_process

DROP = """async ([name, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/jpeg' }));
  for (const type of ['dragover', 'drop']) {
    document.body.dispatchEvent(
      new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture
def clips(engine: Engine) -> list[Clip]:
    """Six clips: the first at the ferry, the second at night, all of the film "Harbour"."""
    found = in_library(engine, "harbour", cuts=(10, 20, 30, 40, 50))
    describe(engine, found[0].id, note="ferry")
    describe(engine, found[1].id, labels=["night"])
    return found


def shown(page: Page, *wanted: Clip) -> None:
    """Waits until these cards are there, in this order."""
    expect(page.locator("#cards .card-link")).to_have_count(len(wanted))
    for at, clip in enumerate(wanted):
        expect(page.locator("#cards .card").nth(at)).to_have_attribute("data-id", str(clip.id))


def test_results_come_as_one_types_and_the_address_follows(page: Page, clips: list[Clip]) -> None:
    page.goto("/library?min_seconds=0.1")
    expect(page.locator(".card")).to_have_count(6)
    page.keyboard.press("/")
    box = page.get_by_role("searchbox", name="Search all clips")
    expect(box).to_be_focused()
    page.keyboard.type("fery")
    shown(page, clips[0])
    expect(page.locator(".search-note").first).to_contain_text("“ferry” is near")
    expect(page.locator(".why")).to_contain_text("ferry in the note")
    expect(page).to_have_url(re.compile(r"\?min_seconds=0.1&words=fery$"))
    page.reload()
    shown(page, clips[0])
    expect(box).to_have_value("fery")
    page.get_by_role("button", name="Remove the filter: at least 0.1 s").click()
    expect(page).to_have_url(re.compile(r"\?words=fery$"))
    shown(page, clips[0])
    box.fill("zzzzzz")
    expect(page.locator("#found")).to_contain_text("No clip was found")
    page.go_back()
    expect(box).to_have_value("fery")
    shown(page, clips[0])
    box.fill("")
    expect(page.locator(".card")).to_have_count(6)
    expect(page).to_have_url(re.compile(r"/library$"))


def test_an_older_answer_never_takes_the_place_of_a_newer_one(
    page: Page, clips: list[Clip]
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.url.endswith("words=fer"):
            held.append(route)
        else:
            route.continue_()

    page.route("**/library/found?*", hold)
    page.goto("/library")
    box = page.get_by_role("searchbox")
    with page.expect_request("**/found?words=fer"):
        box.fill("fer")
    box.fill("night")
    shown(page, clips[1])
    for route in held:
        with suppress(Error):  # the page has given it up
            route.fulfill(body="<p>old</p>")
    page.wait_for_timeout(100)
    shown(page, clips[1])
    page.unroute("**/library/found?*")
    page.route("**/library/found?*", lambda route: route.abort())
    box.fill("night f")
    expect(page.locator("#search-told")).to_have_text("The server does not answer.")


def test_arrows_and_enter_go_from_clip_to_clip(page: Page, clips: list[Clip]) -> None:
    page.goto("/library")
    links = page.locator("#cards .card-link")
    answers: list[Route] = []
    page.route("**/library/found*", lambda route: answers.append(route))
    page.keyboard.press("/")
    with page.expect_request("**/library/found*words=harbour"):
        page.keyboard.type("harbour")
    page.keyboard.press("ArrowDown")  # the answer comes while the focus is among the clips
    expect(links.nth(0)).to_be_focused()
    for answer in answers:
        with suppress(Error):  # an earlier one is not waited for any more
            answer.continue_()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Found")
    expect(links.nth(0)).to_be_focused()
    page.unroute("**/library/found*")
    shown(page, *reversed(clips))
    page.keyboard.press("ArrowRight")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("#marked-count")).to_have_text("1 marked")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Enter")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/clips/{clips[5].id}")


@pytest.fixture
def pictures(engine: Engine, clips: list[Clip], settings: Settings) -> Iterator[dict[str, bytes]]:
    """A red picture, like the first clip, and a blue one, like the second."""
    colours = {"red": jpeg((0, 0, 200)), "blue": jpeg((200, 0, 0))}
    with search_process(settings.home, "layout-v1"):
        for clip, picture in zip(clips, colours.values(), strict=False):
            vector = EncoderClient(settings.home).picture(picture).vector
            give_vectors(engine, "layout-v1", {(clip.id, clip.start_frame): vector})
        yield colours


def test_a_picture_is_dropped_or_chosen_and_its_address_can_be_shared(
    page: Page, clips: list[Clip], pictures: dict[str, bytes], axe: str
) -> None:
    page.goto("/library?min_seconds=0.1")
    page.evaluate(DROP, ["blue.jpg", list(pictures["blue"])])
    page.wait_for_url(re.compile(r"min_seconds=0.1&picture=[0-9a-f]{64}$"))
    shown(page, clips[1], clips[0])
    expect(page.locator(".why").first).to_contain_text("1.00 like the picture, frame 10")
    assert page.get_by_alt_text("The picture that is searched for").evaluate(
        "async (picture) => { await picture.decode(); return picture.naturalWidth }"
    )
    page.set_input_files(
        "#picture-file",
        {"name": "red.jpg", "mimeType": "image/jpeg", "buffer": pictures["red"]},
    )
    shown(page, clips[0], clips[1])
    found = look_at("search", page, axe)
    assert not found, "\n".join(found)
    page.get_by_role("link", name="Search without the picture").click()
    expect(page.locator(".card")).to_have_count(6)
    page.wait_for_load_state()
    page.evaluate(DROP, ["red.jpg", [1, 2, 3]])
    expect(page.locator("#search-told")).to_contain_text("is no picture")


def test_the_frame_on_the_screen_is_searched_for(
    tab: Callable[..., Tab], film: Film, clips: list[Clip], pictures: dict[str, bytes]
) -> None:
    review = tab()
    review.shows_clip(0)
    with review.page.context.expect_page() as opened:
        review.page.keyboard.press("q")
    opened.value.wait_for_url(re.compile(r"/library\?picture=[0-9a-f]{64}$"))
    expect(opened.value.locator(".card")).to_have_count(2)
    page = review.page
    page.goto(page.url.partition("/review")[0] + f"/clips/{film.clips[0].id}")
    expect(page.locator("#strip")).to_be_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Search for clips like this frame").click()
    opened.value.wait_for_url(re.compile(r"/library\?picture=[0-9a-f]{64}$"))
