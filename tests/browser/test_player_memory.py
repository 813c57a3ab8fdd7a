"""What the player holds, over hundreds of clips and with the garbage collector at its heels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from playwright.sync_api import Browser, BrowserType

from tests.browser.chromium import open_chromium
from tests.browser.painting import PAINTED, assert_one_way, loops
from tests.browser.review_world import Film
from tests.browser.tab import Tab
from tests.footage import NumberedFilm


@pytest.fixture(scope="module", params=[80, pytest.param(500, marks=pytest.mark.whole)])
def clips(request: pytest.FixtureRequest) -> int:
    """How many clips of four frames the film has, before one of two hundred."""
    return int(request.param)


@pytest.fixture(scope="module")
def film_plan(clips: int) -> NumberedFilm:
    cuts = range(4, 4 * clips + 1, 4)
    return NumberedFilm(4 * clips + 200, cuts, rate=Fraction(60), size=(160, 90))


OPEN_FRAMES = """
window.opened = 0; window.mostOpen = 0;
const Real = VideoDecoder;
window.VideoDecoder = class extends Real {
  constructor({ output, error }) {
    super({ error, output: (picture) => {
      opened += 1;
      mostOpen = Math.max(mostOpen, opened);
      output(picture);
    } });
  }
};
const { close } = VideoFrame.prototype;
VideoFrame.prototype.close = function () { opened -= 1; close.call(this); };
"""


def heap(page: Tab) -> float:
    """Bytes, after a collection."""
    session = page.page.context.new_cdp_session(page.page)
    session.send("HeapProfiler.collectGarbage")
    used = float(session.send("Runtime.getHeapUsage")["usedSize"])
    session.detach()
    return used


def test_over_hundreds_of_clips_nothing_grows(
    clips: int, tab: Callable[..., Tab], film: Film
) -> None:
    page = tab(script=OPEN_FRAMES)
    used = []
    for number in range(clips):
        page.until(f"heaters.player.clip?.start_frame === {4 * number}", seconds=30)
        page.until("heaters.player.presented !== null", seconds=30)
        if number % 40 == 39:
            # What waits for the server is kept, however much that is.
            page.until("heaters.queue.unsaved === 0", seconds=60)
            used.append(heap(page))
        page.press("s")
    page.shows_clip(4 * clips)
    stats, opened, most = page.page.evaluate("[heaters.player.stats, opened, mostOpen]")
    assert most <= 6
    assert (stats["openFrames"], stats["mostOpen"]) == (opened, most)
    assert stats["encodedBytes"] <= 256 * 2**20
    assert used[-1] < used[0] * 1.3 + 1e6
    page.page.evaluate("heaters.player.clear()")
    page.until("opened === 0 && heaters.player.stats.openFrames === 0")
    assert page.complaints == []


@pytest.fixture
def collecting(browser: Browser) -> Iterator[Browser]:
    """A browser whose pages can call for the garbage collector."""
    kind: BrowserType = browser.browser_type
    with open_chromium(kind, "--js-flags=--expose-gc") as opened:
        yield opened


def test_with_a_collection_every_20_ms(collecting: Browser, address: str, film: Film) -> None:
    context = collecting.new_context()
    context.add_init_script(PAINTED + "setInterval(gc, 20);")
    page = Tab(context.new_page(), address)
    for number in range(20):
        page.shows_clip(4 * number)
        assert page.go_to(4 * number + 2) == 4 * number + 2
        page.press("s")
    assert_one_way(loops(page, 1, 3), 80, 84, 1)
    assert set(loops(page, -1, 3)) <= {80, 81, 82, 83}
    context.close()
