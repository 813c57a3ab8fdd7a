"""What pages, ticks and runs take in a large installation, against a hundredth of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any

import click
from dagster._core.storage.tags import PARTITION_NAME_TAG

from benchmarks.dagster_history import STEPS, World, by_turns, open_world
from benchmarks.dagster_location import (
    ASSETS_PAGE,
    PARTITIONS_PAGE,
    open_heaters,
    open_project,
)
from benchmarks.database import new_databases
from benchmarks.large_library import fill
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.retirement import retire, wanted_partitions
from heaters_pipeline.orchestration.sensors import (
    approved_clips,
    archived_sources,
    changed_library,
    missing_exports,
    missing_repeats,
    missing_vectors,
    new_source_videos,
    unused_objects,
)
from heaters_pipeline.settings import get_settings

SMALLER = 100
"""A small installation has so many times less of everything."""
DAYS = 365
EMPTY_PROJECT = "benchmarks.empty_project"
TURNS = 10
TURNS_OF_RUNS = 3

TICKS = (
    *(new_source_videos, approved_clips, missing_exports, archived_sources),
    *(missing_vectors, missing_repeats, changed_library, unused_objects, wanted_partitions),
)
PAGES = {
    "healthz": "/healthz",
    "sources": "/sources",
    "library": "/library",
    "statistics": "/statistics",
}


@benchmark("scale")
@click.option("--videos", default=100_000, show_default=True)
@click.option("--clips", default=1_000_000, show_default=True)
@click.option("--events", default=10_000_000, show_default=True, help="Decisions that were made.")
def main(videos: int, clips: int, events: int) -> Iterable[Result]:
    """Pages of the review app, ticks of sensors, and Dagster's pages of assets and partitions, as
    it asks for them by GraphQL: medians of wall time, by turns, against an installation with a
    hundredth of everything; logs of Dagster's old runs are forgotten and partitions retired, as two
    schedules do every night. And the time from the request for a run to its first step, against an
    empty project of Dagster."""
    with ExitStack() as stack:
        folder = stack.enter_context(work_folder())
        new = stack.enter_context(new_databases(folder))
        worlds = []
        for share in (1, SMALLER):
            world = stack.enter_context(open_world(folder / f"home-{share}", new))
            fill(
                world.environment["DATABASE_URL"],
                clips // share,
                clips // videos,
                history=(events - clips // 2) // share,
                have_files=True,
            )
            world.add_runs(videos // share, 1, DAYS, get_settings().run_days)
            with world.current():
                retire(world.instance, world.engine, get_settings())
            world.vacuum()
            worlds.append(world)
        large, small = worlds
        empty = stack.enter_context(open_world(folder / "home-empty", new))
        for name, act in _acts(stack, worlds).items():
            ours, peer = by_turns(act, large, small, TURNS)
            yield Result(name, ours, "ms", f"{videos // SMALLER:,} videos", peer)
        yield _run_start(stack, empty, large, f"film-{videos}")


def _acts(stack: ExitStack, worlds: Iterable[World]) -> Mapping[str, Callable[[World], object]]:
    dagster = {id(world): stack.enter_context(open_heaters(world)) for world in worlds}

    def ask(world: World, query: str, variables: Mapping[str, Any]) -> None:
        dagster[id(world)].ask(query, variables)

    limit, key = {"limit": 50}, {"key": {"path": [STEPS[0]]}}
    return {
        **{name: partial(World.get, address=address) for name, address in PAGES.items()},
        "queue": lambda world: world.reviewer.queue(limit=10),
        **{f"tick {sensor.name}": partial(World.tick, sensor=sensor) for sensor in TICKS},
        "look of missing_exports": partial(World.look, sensor=missing_exports),
        "assets of Dagster": partial(ask, query=ASSETS_PAGE, variables=limit),
        "partitions of Dagster": partial(ask, query=PARTITIONS_PAGE, variables=key),
    }


def _run_start(stack: ExitStack, empty: World, ours: World, undecided: str) -> Result:
    """Of the job `library`, for a film of which no clip is due."""
    ours.instance.add_dynamic_partitions(str(heaters_videos.name), [undecided])
    begin = partial(
        stack.enter_context(open_heaters(ours)).start,
        "library",
        {PARTITION_NAME_TAG: undecided},
    )
    begin_empty = partial(
        stack.enter_context(open_project(empty, EMPTY_PROJECT)).start, "empty", {}
    )
    took, took_empty = zip(*((begin(), begin_empty()) for _ in range(TURNS_OF_RUNS)), strict=True)
    peer = "an empty project of Dagster"
    return Result("run start", median(took), "s", peer, median(took_empty))


if __name__ == "__main__":
    main()
