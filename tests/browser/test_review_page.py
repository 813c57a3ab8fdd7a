"""The review page in real Chromium: what is painted is read back from pixels."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from tests.browser.chromium import FOREIGN_NAME
from tests.browser.numbered import CLIPS, states
from tests.browser.review_world import Film
from tests.browser.tab import PATIENCE, READ_NUMBER, SHOWN, Tab

POSTERS = f"() => [...document.querySelectorAll('#next canvas')].map({READ_NUMBER})"
COUNT_FRAMES = """
window.opened = 0; window.mostOpen = 0; window.decoders = [];
const Real = VideoDecoder;
window.VideoDecoder = class extends Real {
  constructor({ output, error }) {
    super({ error, output: (picture) => {
      window.opened += 1;
      window.mostOpen = Math.max(window.mostOpen, window.opened);
      output(picture);
    } });
    window.decoders.push(this);
  }
};
const close = VideoFrame.prototype.close;
VideoFrame.prototype.close = function () { window.opened -= 1; close.call(this); };
"""


def frames_of(start: int, end: int, some: int) -> list[int]:
    return [start, end - 1, *random.Random(start).choices(range(start, end), k=some)]


def test_frames_are_the_ones_asked_for_in_every_clip(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    supported = page.page.evaluate(
        """async () => {
          const { codec } = heaters.queue.current.video;
          return (await VideoDecoder.isConfigSupported({ codec })).supported;
        }"""
    )
    assert supported, "this Chromium's WebCodecs has no H.264: the player would go untested"
    page.until(f"({POSTERS})().join() === '{','.join(str(start) for start, _ in CLIPS[1:])}'")
    for start, end in CLIPS:
        page.shows_clip(start)
        for frame in frames_of(start, end, 10):
            assert page.go_to(frame) == frame
        page.press("a")
    page.until("!document.getElementById('empty').hidden")
    assert page.page.evaluate("heaters.player.engineName") == "WebCodecs"
    page.until("heaters.queue.unsaved === 0")
    assert states(engine, film) == ["review_approved"] * len(CLIPS)
    assert page.complaints == []


def test_a_clip_plays_at_once_and_loops_over_its_own_frames_only(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("a", "a", "a")
    page.shows_clip(200)
    seen = page.page.evaluate(
        f"""async () => {{
          const shown = {SHOWN};
          const seen = [];
          const until = performance.now() + {PATIENCE * 1000};
          const loops = () => seen.filter((number) => number === 200).length;
          while (loops() < 5 && performance.now() < until) {{
            await new Promise(requestAnimationFrame);
            const now = shown();
            if (now.number !== now.presented) throw new Error(JSON.stringify(now));
            if (seen.at(-1) !== now.number) seen.push(now.number);
          }}
          return seen;
        }}"""
    )
    assert set(seen) == {200, 201, 202, 203}
    assert seen.count(200) == 5


def test_pictures_are_closed_and_a_lost_decoder_is_replaced(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab(script=COUNT_FRAMES)
    for start, end in CLIPS[:4]:
        page.shows_clip(start)
        for frame in frames_of(start, end, 2):
            page.go_to(frame)
            page.page.evaluate(
                "decoders.filter((each) => each.state !== 'closed').forEach((each) => each.close())"
            )
        page.press("Space")
        page.until("heaters.player.playing")
        page.press("a")
    page.shows_clip(204)
    page.until("heaters.player.presented > 230")
    assert page.page.evaluate("heaters.player.engineName") == "WebCodecs"
    assert page.page.evaluate("mostOpen") <= 6
    page.page.evaluate("heaters.player.clear()")
    page.until("opened === 0")


@pytest.mark.parametrize(
    ("script", "host", "why"),
    [
        ("delete window.VideoDecoder;", "127.0.0.1", "no WebCodecs"),
        (
            "VideoDecoder.isConfigSupported = async () => ({ supported: false });",
            "127.0.0.1",
            "can't decode avc1",
        ),
        ("", FOREIGN_NAME, "https or localhost"),
    ],
    ids=["no-webcodecs", "no-h264", "plain-http"],
)
def test_without_webcodecs_a_video_element_shows_the_same_frames(
    tab: Callable[..., Tab], film: Film, address: str, script: str, host: str, why: str
) -> None:
    page = tab(script=script, url=address.replace("127.0.0.1", host))
    for start, end in CLIPS[:2]:
        page.shows_clip(start)
        for frame in frames_of(start, end, 4):
            assert page.go_to(frame) == frame
        page.press("a")
    assert page.page.inner_text("#engine") == "video element"
    assert why in page.page.inner_text("#engine-why")
    page.until(f"({POSTERS})().join() === '{','.join(str(start) for start, _ in CLIPS[3:])}'")
    fetched = page.page.evaluate(
        """performance.getEntriesByType('resource').map((entry) => entry.name)
          .filter((name) => name.includes('/media/') && name.includes('/frames/'))"""
    )
    assert len(fetched) <= 3, "the index is enough: the element reads the frames itself"


def test_sound_starts_with_the_first_key_and_can_be_muted(
    tab: Callable[..., Tab], film: Film
) -> None:
    listen = """
      window.playing = 0;
      const { start, stop } = AudioBufferSourceNode.prototype;
      AudioBufferSourceNode.prototype.start = function (...when) {
        window.playing += 1;
        start.apply(this, when);
      };
      AudioBufferSourceNode.prototype.stop = function (...when) {
        window.playing -= 1;
        stop.apply(this, when);
      };
    """
    page = tab(script=listen)
    page.shows_clip(0)
    page.press("Home")
    page.until("playing === 1")
    page.press("Space")
    page.until("playing === 0")
    page.press("Space", "v")
    page.until("heaters.player.playing && playing === 0 && heaters.player.sound.muted")
    page.press("v")
    page.until("playing === 1")
