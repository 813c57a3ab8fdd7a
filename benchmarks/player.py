"""The player of the review page against a plain `<video>` element: keys pressed in real Chromium,
frame numbers read back from pixels."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from benchmarks.browser import SEEK_KEY, VIEWPORT, BenchPage, chromium
from benchmarks.footage import make_barcode_proxy, make_sound
from benchmarks.report import Result, benchmark
from benchmarks.reviewing import Library, review_app
from benchmarks.scratch import work_folder
from benchmarks.steadiness import late_share

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RATE = 60
SHORT_CLIP = 40
PEER = "control page"
RATES = {"late_1x": 1, "late_2x": 2, "late_8x": 8, "late_reverse": -1}
STEPS = {"ArrowRight": 1, "ArrowLeft": -1, "Shift+ArrowRight": 10, "Shift+ArrowLeft": -10}
SETTLE_SECONDS = 0.5
THROTTLE = {"downloadThroughput": 20e6 / 8, "uploadThroughput": 20e6 / 8, "latency": 40}


@dataclass
class Findings:
    """Of one page."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    late: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: int = 0
    open_frames: int = 0
    bytes_per_clip: list[float] = field(default_factory=list)


@benchmark("player")
@click.option(
    "--presses", default=2000, show_default=True, help="Steps and random seeks on either page."
)
@click.option("--clips", default=120, show_default=True, help="Next clips on either page.")
@click.option("--seconds", default=4.0, show_default=True, help="Play at each rate, each round.")
@click.option("--rounds", default=4, show_default=True, help="Turns that the pages take.")
@click.option(
    "--frames", default=1200, show_default=True, help="Of the clip for steps, seeks and rates."
)
def main(presses: int, clips: int, seconds: float, rounds: int, frames: int) -> Iterable[Result]:
    """The review page's player against a page with a plain `<video>` element on the same proxy of
    720 lines and 60 frames a second, in one browser and from one server.

    Milliseconds are from a key press to the paint of what it asked for; `late_*` are shares of the
    display's pictures that did not show the frame that was due.
    """
    per_round = max(1, clips // rounds)
    film_frames = frames + SHORT_CLIP * (per_round + 12)
    cuts = range(frames, film_frames, SHORT_CLIP)
    ours, control, closer = Findings(), Findings(), Findings()
    with work_folder() as folder:
        proxy = make_barcode_proxy(folder / "proxy.mp4", film_frames, RATE)
        sound = make_sound(folder / "proxy.wav", film_frames / RATE)
        with review_app(folder, proxy, sound, cuts) as (url, library), chromium() as browser:
            bench = Bench(browser, url, library, frames)
            for number in tqdm(range(rounds), unit="round", disable=None):
                for path, findings in (("review", ours), ("control", control)):
                    bench.look(path, findings, presses // rounds, seconds, seed=number)
                    bench.go_on(path, findings, per_round)
                    bench.go_on_cold(path, findings, max(1, per_round // 3))
                bench.look("review", closer, presses // rounds, seconds, seed=number, closer=True)
            for path, findings in (("review", ours), ("control", control)):
                bench.go_on_throttled(path, findings, max(1, per_round // 2))
    yield from results(ours, control, presses // rounds * rounds)
    yield from closer_results(closer, control, presses // rounds * rounds)


def closer_results(closer: Findings, control: Findings, presses: int) -> Iterator[Result]:
    """With zoom, sound and meter, against the control page as it is."""
    wrong = f"{PEER}; of {presses} steps and seeks"
    yield Result("wrong_frames_closer", closer.wrong, "frames", wrong, control.wrong)
    for name in ("step", "seek"):
        mine, theirs = closer.milliseconds[name], control.milliseconds[name]
        for percent in (50, 95, 99):
            value, peer_value = percentile(mine, percent), percentile(theirs, percent)
            yield Result(f"{name}_closer_p{percent}", value, "ms", PEER, peer_value)
    for name in RATES:
        mine, theirs = closer.late[name], control.late[name]
        yield Result(f"{name}_closer", median(mine), "of pictures", PEER, median(theirs))


def results(ours: Findings, control: Findings, presses: int) -> Iterator[Result]:
    wrong = f"{PEER}; of {presses} steps and seeks"
    yield Result("wrong_frames", ours.wrong, "frames", wrong, control.wrong)
    for name in ("step", "seek", "next_prefetched", "next_cold", "next_throttled"):
        mine, theirs = ours.milliseconds[name], control.milliseconds[name]
        for percent in (50, 95, 99):
            value, peer_value = percentile(mine, percent), percentile(theirs, percent)
            yield Result(f"{name}_p{percent}", value, "ms", f"{PEER}; {len(mine)} each", peer_value)
    for name in RATES:
        mine, theirs = ours.late[name], control.late[name]
        yield Result(name, median(mine), "of pictures", f"{PEER}; median of rounds", median(theirs))
    held = f"{PEER}: its two elements hold one at least"
    yield Result("open_frames", ours.open_frames, "frames", held, control.open_frames)
    fetched, peers = median(ours.bytes_per_clip), median(control.bytes_per_clip)
    yield Result("bytes_per_clip", fetched, "bytes", PEER, peers)


def percentile(values: Sequence[float], percent: int) -> float:
    if len(values) < 2:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]


@dataclass
class Bench:
    browser: Browser
    url: str
    library: Library
    frames: int
    """Of the first clip of each video."""

    @contextmanager
    def opened(self, path: str, more: str = "", *, has_sound: bool = False) -> Iterator[BenchPage]:
        """A page with a video of its own in a browser profile of its own: nothing is cached."""
        context = self.browser.new_context(viewport=VIEWPORT)
        key = self.library.add(has_sound=has_sound)
        page = BenchPage(context.new_page(), f"{self.url}/{path}?video={key}{more}")
        yield page
        context.close()

    def look(
        self,
        path: str,
        findings: Findings,
        presses: int,
        seconds: float,
        seed: int,
        *,
        closer: bool = False,
    ) -> None:
        """Steps, seeks and rates in the long clip; `closer`: zoomed in, with sound and meter."""
        with self.opened(path, has_sound=closer) as page:
            if closer:
                page.page.keyboard.press("z")
                page.until("!document.getElementById('zoomed').hidden")
                page.until("heaters.player.sound.peak > 0")
            if path == "review":
                whole = f"([a, b]) => a === 0 && b === {self.frames}"
                page.until(f"heaters.player.loaded.some({whole})")
            for name, rate in RATES.items():
                page.get(f"heaters.player.setRate({rate}), heaters.player.play()")
                page.watch(SETTLE_SECONDS)
                samples = page.watch(seconds)
                share = late_share(samples, frames_per_second=RATE, rate=rate, length=self.frames)
                findings.late[name].append(share)
            page.get("heaters.player.pause(), heaters.player.setRate(1)")
            chance = random.Random(seed)
            at = self.frames // 2
            page.press(SEEK_KEY, "seek", at)
            for _ in range(presses):
                if chance.random() < 0.5:
                    name, key = "step", chance.choice(list(STEPS))
                    at += STEPS[key]
                    if not 0 <= at < self.frames:
                        at -= 2 * STEPS[key]
                        key = {moved: key for key, moved in STEPS.items()}[-STEPS[key]]
                    pressed = page.press(key, name)
                else:
                    name, before = "seek", at
                    while at == before:
                        at = chance.randrange(self.frames)
                    pressed = page.press(SEEK_KEY, name, at)
                findings.milliseconds[name].append(pressed.milliseconds)
                findings.wrong += pressed.shown != at
            self._count_open(path, page, findings)

    def go_on(self, path: str, findings: Findings, clips: int) -> None:
        """From clip to clip, each watched until the next one is there."""
        with self.opened(path) as page:
            for _ in range(clips):
                self._await_next(page)
                page.watch(SETTLE_SECONDS)
                pressed = page.press("a", "next")
                findings.milliseconds["next_prefetched"].append(pressed.milliseconds)
            self._count_open(path, page, findings)

    def go_on_cold(self, path: str, findings: Findings, clips: int) -> None:
        """From clip to clip with nothing loaded ahead."""
        with self.opened(path, "&cold=1") as page:
            if path == "review":
                page.get("(heaters.player.expect([]), heaters.player.expect = () => {}, 0)")
                for _ in range(6):  # those that were expected before that
                    page.press("a", "next")
            else:
                page.press("a", "next")
            for _ in range(clips):
                pressed = page.press("a", "next")
                findings.milliseconds["next_cold"].append(pressed.milliseconds)

    def go_on_throttled(self, path: str, findings: Findings, clips: int) -> None:
        """As `go_on`, over a line of 20 Mb/s and 40 ms; counts what goes over it, too."""
        with self.opened(path) as page:
            network = page.network()
            network.send("Network.emulateNetworkConditions", {"offline": False, **THROTTLE})
            received = 0

            def count(event: dict[str, int]) -> None:
                nonlocal received
                received += event["dataLength"]

            network.on("Network.dataReceived", count)
            for _ in range(clips):
                self._await_next(page)
                page.watch(SETTLE_SECONDS)
                pressed = page.press("a", "next")
                findings.milliseconds["next_throttled"].append(pressed.milliseconds)
            findings.bytes_per_clip.append(received / clips)

    def _await_next(self, page: BenchPage) -> None:
        page.until("heaters.player.poster(heaters.queue.clips[1]) !== null")

    def _count_open(self, path: str, page: BenchPage, findings: Findings) -> None:
        held = page.get("heaters.player.stats.mostOpen") if path == "review" else 2
        findings.open_frames = max(findings.open_frames, held)


if __name__ == "__main__":
    main()
