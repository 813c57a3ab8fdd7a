"""The review page as a test sees it: keys, pixels, and the frame number that a picture shows."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page

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


class Tab:
    def __init__(self, page: Page, url: str, search: str = "") -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{url}/review{search}")

    def until(self, condition: str, seconds: float = 10) -> Any:
        """Waits until the JavaScript expression is true; gives its value. (Playwright's own wait
        needs eval, which the page forbids.)"""
        deadline = time.monotonic() + seconds
        while True:
            value = self.page.evaluate(f"() => ({condition})")
            if value:
                return value
            if time.monotonic() > deadline:
                told = self.page.evaluate(
                    """() => ({
                      wanted: heaters.player.wanted, presented: heaters.player.presented,
                      engine: heaters.player.engineName, reason: heaters.player.reason,
                      trouble: heaters.player.trouble, notice: heaters.queue.notice,
                      clips: heaters.queue.clips.map((c) => [c.start_frame, c.end_frame]),
                    })"""
                )
                raise AssertionError(f"never true: {condition}; {told}; {self.complaints}")
            time.sleep(0.02)

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

    def notice(self) -> str:
        self.until("!document.getElementById('notice').hidden")
        return self.page.inner_text("#notice-text")
