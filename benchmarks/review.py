"""How long a decision and the queue take, as the review app is shipped, and whether a team's
decisions are all there."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from benchmarks.database import new_databases
from benchmarks.large_library import fill
from benchmarks.report import Rate, Result, benchmark
from benchmarks.review_client import Reviewer
from benchmarks.reviewing import ShippedApp
from benchmarks.scratch import work_folder
from benchmarks.team import AT_A_TIME, Decided, Team, recorded_once
from heaters_pipeline.db.urls import for_psycopg
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.settings import Settings

WARM_UP = 20
GROWTH = 100
"""The large library has so many times the clips of the one that it is compared with."""


@benchmark("review")
@click.option("--clips", default=1_000_000, show_default=True, help="Of the large library.")
@click.option("--approvals", default=1000, show_default=True)
@click.option("--queues", default=200, show_default=True, help="Requests, of each library.")
@click.option("--reviewers", default=50, show_default=True, help="Of the team.")
@click.option("--decisions", default=20_000, show_default=True, help="Of the team.")
def main(
    clips: int, approvals: int, queues: int, reviewers: int, decisions: int
) -> Iterator[Result]:
    """An approval over HTTP against the bare transaction of the same writes; the queue in a large
    library against a small one; and a team: how many of its answered decisions are recorded exactly
    once, without trouble, and with the app killed and Postgres restarted in the middle."""
    with work_folder() as folder, new_databases(folder) as new_database, ExitStack() as stack:
        urls = {size: new_database() for size in (clips // GROWTH, clips)}
        for size, url in urls.items():
            fill(url, size)
        apps = {size: _app(stack, folder, size, url) for size, url in urls.items()}
        yield from _approvals(apps[clips].url, urls[clips], approvals)
        yield _queue_growth({size: app.url for size, app in apps.items()}, queues)
        app, postgres = apps[clips], EmbeddedPostgres(folder / "postgres")

        def break_all() -> None:
            app.kill()
            postgres.stop()
            postgres.start()
            app.start()

        calm = Team(app.url, reviewers).decide
        broken = Team(app.url, reviewers, patient=True).decide
        answered = yield from _team("team", urls[clips], lambda: calm(decisions))
        yield from _team("team_broken", urls[clips], lambda: broken(decisions // 4, break_all))
        alone = Team(app.url, 1).decide(min(decisions, 200))
        yield Result("team_p50", _median(answered), "ms", "one of them alone", _median(alone))


def _app(stack: ExitStack, folder: Path, size: int, url: str) -> ShippedApp:
    home = folder / f"home-{size}"
    settings = Settings(home=home, database_url=url, storage_url=str(home / "storage"))
    app = ShippedApp(settings, folder / f"review-{size}.log")
    stack.callback(app.kill)
    return app


def _approvals(url: str, database_url: str, number: int) -> Iterator[Result]:
    """By turns with the peer, each on the next clip of the queue."""
    reviewer = Reviewer(url, "reviewer-of-the-benchmark")
    ours: list[float] = []
    bare: list[float] = []
    with psycopg.connect(for_psycopg(database_url)) as database:
        while len(bare) < WARM_UP + number:
            clips = reviewer.queue(2 * AT_A_TIME)
            for mine, theirs in zip(clips[::2], clips[1::2], strict=True):
                ours.append(_milliseconds(partial(reviewer.decide, mine, "approve")))
                bare.append(_milliseconds(partial(_approve, database, theirs)))
    ours, bare = ours[WARM_UP:], bare[WARM_UP:]
    peer = "the bare transaction of the same writes"
    for name, share in (("approve_p50", 50), ("approve_p99", 99)):
        yield Result(name, _percentile(ours, share), "ms", peer, _percentile(bare, share))


def _approve(database: psycopg.Connection, clip: dict[str, Any]) -> None:
    """The writes of `db.reviews.decide`: the clip is locked, and it and its event are written."""
    clip_id = clip["id"]
    before = {
        "id": clip_id,
        "state": "pending_review",
        "version": 1,
        "start_frame": clip["start_frame"],
        "end_frame": clip["end_frame"],
        "made_by": "replan",
        "grouped_with_clip_id": None,
        "labels": [],
        "rating": None,
        "note": None,
        "chosen_frames": [],
    }
    after = {**before, "state": "review_approved", "version": 2}
    with database.transaction(), database.cursor() as cursor:
        cursor.execute("SELECT * FROM clips WHERE id = %s FOR NO KEY UPDATE", [clip_id])
        row = dict(zip((each.name for each in cursor.description or ()), *cursor, strict=True))
        cursor.execute(
            "INSERT INTO review_events (source_video_id, actor, action, clip_ids, before, after)"
            " VALUES (%s, 'bare', 'approve', %s, %s, %s) RETURNING id, created_at",
            [row["source_video_id"], [clip_id], Jsonb([before]), Jsonb([after])],
        )
        ((event_id, at),) = cursor
        cursor.execute(
            "UPDATE clips SET state = 'review_approved', version = version + 1, decided_at = %s,"
            " last_event_id = %s, leased_by = NULL, leased_page = NULL, leased_until = NULL,"
            " error = NULL, tries = 0, retry_at = NULL, updated_at = now() WHERE id = %s",
            [at, event_id, clip_id],
        )


def _queue_growth(urls: dict[int, str], number: int) -> Result:
    """What a page asks for when it begins, by turns."""
    pages = {size: Reviewer(url, "reviewer-of-the-queue") for size, url in urls.items()}
    took: dict[int, list[float]] = {size: [] for size in pages}
    for _ in range(WARM_UP + number):
        for size, page in pages.items():
            took[size].append(_milliseconds(partial(page.queue, AT_A_TIME)))
    small, large = (median(each[WARM_UP:]) for each in took.values())
    return Result("queue_growth", large, "ms", f"{min(pages):,} clips", small)


def _team(
    name: str, database_url: str, work: Callable[[], list[Decided]]
) -> Generator[Result, None, list[Decided]]:
    """Gives what was answered."""
    with psycopg.connect(for_psycopg(database_url), autocommit=True) as database:
        (since,) = database.execute("SELECT max(id) FROM review_events").fetchone() or (0,)
    began = time.perf_counter()
    answered = work()
    a_second = len(answered) / (time.perf_counter() - began)
    with psycopg.connect(for_psycopg(database_url), autocommit=True) as database:
        recorded = recorded_once(database, answered, since)
    peer = f"answered, {a_second:.0f} a second"
    yield Rate(name, recorded, "decisions", peer, len(answered))
    return answered


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def _percentile(milliseconds: list[float], share: float) -> float:
    return float(np.percentile(np.asarray(milliseconds), share))


def _median(decided: list[Decided]) -> float:
    return median(each.milliseconds for each in decided)


if __name__ == "__main__":
    main()
