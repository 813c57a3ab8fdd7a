"""A real browser for benchmarks: Chromium without a GPU, pages that are pressed keys on and read
back from pixels."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heaters_pipeline.domain.errors import HeatersError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page, ViewportSize

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""Nothing in Chromium but the pages."""
FLAGS = (*QUIET, "--autoplay-policy=no-user-gesture-required")
PATIENCE_SECONDS = 30
VIEWPORT: ViewportSize = {"width": 1280, "height": 720}
SEEK_KEY = "F9"

SCRIPT = f"""(() => {{
  const painted = [];
  let told = () => {{}};
  new PerformanceObserver((list) => {{
    painted.push(...list.getEntries());
    told();
  }}).observe({{ type: 'measure' }});
  const scratch = document.createElement('canvas');
  const targets = [];
  addEventListener('keydown', (event) => {{
    if (event.key !== '{SEEK_KEY}') return;
    event.stopImmediatePropagation();
    heaters.player.seek(targets.shift(), event.timeStamp);
  }}, true);
  const tick = () => new Promise(requestAnimationFrame);
  const picture = () => {{
    const {{ element }} = heaters.player;
    if (!element) return document.getElementById('picture');
    scratch.width = element.videoWidth;
    scratch.height = element.videoHeight;
    scratch.getContext('2d', {{ willReadFrequently: true }}).drawImage(element, 0, 0);
    return scratch;
  }};
  /** The number burnt into the picture: 16 blocks of the uppermost sixth. */
  const number = () => {{
    const canvas = picture();
    const {{ width, height }} = canvas;
    const {{ data }} = canvas.getContext('2d').getImageData(0, Math.floor(height / 12), width, 1);
    let found = 0;
    for (let place = 0; place < 16; place += 1) {{
      found = found * 2 + (data[4 * Math.floor(((place + 0.5) * width) / 16)] > 128 ? 1 : 0);
    }}
    return found;
  }};
  window.bench = {{
    number,
    aim: (frame) => targets.push(frame),
    forget: () => painted.splice(0),
    /** Milliseconds from the key press to the paint of what it asked for. */
    async painted(name) {{
      const until = performance.now() + {PATIENCE_SECONDS * 1000};
      for (;;) {{
        const at = painted.findIndex((entry) => entry.name === `heaters:${{name}}`);
        if (at >= 0) return painted.splice(0, at + 1).at(-1).duration;
        if (performance.now() > until) return null;
        // No animation frame: one that is asked for here might be the one that the paint needs.
        await new Promise((done) => {{ told = done; setTimeout(done, 500); }});
      }}
    }},
    /** What the page shows at each picture of the display: [[ms, frame], ...]. */
    async watch(ms) {{
      const samples = [];
      const from = performance.now();
      for (let now = from; now - from < ms;) {{
        now = await tick();
        samples.push([now, heaters.player.presented]);
      }}
      return samples;
    }},
  }};
}})();"""


@contextmanager
def chromium() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as missing:
        raise HeatersError(
            "This benchmark drives a browser by playwright: pip install -e '.[test]'."
        ) from missing
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise HeatersError("This benchmark needs Chromium: install the package chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Press:
    milliseconds: float
    shown: int
    """The number read from the picture."""


class BenchPage:
    """The review page or the control page, with a video's clips in its queue."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._pauses = random.Random(1)
        page.add_init_script(SCRIPT)
        page.goto(address)
        self.until("heaters?.player?.presented != null")

    def until(self, condition: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.page.evaluate(f"() => {{ try {{ return {condition} }} catch {{}} }}"):
            if time.monotonic() > deadline:
                raise HeatersError(f"{self.page.url}: never true: {condition}")
            time.sleep(0.02)

    def get(self, expression: str) -> Any:
        return self.page.evaluate(f"() => ({expression})")

    def press(self, key: str, name: str, target: int | None = None) -> Press:
        """A real key press, at any moment between two pictures of the display, and its paint."""
        time.sleep(self._pauses.uniform(0.02, 0.06))
        if target is not None:
            self.page.evaluate("(frame) => bench.aim(frame)", target)
        self.page.keyboard.press(key)
        # A clip that was just opened plays on: it says nothing of the frame that was first.
        milliseconds, shown = self.page.evaluate(
            "async (name) => [await bench.painted(name), name === 'next' ? 0 : bench.number()]",
            name,
        )
        if milliseconds is None:
            raise HeatersError(f"{self.page.url}: nothing was painted after {key}.")
        return Press(milliseconds, shown)

    def watch(self, seconds: float) -> list[tuple[float, int]]:
        return [(at, frame) for at, frame in self.get(f"bench.watch({seconds * 1000})")]

    def network(self) -> CDPSession:
        session = self.page.context.new_cdp_session(self.page)
        session.send("Network.enable")
        return session
