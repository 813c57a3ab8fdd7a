"""What shows the frames where WebCodecs can't: the video element, then the sprite sheets. The page
says which and why, and what it says is on the screen is."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import pytest
import sqlalchemy as sa
from playwright.sync_api import Route
from sqlalchemy import Engine

from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import SourceVideo
from tests.browser.chromium import FOREIGN_NAME
from tests.browser.painting import PAINTED, assert_one_way, loops
from tests.browser.review_world import Film
from tests.browser.tab import READ_NUMBER, Tab
from tests.footage import NumberedFilm

FRAMES = 200
CUTS = (60, 121, 125)
FILM = NumberedFilm(FRAMES, CUTS, rate=Fraction(30))

NO_WEBCODECS = "delete window.VideoDecoder;"
NO_H264 = "VideoDecoder.isConfigSupported = async () => ({ supported: false });"
NO_VIDEO = "HTMLMediaElement.prototype.canPlayType = () => '';"
FAILING = """
VideoDecoder.prototype.decode = function () { throw new Error('out of order'); };
"""
SMALL = """
const Real = VideoDecoder;
window.VideoDecoder = class extends Real {
  constructor({ output, error }) {
    super({ error, output: (picture) => {
      const { timestamp } = picture;
      picture.close();
      const canvas = new OffscreenCanvas(64, 36);
      canvas.getContext('2d').fillRect(0, 0, 64, 36);
      output(new VideoFrame(canvas, { timestamp }));
    } });
  }
};
"""


def why(page: Tab) -> str:
    page.until("!document.getElementById('engine-why').hidden")
    return page.page.inner_text("#engine-why")


@pytest.mark.parametrize(
    ("script", "host", "reason"),
    [
        (NO_WEBCODECS, "127.0.0.1", "no WebCodecs"),
        (NO_H264, "127.0.0.1", "can't decode avc1"),
        (FAILING, "127.0.0.1", "failed 3 times (Error: out of order)"),
        (SMALL, "127.0.0.1", "made 64 x 36 of 320 x 180"),
        ("", FOREIGN_NAME, "https or localhost"),
    ],
    ids=["no-webcodecs", "no-h264", "failing", "wrong-size", "plain-http"],
)
def test_the_video_element_shows_the_same_frames(
    tab: Callable[..., Tab], film: Film, address: str, script: str, host: str, reason: str
) -> None:
    page = tab(script=script, url=address.replace("127.0.0.1", host))
    for start, end in ((0, 60), (60, 121)):
        page.shows_clip(start)
        page.until("heaters.player.engineName === 'video element'")
        for frame in [start, end - 1, *random.Random(start).choices(range(start, end), k=6)]:
            assert page.go_to(frame) == frame
        page.press("s")
    assert page.page.inner_text("#engine") == "video element"
    assert reason in why(page)
    still = f"""(() => {{
      const still = heaters.player.stills.still('{film.proxy_id}', 121);
      if (!still) return null;
      const canvas = document.createElement('canvas');
      canvas.width = still.width;
      canvas.height = still.height;
      canvas.getContext('2d').drawImage(still, 0, 0);
      return [({READ_NUMBER})(canvas)];
    }})()"""
    assert page.until(still) == [121]
    assert page.complaints == []


def test_the_video_element_paints_frames_of_the_clip_alone(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab(script=NO_WEBCODECS + PAINTED)
    page.shows_clip(0)
    page.press("s")
    page.shows_clip(60)
    for rate in (1, -1, 8):
        assert_one_way(loops(page, rate, 2), 60, 121, rate)


def test_the_video_element_goes_on_after_the_server_was_away(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab(script=NO_WEBCODECS)
    page.page.route("**/proxy.mp4", lambda route: route.abort())
    page.page.reload()
    page.until("heaters.player?.engineName === 'video element'")
    page.until("heaters.player.waiting")
    page.page.unroute("**/proxy.mp4")
    page.shows_clip(0)
    assert page.go_to(17) == 17


def spoilt(route: Route) -> None:
    route.fulfill(body=b"no video " * 1000, content_type="video/mp4")


@pytest.mark.parametrize("script", [NO_VIDEO, ""], ids=["no-h264", "failing"])
def test_sprites_show_frames_of_the_clip_as_those_they_are(
    tab: Callable[..., Tab], film: Film, script: str
) -> None:
    every = film.footage.sprite_index.every
    page = tab(script=NO_WEBCODECS + script + PAINTED)
    page.page.route("**/proxy.mp4", spoilt)
    page.shows_clip(0)
    page.until("heaters.player.engineName === 'preview pictures'")
    assert "no WebCodecs" in why(page)
    assert "video element can't play" in why(page)
    page.press("s")
    page.shows_clip(60)
    page.page.evaluate("painted = []")
    first, *others = [frame for frame in range(60, 121) if frame % every == 0]
    for frame in (60, 120, 77):
        page.page.evaluate("(n) => { heaters.player.pause(); heaters.player.seek(n); }", frame)
        assert page.on_screen() == max(first, frame // every * every)
    page.press("Home")
    assert page.on_screen() == first
    page.press("ArrowRight")
    assert page.on_screen() == others[0]
    page.press("ArrowRight", "ArrowLeft", "ArrowLeft")
    assert page.on_screen() == first
    page.press("Space")
    assert_one_way(loops(page, 1, 2), 60, 121, 1)
    assert set(page.page.evaluate("painted")) <= {first, *others}
    assert page.complaints == []


def test_a_clip_without_a_sprite_shows_none_of_another(tab: Callable[..., Tab], film: Film) -> None:
    every = film.footage.sprite_index.every
    assert not [frame for frame in range(121, 125) if frame % every == 0]
    page = tab(script=NO_WEBCODECS + NO_VIDEO + PAINTED)
    page.shows_clip(0)
    page.press("s")
    page.shows_clip(60)
    page.press("s")
    page.until("heaters.player.clip.start_frame === 121")
    page.page.evaluate("painted = []")
    assert "too short to have a preview picture" in page.notice()
    page.page.wait_for_timeout(300)
    assert page.page.evaluate("[painted.length, heaters.player.presented]") == [0, None]
    page.press("s")
    page.shows_clip(125)
    page.until("document.getElementById('notice').hidden")


def test_a_video_that_nothing_can_show_is_told(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    with transaction(engine) as session:
        session.execute(sa.update(SourceVideo).values(sprites=None, sprites_filepath=None))
    page = tab(script=NO_WEBCODECS + NO_VIDEO)
    assert "no preview pictures" in page.notice()
