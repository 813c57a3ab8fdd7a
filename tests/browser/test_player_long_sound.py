"""The sound of a clip too long for one piece: its parts follow one another without a gap."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from tests.browser.painting import open_clip
from tests.browser.review_world import Film
from tests.browser.tab import Tab
from tests.footage import NumberedFilm

RATE = 5
FILM = NumberedFilm(660, (5,), rate=Fraction(RATE), size=(64, 36))
"""Its second clip has 131 s: 14 parts, of which the page keeps 8."""

PART_SECONDS = 10

LISTEN = """
window.sources = [];
const { start, stop } = AudioBufferSourceNode.prototype;
AudioBufferSourceNode.prototype.start = function (when, offset) {
  sources.push({ node: this, offset, at: when, rate: this.playbackRate.value });
  start.call(this, when, offset);
};
AudioBufferSourceNode.prototype.stop = function (...when) {
  sources = sources.filter(({ node }) => node !== this);
  stop.apply(this, when);
};
/** How far the sound is ahead of the picture, in seconds within a part, at each picture. */
window.gaps = async (ms) => {
  const gaps = [];
  const until = performance.now() + ms;
  while (performance.now() < until) {
    await new Promise(requestAnimationFrame);
    const { clip, presentedSeconds } = heaters.player;
    const context = sources[0]?.node.context;
    const now = context?.currentTime - (context?.outputLatency || 0);
    const source = sources.findLast(({ at }) => at <= now);
    if (!source || presentedSeconds === null) continue;
    const heard = source.offset + (now - source.at) * source.rate;
    const gap = heard - (presentedSeconds - clip.start_seconds);
    gaps.push((((gap + 15) % 10) + 10) % 10 - 5);
  }
  return gaps;
};
"""


@pytest.mark.parametrize("rate", [1, 2])
def test_long_sound_is_where_the_picture_is(tab: Callable[..., Tab], film: Film, rate: int) -> None:
    page = tab(script=LISTEN)
    open_clip(page, 5)
    clip = "heaters.player.clip"
    page.until(f"heaters.player.peaks({clip}, {clip}, 40)?.every((peak) => peak > 0.2)")
    # From the middle of one part over the beginning of the next one.
    place = 5 + (PART_SECONDS * 5 + 8) * RATE
    page.page.evaluate(
        "([rate, at]) => { const { player } = heaters; player.setRate(rate); player.seek(at); }",
        [rate, place],
    )
    page.until("sources.length >= 1")
    page.until("sources.length >= 2", seconds=15)
    gaps = sorted(page.page.evaluate("gaps(3000)"))
    assert -0.05 * rate < gaps[len(gaps) // 2] < (1 / RATE + 0.06) * rate
    joins = page.page.evaluate("""() => sources.slice(1).map(({ at }, i) => {
      const { at: before, offset, rate, node } = sources[i];
      return at - before - (node.buffer.duration - offset) / rate;
    })""")
    assert all(abs(join) < 1e-6 for join in joins)
    page.page.evaluate("(at) => { sources = []; heaters.player.seek(at); }", place + 60 * RATE)
    page.until("sources.length >= 1")
    gaps = sorted(page.page.evaluate("gaps(1000)"))
    assert -0.05 * rate < gaps[len(gaps) // 2] < (1 / RATE + 0.06) * rate


def test_sound_that_does_not_load_is_told(tab: Callable[..., Tab], film: Film) -> None:
    page = tab(script=LISTEN)
    page.shows_clip(0)
    page.page.route("**/audio/**", lambda route: route.abort())
    page.press("s")
    page.until("!document.getElementById('sound-trouble').hidden")
    assert "The sound does not load" in page.page.inner_text("#sound-trouble")
    page.page.unroute("**/audio/**")
    page.press("Home")
    page.until("sources.length >= 1", seconds=20)
    page.until("document.getElementById('sound-trouble').hidden")
