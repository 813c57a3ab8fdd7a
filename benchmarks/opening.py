"""How long the review page takes to open a clip of half an hour with sound, against one of ten
seconds of the same video."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from benchmarks.browser import VIEWPORT, BenchPage, chromium
from benchmarks.footage import RATE, make_long_proxy, make_sound
from benchmarks.report import Result, benchmark
from benchmarks.reviewing import Library, review_app
from benchmarks.scratch import work_folder

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHORT_SECONDS = 10
SETTLE_SECONDS = 1.0
ORDERS = {"long": "longest", "short": "shortest"}

WATCH = """(() => {
  const seen = {};
  const note = (name) => { seen[name] ??= performance.now(); };
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (...when) {
    note('sound');
    start.apply(this, when);
  };
  const look = () => {
    const { player } = window.heaters ?? {};
    if (player?.presented != null) note('picture');
    if (player?.clip && player.peaks(player.clip, player.clip, 200)) note('waveform');
    if (Object.keys(seen).length < 3) setTimeout(look, 4);
  };
  look();
  window.seen = seen;
})();"""
"""JavaScript: `seen`, milliseconds from the beginning of the navigation until each is there."""

Findings = dict[str, list[float]]


@benchmark("opening")
@click.option("--minutes", default=30.0, show_default=True, help="Of the long clip.")
@click.option("--repeat", default=15, show_default=True, help="Pages opened with either clip.")
def main(minutes: float, repeat: int) -> Iterable[Result]:
    """A clip of half an hour against one of ten seconds: `picture`, `sound` and `waveform` are the
    milliseconds from the navigation until each is there, in a browser that has cached nothing;
    `next` is from a key press in the queue until the clip's first frame is painted.
    """
    short, long = SHORT_SECONDS * RATE, round(minutes * 60) * RATE
    cuts = (short, short + long)
    found: dict[str, Findings] = {clip: defaultdict(list) for clip in ORDERS}
    with work_folder() as folder:
        seconds = minutes * 60 + 2 * SHORT_SECONDS
        proxy = make_long_proxy(folder / "proxy.mp4", seconds / 60)
        sound = make_sound(folder / "proxy.wav", seconds)
        with review_app(folder, proxy, sound, cuts) as (url, library), chromium() as browser:
            for turn in tqdm(range(repeat), unit="turn", disable=None):
                for clip in sorted(ORDERS, reverse=bool(turn % 2)):
                    _open(browser, url, library, ORDERS[clip], found[clip])
                _go_on(browser, url, library, found)
    for name in ("picture", "sound", "waveform", "next"):
        ours, peers = found["long"][name], found["short"][name]
        peer = f"{SHORT_SECONDS} s; median of {len(ours)}"
        yield Result(name, median(ours), "ms", peer, median(peers))


def _open(browser: Browser, url: str, library: Library, order: str, findings: Findings) -> None:
    context = browser.new_context(viewport=VIEWPORT)
    context.add_init_script(WATCH)
    key = library.add(has_sound=True)
    page = BenchPage(context.new_page(), f"{url}/review?video={key}&order={order}")
    page.until("Object.keys(seen).length === 3")
    for name, milliseconds in page.get("seen").items():
        findings[name].append(milliseconds)
    context.close()


def _go_on(browser: Browser, url: str, library: Library, found: dict[str, Findings]) -> None:
    """From the first clip to the long one, and on to the last one."""
    context = browser.new_context(viewport=VIEWPORT)
    key = library.add(has_sound=True)
    page = BenchPage(context.new_page(), f"{url}/review?video={key}")
    for clip in ("long", "short"):
        page.until("heaters.player.poster(heaters.queue.clips[1]) !== null")
        page.watch(SETTLE_SECONDS)
        found[clip]["next"].append(page.press("s", "next").milliseconds)
    context.close()


if __name__ == "__main__":
    main()
