"""Playing in real Chromium, at every rate: each painted frame is read back from pixels."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import Engine

from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.storage import LocalStorage
from tests.browser.painting import PAINTED, assert_one_way, loops, open_clip
from tests.browser.review_world import Film, add_film, prepare
from tests.browser.tab import Tab
from tests.footage import NumberedFilm, make_numbered_film

FRAMES = 200
CUTS = (60, 121, 125)
FILM = NumberedFilm(FRAMES, CUTS, rate=Fraction(30))


def test_at_every_rate_only_frames_of_the_clip_are_painted(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab(script=PAINTED)
    open_clip(page, 60)
    for rate in (1, -1, 2, -2, 4, -4, 8, -8):
        assert_one_way(loops(page, rate, 2), 60, 121, rate)
    page.press("s")
    page.shows_clip(121)
    for rate in (1, -1, 2, -2):
        assert set(loops(page, rate, 4)) <= {121, 122, 123, 124}
    assert page.complaints == []


def test_a_clip_begins_with_its_first_frame_and_loops_over_all_of_them(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab(script=PAINTED)
    open_clip(page, 60)
    page.page.evaluate("painted = []")
    page.press("s")
    page.shows_clip(121)
    page.until("painted.filter((n) => n === 121).length >= 5")
    seen = page.page.evaluate("painted.slice(painted.indexOf(121))")
    assert page.page.evaluate("painted.find((n) => n > 120)") == 121
    assert set(seen) == {121, 122, 123, 124}


def test_the_first_frame_comes_first_however_late(tab: Callable[..., Tab], film: Film) -> None:
    page = tab(script=PAINTED)
    page.shows_clip(0)
    # Nothing is loaded ahead, and of the next clip's frames the first is decoded last.
    page.page.evaluate("heaters.player.expect([]), heaters.player.expect = () => {}")
    page.page.evaluate(
        """() => {
          const { decode } = VideoDecoder.prototype;
          let held = null;
          VideoDecoder.prototype.decode = function (chunk) {
            if (heaters.player.clip.start_frame === 60 && held === null) {
              held = chunk;
              setTimeout(() => decode.call(this, chunk), 100);
            } else {
              decode.call(this, chunk);
            }
          };
        }"""
    )
    page.press("s")
    page.shows_clip(60)
    page.until("painted.filter((n) => n >= 60).length >= 5")
    assert page.page.evaluate("painted.find((n) => n >= 60)") == 60


def test_a_jump_while_it_plays_shows_nothing_in_between(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab(script=PAINTED)
    open_clip(page, 60)
    for _ in range(5):
        page.until("painted.at(-1) > 80 && painted.at(-1) < 110")
        page.page.evaluate("painted = [], heaters.player.seek(60)")
        page.until("painted.length >= 2")
        assert page.page.evaluate("painted[0]") == 60


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
    page.shows_clip(60)
    assert page.page.evaluate("heaters.player.rate") == 2
    page.page.reload()
    page.until("heaters.player?.clip && heaters.player.rate === 2")


def uneven_ticks(frames: int) -> list[int]:
    """Times of a film whose frames last from 4 to 200 ms."""
    lasting = random.Random(3).choices([375, 750, 1500, 3003, 3750, 18_000], k=frames)
    return [sum(lasting[:n]) for n in range(frames)]


FILMS: dict[str, dict[str, Any]] = {
    "23.976": {"rate": Fraction(24000, 1001)},
    "25": {"rate": Fraction(25)},
    "29.97": {"rate": Fraction(30000, 1001)},
    "59.94": {"rate": Fraction(60000, 1001)},
    "120": {"rate": Fraction(120)},
    "uneven": {"ticks": uneven_ticks(FRAMES)},
}


USUAL = ("25", "29.97", "59.94")
"""Kinds between others: for the long run."""


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=pytest.mark.whole) if kind in USUAL else kind for kind in FILMS],
)
def test_films_of_all_rates(
    tab: Callable[..., Tab], engine: Engine, storage: LocalStorage, tmp_path: Path, kind: str
) -> None:
    source = make_numbered_film(tmp_path / "film.mp4", FRAMES, scenes=CUTS, **FILMS[kind])
    footage = prepare(source, tmp_path)
    add_film(engine, storage, footage, "film", CUTS)
    page = tab(script=PAINTED)
    open_clip(page, 60)
    # At 120 frames a second and rate 8 a loop lasts 64 ms: a busy machine paints twice in it.
    for rate in (1, -2, 4 if kind == "120" else 8):
        assert_one_way(loops(page, rate, 2), 60, 121, rate)
    assert set(loops(page, 8, 2)) <= set(range(60, 121))
    for frame in [60, 120, *random.Random(kind).choices(range(60, 121), k=12)]:
        assert page.go_to(frame) == frame
    for frame in range(page.go_to(75) + 1, 85):
        page.press("ArrowRight")
        assert page.on_screen() == frame
    assert set(page.page.evaluate("painted")) <= set(range(60, 121))


def test_a_clip_lasts_as_long_as_its_frames(
    tab: Callable[..., Tab], engine: Engine, storage: LocalStorage, tmp_path: Path
) -> None:
    """By the times of its frames, of which some last fifty times as long as others. A machine that
    stands still for a while makes one loop longer, and the next one shorter."""
    ticks = uneven_ticks(FRAMES)
    source = make_numbered_film(tmp_path / "film.mp4", FRAMES, ticks=ticks, scenes=CUTS)
    footage = prepare(source, tmp_path)
    add_film(engine, storage, footage, "film", CUTS)
    page = tab()
    open_clip(page, 60)
    began = page.page.evaluate(
        """async () => {
          const { player } = heaters;
          let before = player.presented, began = [];
          while (began.length < 5) {
            await new Promise(requestAnimationFrame);
            if (player.wanted < before) began.push(performance.now());
            before = player.wanted;
          }
          return began;
        }"""
    )
    expected = (ticks[121] - ticks[60]) / TICKS_PER_SECOND * 1000
    lasted = median(later - earlier for earlier, later in pairwise(began[1:]))
    assert lasted == pytest.approx(expected, rel=0.1)
