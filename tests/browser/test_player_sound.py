"""The sound of a clip: where the picture is, at the rates at which it is heard."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import pytest

from tests.browser.painting import open_clip
from tests.browser.review_world import Film
from tests.browser.tab import Tab
from tests.footage import NumberedFilm

FRAMES = 300
CUTS = (60, 180)
FILM = NumberedFilm(FRAMES, CUTS, rate=Fraction(30))

LISTEN = """
window.sources = [];
const { start, stop } = AudioBufferSourceNode.prototype;
AudioBufferSourceNode.prototype.start = function (when, offset) {
  sources.push({ node: this, offset, at: this.context.currentTime });
  start.call(this, when, offset);
};
AudioBufferSourceNode.prototype.stop = function (...when) {
  sources = sources.filter(({ node }) => node !== this);
  stop.apply(this, when);
};
/** How far the sound is ahead of the picture, in seconds, at each picture of the display. */
window.gaps = async (ms) => {
  const gaps = [];
  const until = performance.now() + ms;
  while (performance.now() < until) {
    await new Promise(requestAnimationFrame);
    const [source] = sources;
    const { clip, presentedSeconds } = heaters.player;
    if (!source || presentedSeconds === null) continue;
    const { node, offset, at } = source;
    const passed = (node.context.currentTime - at - (node.context.outputLatency || 0)) *
      node.playbackRate.value;
    const heard = (offset + passed) % node.loopEnd;
    const gap = heard - (presentedSeconds - clip.start_seconds);
    const length = clip.duration_seconds;
    gaps.push(((gap + 1.5 * length) % length) - length / 2);
  }
  return gaps;
};
"""


def test_sound_starts_with_the_first_key_and_can_be_muted(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab(script=LISTEN)
    page.shows_clip(0)
    page.press("Home")
    page.until("sources.length === 1")
    page.press("Space")
    page.until("sources.length === 0")
    page.press("Space", "v")
    page.until("heaters.player.playing && sources.length === 0 && heaters.player.sound.muted")
    page.press("v")
    page.until("sources.length === 1")


@pytest.mark.parametrize("rate", [1, 2])
def test_sound_is_where_the_picture_is(tab: Callable[..., Tab], film: Film, rate: int) -> None:
    page = tab(script=LISTEN)
    open_clip(page, 60)
    page.press("Home")
    page.page.evaluate("(rate) => heaters.player.setRate(rate)", rate)
    page.until(f"sources[0]?.node.playbackRate.value === {rate}")
    gaps = sorted(page.page.evaluate("gaps(4500 / heaters.player.rate)"))
    # A frame is shown for a while in which the sound goes on, and a busy machine shows it late.
    assert -0.05 * rate < gaps[len(gaps) // 2] < (1 / 30 + 0.06) * rate
    assert page.page.evaluate("sources.length") == 1


def test_sound_is_silent_at_other_rates(tab: Callable[..., Tab], film: Film) -> None:
    page = tab(script=LISTEN)
    open_clip(page, 60)
    page.press("Home")
    page.until("sources.length === 1")
    for rate in (4, 1, -1, 2, 0.5, 1):
        page.page.evaluate("(rate) => heaters.player.setRate(rate)", rate)
        heard = 1 if rate in (1, 2) else 0
        page.until(f"sources.length === {heard}")


def test_volume_is_remembered(tab: Callable[..., Tab], film: Film) -> None:
    page = tab(script=LISTEN)
    page.shows_clip(0)
    page.page.evaluate("heaters.player.sound.setVolume(0.25)")
    page.page.reload()
    page.until("heaters?.player?.presented != null")
    assert page.page.evaluate("heaters.player.sound.volume") == 0.25


def test_wave_form(tab: Callable[..., Tab], film: Film) -> None:
    """The film's sound is one tone, with three tenths of full strength."""
    page = tab()
    open_clip(page, 60)
    clip = "heaters.player.clip"
    peaks = page.until(
        f"heaters.player.peaks({clip}, {clip}, 40) && [...heaters.player.peaks({clip}, {clip}, 40)]"
    )
    assert len(peaks) == 40
    assert all(0.2 < peak < 0.4 for peak in peaks)
    assert all(abs(a - b) < 0.1 for a, b in pairwise(peaks))


def test_clips_are_played_at_one_level_and_the_meter_shows_it(
    tab: Callable[..., Tab], film: Film
) -> None:
    """The tone has -14 LUFS and is played at -23, 9 dB softer."""
    page = tab(script=LISTEN)
    open_clip(page, 60)
    page.press("Home")
    page.until("sources.length === 1 && heaters.player.sound.peak > 0.02")
    assert -15.5 < page.page.evaluate("heaters.player.sound.loudness") < -12.5
    assert 0.08 < page.until("heaters.player.sound.peak") < 0.15
    page.until("document.getElementById('meter').style.transform.match(/scaleX\\(0\\.[4-9]/)")
    page.press("Shift+V")
    page.until("heaters.player.sound.peak > 0.25")
    page.press("Space")
    page.until("document.getElementById('meter').style.transform === 'scaleX(0)'")
    page.page.reload()
    page.until("heaters?.player?.presented != null")
    assert not page.page.evaluate("heaters.player.sound.isEven")
