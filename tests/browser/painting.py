"""What the player paints, all of it: the number of each frame is read the moment it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from tests.browser.tab import READ_NUMBER, Tab

PAINTED = f"""
window.painted = [];
const draw = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (...what) {{
  draw.apply(this, what);
  if (this.canvas.id === 'picture') painted.push(({READ_NUMBER})(this.canvas));
}};
"""
"""A script for a new page: `painted` lists the number of every frame that is ever painted."""

DECODERS = """
window.decoders = [];
const Decoder = VideoDecoder;
window.VideoDecoder = class extends Decoder {
  constructor(init) {
    super(init);
    decoders.push(this);
  }
};
const open = () => decoders.filter(({ state }) => state !== 'closed');
"""
"""A script for a new page: `decoders` lists every decoder that was made."""


def open_clip(page: Tab, start: int) -> None:
    """Skips clips until the one that begins at `start` is on the screen."""
    page.until("heaters.player.presented !== null")
    while (here := page.page.evaluate("heaters.player.clip.start_frame")) != start:
        assert here < start
        page.press("s")
        page.until(f"heaters.player.clip.start_frame > {here} && heaters.player.presented !== null")
    page.shows_clip(start)


def loops(page: Tab, rate: float, count: int) -> list[int]:
    """Frames in the order in which they are painted at a rate, until the loop has begun anew so
    many times."""
    page.page.evaluate("(rate) => { heaters.player.setRate(rate); heaters.player.play(); }", rate)
    page.page.evaluate("painted = []")
    back = "n < painted[i - 1]" if rate > 0 else "n > painted[i - 1]"
    page.until(f"painted.filter((n, i) => {back}).length >= {count}", seconds=60)
    return list(page.page.evaluate("painted"))


def assert_one_way(frames: Sequence[int], start: int, end: int, rate: float) -> None:
    """Frames of [start, end) alone, and around the loop in the direction of the rate, as far as a
    busy machine lets that be seen."""
    assert set(frames) <= set(range(start, end))
    forward = 1 if rate > 0 else -1
    moves = [(b - a) * forward % (end - start) for a, b in pairwise(frames[1:])]
    assert median(moves) <= (end - start) / 2, moves
