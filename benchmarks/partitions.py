"""What Dagster's pages take by how many partitions it lists, and what retiring them gives back.

The run of one film is made by Dagster itself and then copied in its tables; of each film one clip
was skipped, over a year.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any

import click

from benchmarks.dagster_history import STEPS, World, by_turns, open_world
from benchmarks.dagster_location import (
    ASSETS_PAGE,
    PARTITIONS_PAGE,
    Location,
    open_heaters,
)
from benchmarks.database import new_databases
from benchmarks.report import Result, benchmark
from benchmarks.retention import add_films
from benchmarks.scratch import work_folder
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.retirement import retire, wanted_partitions
from heaters_pipeline.settings import get_settings

DAYS = 365
TURNS = 7
PEER = 1_000


@benchmark("partitions")
@click.option("--partitions", "sizes", default=(20_000, 100_000), show_default=True, multiple=True)
@click.option("--peer", default=PEER, show_default=True, help="Partitions of the small list.")
def main(sizes: tuple[int, ...], peer: int) -> Iterable[Result]:
    """Dagster's page of assets and the page of an asset with its partitions, as it asks for them by
    GraphQL; the latter also after another film was added, which makes what Dagster had counted
    void. Medians of wall time, by turns, against a small list. Then the largest one after the job
    `partitions` has retired all but as many as HEATERS_PARTITIONS_KEPT says."""
    with ExitStack() as stack:
        folder = stack.enter_context(work_folder())
        new = stack.enter_context(new_databases(folder))
        small = _filled(stack, folder, new, peer)
        for size in sizes:
            large = _filled(stack, folder, new, size)
            yield from _pages(stack, large, small, f"{size:,}", f"{peer:,} partitions")
        began = time.monotonic()
        with large.current():
            done = retire(large.instance, large.engine, get_settings())
        took = time.monotonic() - began
        yield Result("retired", len(done.retired), "partitions", "all of them", done.listed)
        yield Result("the job", took, "s", "", 0)
        left = f"{done.listed - len(done.retired):,} left"
        yield from _pages(stack, large, small, left, f"{peer:,} partitions")


def _filled(stack: ExitStack, folder: Any, new: Callable[..., str], size: int) -> World:
    world = stack.enter_context(open_world(folder / f"home-{size}", new))
    add_films(world, size, 1, DAYS)
    world.add_runs(size, 1, DAYS, get_settings().run_days)
    world.vacuum()
    return world


def _pages(stack: ExitStack, large: World, small: World, name: str, peer: str) -> Iterable[Result]:
    dagster = {id(world): stack.enter_context(open_heaters(world)) for world in (large, small)}
    for page, act in _acts(dagster).items():
        ours, theirs = by_turns(act, large, small, TURNS)
        yield Result(f"{page}, {name}", ours, "ms", peer, theirs)


def _acts(dagster: Mapping[int, Location]) -> Mapping[str, Callable[[World], object]]:
    numbers = itertools.count()

    def assets(world: World) -> None:
        dagster[id(world)].ask(ASSETS_PAGE, {"limit": 50})

    def partitions(world: World) -> None:
        dagster[id(world)].ask(PARTITIONS_PAGE, {"key": {"path": [STEPS[0]]}})

    def one_more(world: World) -> None:
        world.instance.add_dynamic_partitions(
            str(heaters_videos.name), [f"new-{next(numbers)}-{time.time_ns()}"]
        )
        partitions(world)

    return {
        "assets": assets,
        "partitions": partitions,
        "partitions and a film": one_more,
        "tick wanted_partitions": lambda world: world.tick(wanted_partitions),
    }


if __name__ == "__main__":
    main()
