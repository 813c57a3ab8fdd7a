"""The player in real Chromium: every painted frame is read back from pixels."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import pytest
from sqlalchemy import Engine

from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from tests.browser.review_world import Film, Footage, add_film, prepare
from tests.browser.tab import READ_NUMBER, Tab
from tests.footage import make_numbered_film

FRAMES = 420
CUTS = (70, 131, 200, 204, 300)

PAINTED = f"""
window.painted = [];
const draw = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (...what) {{
  draw.apply(this, what);
  if (this.canvas.id === 'picture') painted.push(({READ_NUMBER})(this.canvas));
}};
"""
"""Notes the number of every frame that is ever painted."""


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    folder = tmp_path_factory.mktemp("film")
    film = make_numbered_film(folder / "film.mp4", FRAMES, rate=Fraction(30), scenes=CUTS)
    return prepare(film, folder)


@pytest.fixture
def film(engine: Engine, settings: Settings, footage: Footage) -> Film:
    return add_film(engine, LocalStorage(settings.home / "storage"), footage, "film", CUTS)


def open_clip(page: Tab, start: int) -> None:
    while page.page.evaluate("heaters.player.clip?.start_frame ?? -1") < start:
        before = page.page.evaluate("heaters.player.clip?.start_frame ?? -1")
        page.until("heaters.player.presented !== null")
        page.press("s")
        page.until(f"heaters.player.clip.start_frame > {before}")
    page.shows_clip(start)


def painted_at(page: Tab, rate: float, loops: int) -> list[int]:
    """Frames in the order in which they were painted, until the clip has begun so many loops."""
    page.page.evaluate("(rate) => { painted = []; heaters.player.setRate(rate); }", rate)
    back = "n < painted[i - 1]" if rate > 0 else "n > painted[i - 1]"
    page.until(f"painted.filter((n, i) => {back}).length >= {loops}", seconds=30)
    return list(page.page.evaluate("painted"))


@pytest.mark.parametrize("rate", [1, 2, 4, 8, -1, -2, -4, -8])
def test_at_every_rate_only_frames_of_the_clip_are_painted(
    tab: Callable[..., Tab], film: Film, rate: int
) -> None:
    page = tab(script=PAINTED)
    open_clip(page, 70)
    seen = painted_at(page, rate, 3)
    assert set(seen) <= set(range(70, 131))
    forward = 1 if rate > 0 else -1
    moves = [(b - a) * forward for a, b in pairwise(seen[1:])]
    assert all(move > 0 or move < -30 for move in moves), "one way, but for the loop's beginning"


def test_shuttle_halt_and_remembered_rate(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)
    rates = page.page.evaluate(
        """() => {
          const { player } = heaters;
          const rates = [];
          for (const direction of [1, 1, -1, -1, -1, -1]) {
            player.shuttle(direction);
            rates.push(player.rate);
          }
          player.halt();
          return [...rates, player.rate, player.playing];
        }"""
    )
    assert rates == [2, 4, 2, 1, -1, -2, 1, False]
    page.page.evaluate("heaters.player.setRate(2), heaters.player.setRate(-2)")
    page.press("s")
    page.shows_clip(70)
    assert page.page.evaluate("heaters.player.rate") == 2
    page.page.reload()
    page.until("heaters.player?.clip && heaters.player.rate === 2")


def test_frames_asked_for_by_name(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    open_clip(page, 131)
    for frame in (131, 199, 130, 200):
        shown = f"""(() => {{
          const still = heaters.player.stills.still('{film.proxy_id}', {frame});
          if (!still) return null;
          const canvas = document.createElement('canvas');
          canvas.width = still.width;
          canvas.height = still.height;
          canvas.getContext('2d').drawImage(still, 0, 0);
          return [({READ_NUMBER})(canvas)];
        }})()"""
        assert page.until(shown) == [frame]
