"""An hour of review: a scripted reviewer with a human's pauses, on the review page and on the
contact sheet, where clips that show the same are stacks."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import col, select
from tqdm import tqdm

from benchmarks.browser import PATIENCE_SECONDS, VIEWPORT, BenchPage, chromium
from benchmarks.database import new_databases
from benchmarks.footage import films_with_truth, make_repeat
from benchmarks.report import Rate, Result, benchmark
from benchmarks.scoring import FilmTruth
from benchmarks.scratch import work_folder
from heaters_pipeline.db import embeddings, reviews, source_videos
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.models import Clip, ReviewEvent
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import ARCHIVE
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.media.clips.previews import preview
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.media.products.transcode import Product, transcode
from heaters_pipeline.settings import Settings, get_settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.work.pipeline import open_pipeline
from heaters_pipeline.work.repeats import seek_repeats
from review_app import create_app
from tests.browser.review_world import Footage, add_film, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

SHORTEST_SHOT = 12
"""Frames."""
REPEATED = 2 / 3
"""Of the shots: so 40 % of all clips repeat another."""
MOST_TRIMMED = 0.25
"""Of a shot, at one end or the other, where it repeats."""
KEYS = {"a": 0.7, "s": 0.15, "x": 0.15}
"""What the reviewer presses, and how often."""
WAIT_GOAL = 0.02
SECONDS_AN_HOUR = 3600

SHEET_SCRIPT = """(() => {
  const focused = () => document.querySelector('.cell.is-focus');
  const isDrawn = (cell) => cell.querySelector('.picture').dataset.frame !== undefined;
  window.hour = {
    isReady: () => focused() !== null && isDrawn(focused()),
    /** Milliseconds from the next key press until the picture of the display is made in which the
     * next cell has the focus and its frame, or the sheet is empty. */
    arm() {
      const before = focused();
      const isNext = () => {
        const now = focused();
        return !document.getElementById('empty').hidden
          || (now !== null && now !== before && isDrawn(now));
      };
      hour.waited = new Promise((done) => addEventListener('keydown', ({ timeStamp }) => {
        const { port1, port2 } = new MessageChannel();
        // A message comes after all that an animation frame does, layout and paint included.
        const look = () => requestAnimationFrame(() => port2.postMessage(null));
        port1.onmessage = () => (isNext() ? done(performance.now() - timeStamp) : look());
        look();
      }, { once: true, capture: true }));
    },
  };
})();"""

Shots = dict[int, tuple[str, int]]
"""The film and the number of the shot that each clip shows, by clip id."""


@benchmark("hour")
@click.option(
    "--films", default=5, show_default=True, type=click.IntRange(1), help="At most so many."
)
@click.option(
    "--shots", default=24, show_default=True, type=click.IntRange(2), help="Of each drawn film."
)
@click.option(
    "--decisions", default=150, show_default=True, help="With pauses, on either page, at most."
)
@click.option("--pause", default=1.2, show_default=True, help="Seconds that reading a clip takes.")
def main(films: int, shots: int, decisions: int, pause: float) -> Iterable[Result]:
    """A reviewer reads each clip for some time and decides, first on the review page, then on the
    contact sheet, where the clips that show the same are stacks.

    Of the clips 40 % repeat another: another cut of the same shot, smaller, brighter and encoded
    again. The films are those of the real footage whose cuts are known, else drawn ones.
    """
    with work_folder() as folder, new_databases(folder) as new_database:
        pairs = films_with_truth(folder, films, shots)
        storage = LocalStorage(folder / "storage")
        made = [
            made_film(film, FilmTruth.read(truth), folder)
            for film, truth in tqdm(pairs, unit="film", disable=None)
        ]
        with chromium() as browser:
            for page in (on_review_page, on_sheet):
                url = new_database()
                engine = open_engine(url)
                shown = lay(engine, storage, made)
                home = folder / f"home-{page.__name__}"
                settings = Settings(
                    home=home, database_url=url, storage_url=str(folder / "storage")
                )
                _seek(engine, settings, made)
                app = create_app(settings)
                with served(app) as address:
                    yield from page(browser, address, engine, shown, decisions, pause)
                engine.dispose()


# --- The clips ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MadeFilm:
    """A film and its repetition, as the pipeline makes them."""

    key: str
    truth: FilmTruth
    first: Footage
    again: Footage


def made_film(film: Path, truth: FilmTruth, folder: Path) -> MadeFilm:
    again = make_repeat(film, folder / f"{film.stem}-again.mp4")
    key = film.stem.replace("_", "-")
    return MadeFilm(key, truth, _products(film, folder), _products(again, folder))


def _products(film: Path, folder: Path) -> Footage:
    out = folder / f"products-{film.stem}"
    out.mkdir()
    facts = probe(film)
    wanted = frozenset({Product.REVIEW_PROXY, Product.FRAME_SCORES})
    stall_seconds = get_settings().stall_seconds
    return Footage(
        film, facts, transcode(film, facts, out, wanted, stall_seconds=stall_seconds), []
    )


def lay(engine: Engine, storage: LocalStorage, films: Sequence[MadeFilm]) -> Shots:
    """The clips that wait for review. What lies between shots is decided on already."""
    chance = random.Random(1)
    shots: Shots = {}
    for film in films:
        whole = list(enumerate(shots_of(film.truth)))
        some = chance.sample(whole, round(len(whole) * REPEATED))
        again = [(number, trimmed(shot, chance)) for number, shot in sorted(some)]
        for key, footage, ranges in (
            (film.key, film.first, whole),
            (f"{film.key}-again", film.again, again),
        ):
            numbers = {frames: number for number, frames in ranges}
            cuts = {edge for frames in numbers for edge in (frames.start, frames.end)}
            laid = add_film(engine, storage, footage, key, sorted(cuts - {0, film.truth.frames}))
            waiting = {clip.id: numbers.get(clip.frames) for clip in laid.clips}
            shots |= {each: (film.key, shot) for each, shot in waiting.items() if shot is not None}
            _prepare(engine, footage, laid.clips, [each for each in waiting if each not in shots])
    return shots


def _seek(engine: Engine, settings: Settings, films: Sequence[MadeFilm]) -> None:
    pipeline = open_pipeline(engine, settings)
    for key in [key for film in films for key in (film.key, f"{film.key}-again")]:
        with transaction(engine) as session:
            video = source_videos.get(session, key)
        seek_repeats(pipeline, video)


def _prepare(engine: Engine, footage: Footage, clips: Sequence[Clip], decided: list[int]) -> None:
    assert footage.made.thumbnails
    thumbnails = open_thumbnails(footage.made.thumbnails)
    with transaction(engine) as session:
        for clip in clips:
            vector = preview(thumbnails, clip.clean_frames).tolist()
            embeddings.save(session, clip.id, LAYOUT_MODEL, PREVIEW, vector)
        versions = {clip.id: clip.version for clip in clips if clip.id in decided}
        reviews.decide_all(session, actor="before", versions=versions, decision=ARCHIVE)


def shots_of(truth: FilmTruth) -> list[FrameRange]:
    """The clean frames of a film's shots, without very short ones."""
    starts = [0, *(each.end for each in truth.transitions)]
    ends = [*(each.start + 1 for each in truth.transitions), truth.frames]
    found = [FrameRange(*ends) for ends in zip(starts, ends, strict=True) if ends[0] < ends[1]]
    return [shot for shot in found if shot.length >= SHORTEST_SHOT]


def trimmed(shot: FrameRange, chance: random.Random) -> FrameRange:
    """Another cut of the same shot."""
    less = int(shot.length * chance.uniform(0, MOST_TRIMMED))
    if chance.random() < 0.5:
        return FrameRange(shot.start + less, shot.end)
    return FrameRange(shot.start, shot.end - less)


# --- The reviewer ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sitting:
    """What a reviewer did with pauses."""

    pause: float
    waits: Sequence[float]
    """Seconds from each key press until the next clip could be read."""

    @property
    def seconds(self) -> float:
        return self.pause * len(self.waits) + sum(self.waits)

    def results(self, prefix: str = "") -> Iterator[Result]:
        ideal = SECONDS_AN_HOUR / self.pause
        an_hour = SECONDS_AN_HOUR * len(self.waits) / self.seconds
        yield Rate(f"{prefix}decisions_per_hour", an_hour, "decisions", "without a wait", ideal)
        share = sum(self.waits) / self.seconds
        yield Result(f"{prefix}waited_share", share, "of the time", "the goal", WAIT_GOAL)


def on_review_page(
    browser: Browser, address: str, _engine: Engine, shots: Shots, decisions: int, pause: float
) -> Iterator[Result]:
    with new_page(browser) as page:
        bench = BenchPage(page, f"{address}/review")
        waits = []
        for key in told(min(decisions, len(shots) - 1)):
            time.sleep(pause)
            waits.append(bench.press(key, "next").milliseconds / 1000)
        bench.until("heaters.queue.unsaved === 0")
        yield from Sitting(pause, waits).results()


def on_sheet(
    browser: Browser, address: str, engine: Engine, shots: Shots, decisions: int, pause: float
) -> Iterator[Result]:
    with new_page(browser) as page:
        page.add_init_script(SHEET_SCRIPT)
        page.goto(f"{address}/sheet")
        until(page, "window.heaters?.queue.loaded && hour.isReady()")
        waits: list[float] = []
        keys = told(len(shots))
        while page.evaluate("heaters.queue.clips.length > 0 || heaters.queue.more > 0"):
            until(page, "hour.isReady()")
            if len(waits) < decisions:
                time.sleep(pause)
            page.evaluate("hour.arm()")
            page.keyboard.press(next(keys))
            waits.append(page.evaluate("hour.waited") / 1000)
        until(page, "heaters.queue.unsaved === 0")
    yield from Sitting(pause, waits[:decisions]).results("sheet_")
    yield from saved(decided(engine), shots)


@contextmanager
def new_page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=VIEWPORT)
    yield context.new_page()
    context.close()


def until(page: Page, condition: str) -> None:
    """Its content security policy keeps Playwright's own wait from the page."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not page.evaluate(f"() => Boolean({condition})"):
        if time.monotonic() > deadline:
            raise HeatersError(f"{page.url}: never true: {condition}")
        time.sleep(0.02)


def told(presses: int) -> Iterator[str]:
    """Keys, the same ones each time."""
    chance = random.Random(2)
    keys, weights = zip(*KEYS.items(), strict=True)
    yield from tqdm(chance.choices(keys, weights, k=presses), unit="decision", disable=None)


# --- What stacks save -----------------------------------------------------------------------------


def decided(engine: Engine) -> list[list[int]]:
    """The clips of each decision on the sheet."""
    first = sa.func.coalesce(ReviewEvent.batch_id, ReviewEvent.id)
    with transaction(engine) as session:
        events = session.execute(
            select(first, ReviewEvent.clip_ids).where(
                ReviewEvent.actor != "before",
                col(ReviewEvent.action).in_(("approve", "skip", "archive")),
            )
        ).all()
    batches: dict[int, list[int]] = {}
    for batch, clip_ids in events:
        batches.setdefault(batch, []).extend(clip_ids)
    return list(batches.values())


def saved(batches: Sequence[Sequence[int]], shots: Shots) -> Iterator[Result]:
    """Of a stack, the shot that most of its clips show counts as its own; clips of other shots are
    in it wrongly, and save nothing."""
    right = [max(Counter(shots[each] for each in ids).values()) for ids in batches]
    wrong = sum(len(ids) - own for ids, own in zip(batches, right, strict=True))
    share = sum(own - 1 for own in right) / len(shots)
    repeats = 1 - len(set(shots.values())) / len(shots)
    yield Rate("decisions_saved", share, "of clips", "every repeat known", repeats)
    yield Result("stacked_wrongly", wrong, "clips", f"the goal; of {len(shots)}", 0)


if __name__ == "__main__":
    main()
