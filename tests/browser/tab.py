"""The review page as a test sees it: keys, pixels, and the frame number that a picture shows."""

from __future__ import annotations

import json
import time
from typing import Any

from playwright.sync_api import Error, Page

READ_NUMBER = """(canvas) => {
  const { width, height } = canvas;
  const band = height / 6;
  const top = Math.floor(band / 4);
  const rows = Math.max(1, Math.floor((band * 3) / 4) - top);
  const { data } = canvas.getContext('2d').getImageData(0, top, width, rows);
  let number = 0;
  for (let place = 0; place < 16; place += 1) {
    const left = Math.floor(((place + 0.25) * width) / 16);
    const right = Math.max(left + 1, Math.floor(((place + 0.75) * width) / 16));
    let light = 0;
    for (let row = 0; row < rows; row += 1) {
      for (let x = left; x < right; x += 1) {
        const at = 4 * (row * width + x);
        light += data[at] + data[at + 1] + data[at + 2];
      }
    }
    number = number * 2 + (light / (3 * rows * (right - left)) > 128 ? 1 : 0);
  }
  return number;
}"""
"""JavaScript: the number burnt into a canvas's picture, by the geometry in `tests/footage.py`."""

SHOWN = f"""() => {{
  const {{ presented, wanted }} = heaters.player;
  return {{ number: ({READ_NUMBER})(document.getElementById('picture')), presented, wanted }};
}}"""


UNTIL = """async (ms) => {{
  const end = performance.now() + ms;
  for (;;) {{
    const value = await ({condition});
    if (value || performance.now() > end) return value;
    await new Promise((again) => setTimeout(again, 10));
  }}
}}"""
"""JavaScript: the value of an expression, once it is true or the time is over."""


PATIENCE = 40.0
"""Seconds: a page gives a request 10, and tries again."""

LEFT = "Execution context was destroyed"
"""What Playwright says where a page was left meanwhile."""


class Tab:
    def __init__(self, page: Page, url: str, search: str = "") -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{url}/review{search}")

    def until(self, condition: str, seconds: float = PATIENCE) -> Any:
        """Waits until the JavaScript expression is true; gives its value. (Playwright's own wait
        needs eval, which the page forbids. The page looks by itself: a call for each look costs
        more than what most tests wait for.)"""
        if value := self._looked(UNTIL.format(condition=condition), seconds):
            return value
        told = self.page.evaluate(
            """() => ({
              wanted: heaters.player.wanted, presented: heaters.player.presented,
              engine: heaters.player.engineName, reason: heaters.player.reason,
              trouble: heaters.player.trouble, notice: heaters.queue.notice,
              clips: heaters.queue.clips.map((c) => [c.start_frame, c.end_frame]),
            })"""
        )
        raise AssertionError(f"never true: {condition}; {told}; {self.complaints}")

    def _looked(self, look: str, seconds: float) -> Any:
        """Goes on in the next page where the one that was looked at has been left."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.page.evaluate(look, round((deadline - time.monotonic()) * 1000))
            except Error as error:
                if LEFT not in str(error) or time.monotonic() > deadline:
                    raise
                self.page.wait_for_load_state()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def on_screen(self) -> int:
        """The frame that is painted, once the picture is at rest; by pixels, player and label."""
        self.until("!heaters.player.playing && heaters.player.presented === heaters.player.wanted")
        self.until("document.getElementById('frame').textContent === `${heaters.player.presented}`")
        shown = self.page.evaluate(SHOWN)
        assert shown["number"] == shown["presented"] == shown["wanted"]
        return int(shown["number"])

    def go_to(self, frame: int) -> int:
        self.page.evaluate("(n) => { heaters.player.pause(); heaters.player.seek(n); }", frame)
        return self.on_screen()

    def shows_clip(self, start: int) -> None:
        self.until(f"heaters.queue.current?.start_frame === {start}")
        self.until(
            f"heaters.player.clip?.start_frame === {start} && heaters.player.presented !== null"
        )

    def is_saved(self) -> None:
        """Waits until every decision has reached the server."""
        self.until("heaters.queue.unsaved === 0")

    def says(self, text: str) -> None:
        """Waits until the notice says this, or has said it: it may disappear before a look."""
        said = "document.getElementById('notice-text').textContent"
        self.until(f"{said}.includes({json.dumps(text)})")

    def notice(self) -> str:
        self.until("!document.getElementById('notice').hidden")
        return self.page.inner_text("#notice-text")
