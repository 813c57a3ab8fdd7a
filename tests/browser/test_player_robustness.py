"""The player through everything that goes wrong in a browser: no wrong frame, and it goes on."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

from flask import Flask
from playwright.sync_api import Page

from tests.browser.painting import DECODERS, PAINTED, assert_one_way, loops, open_clip
from tests.browser.review_world import Film, served
from tests.browser.tab import Tab
from tests.footage import NumberedFilm

FRAMES = 300
CUTS = (100, 161, 165)
FILM = NumberedFilm(FRAMES, CUTS, rate=Fraction(30))

CLOSE = "decoders.filter(({ state }) => state !== 'closed').forEach((each) => each.close())"

STORM = """
window.errors = 0;
window.configured = [];
const { decode, configure } = VideoDecoder.prototype;
VideoDecoder.prototype.configure = function (config) {
  configured.push(config.hardwareAcceleration ?? 'any');
  configure.call(this, config);
};
VideoDecoder.prototype.decode = function (chunk) {
  if (errors > 0) {
    errors -= 1;
    const spoilt = { type: 'key', timestamp: chunk.timestamp, data: new Uint8Array(50) };
    decode.call(this, new EncodedVideoChunk(spoilt));
  } else {
    decode.call(this, chunk);
  }
};
"""


def looks_right(page: Tab, start: int, end: int, seeks: int = 6) -> None:
    """A loop and some seeks in the clip on the screen."""
    assert_one_way(loops(page, 1, 1), start, end, 1)
    for frame in [start, end - 1, *random.Random(start).choices(range(start, end), k=seeks)]:
        assert page.go_to(frame) == frame
    assert set(page.page.evaluate("painted")) <= set(range(start, end))


def test_a_decoder_that_is_taken_away_is_replaced(tab: Callable[..., Tab], film: Film) -> None:
    page = tab(script=DECODERS + PAINTED)
    open_clip(page, 100)
    page.page.evaluate(CLOSE)
    looks_right(page, 100, 161)
    for frame in (103, 150, 104):
        page.page.evaluate(CLOSE)
        assert page.go_to(frame) == frame
    page.page.evaluate(f"heaters.player.play(), window.taking = setInterval(() => {CLOSE}, 300)")
    assert_one_way(loops(page, 1, 1), 100, 161, 1)
    page.page.evaluate("clearInterval(taking)")
    assert page.page.evaluate("heaters.player.engineName") == "WebCodecs"


def test_errors_in_a_storm_lead_to_software_and_then_to_the_fallback(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab(script=STORM + PAINTED)
    open_clip(page, 100)
    page.page.evaluate("errors = 2")
    looks_right(page, 100, 161)
    assert set(page.page.evaluate("configured")) == {"any"}
    frames = iter(range(101, 161, 7))
    while "prefer-software" not in page.page.evaluate("configured"):
        page.page.evaluate("errors = 1")  # which may meet a still or a neighbour, too
        frame = next(frames)
        assert page.go_to(frame) == frame
    assert page.page.evaluate("heaters.player.engineName") == "WebCodecs"
    page.page.evaluate("errors = 1000")
    assert page.go_to(122) == 122
    page.until("heaters.player.engineName === 'video element'")
    looks_right(page, 100, 161)
    assert "decoder failed 3 times" in page.page.inner_text("#engine-why")


def test_a_tab_that_was_frozen_goes_on(tab: Callable[..., Tab], film: Film) -> None:
    page = tab(script=DECODERS + PAINTED)
    open_clip(page, 100)
    session = page.page.context.new_cdp_session(page.page)
    page.page.evaluate("heaters.player.setRate(1), painted = []")
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    page.page.wait_for_timeout(1500)
    session.send("Page.setWebLifecycleState", {"state": "active"})
    page.page.evaluate(CLOSE)  # browsers take decoders of tabs that nobody sees
    looks_right(page, 100, 161)


def test_a_server_that_stops_and_starts_in_the_middle_of_a_run(
    tab: Callable[..., Tab], app: Flask, film: Film
) -> None:
    with served(app) as url:
        port = int(url.rpartition(":")[2])
        page = tab(script=PAINTED, url=url)
        slow(page.page, 60_000)
        page.page.reload()
        page.until("heaters.player?.presented != null", seconds=90)
    page.until("heaters.player.trouble !== null")
    slow(page.page, -1)
    assert "trying again" in page.page.evaluate("heaters.player.trouble")
    known = page.page.evaluate("heaters.player.loaded[0]")
    assert page.go_to(known[1] - 1) == known[1] - 1
    with served(app, port):
        page.until("heaters.player.trouble === null", seconds=30)
        page.until("heaters.player.loaded.some(([a, b]) => a === 0 && b === 100)", seconds=30)
        looks_right(page, 0, 100)


def slow(page: Page, bytes_per_second: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"downloadThroughput": bytes_per_second, "uploadThroughput": -1, "latency": 0}
    session.send("Network.emulateNetworkConditions", {"offline": False, **limits})


def test_scrubbing_shows_the_last_place_and_nothing_outside_the_clip(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab(script=PAINTED)
    open_clip(page, 100)
    page.go_to(100)
    page.page.evaluate("painted = []")
    asked = page.page.evaluate(
        """async () => {
          const asked = [];
          const until = performance.now() + 30_000; // a machine that stands still paints nothing
          for (let n = 0; n < 60 || (painted.length <= 5 && performance.now() < until); n += 1) {
            asked.push(90 + Math.floor(Math.random() * 80));
            heaters.player.scrub(asked.at(-1), performance.now());
            await new Promise((done) => setTimeout(done, n % 3 * 10));
          }
          return asked;
        }"""
    )
    last = min(160, max(100, asked[-1]))
    assert page.on_screen() == last
    painted = page.page.evaluate("painted")
    assert set(painted) <= {min(160, max(100, frame)) for frame in asked}
    assert len(painted) > 5, "the picture follows the pointer"
