"""What pages, ticks and runs take in a large installation, against a hundredth of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from statistics import median
from typing import Any

import click
import dagster as dg
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.storage.tags import PARTITION_NAME_TAG
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_graphql.client.query import LAUNCH_PIPELINE_EXECUTION_MUTATION
from dagster_graphql.schema import create_schema

from benchmarks.dagster_history import QUIET, STEPS, World, by_turns, open_world
from benchmarks.database import new_databases
from benchmarks.large_library import fill
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
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

SMALLER = 100
"""A small installation has so many times less of everything."""
DAYS = 365
HEATERS = "heaters_pipeline.orchestration.definitions"
EMPTY_PROJECT = "benchmarks.empty_project"
TURNS = 10
TURNS_OF_RUNS = 3

TICKS = (
    *(new_source_videos, approved_clips, missing_exports, archived_sources),
    *(missing_vectors, missing_repeats, changed_library, unused_objects),
)
PAGES = {
    "healthz": "/healthz",
    "sources": "/sources",
    "library": "/library",
    "statistics": "/statistics",
}

ASSETS_PAGE = """
query($limit: Int!) { assetsOrError(limit: $limit) { ... on AssetConnection { nodes {
    key { path } assetMaterializations(limit: 1) { timestamp runId partition }
    definition { groupName kinds owners { ... on TeamAssetOwner { team } } } } } } }
"""
PARTITIONS_PAGE = """
query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
    partitionKeysByDimension { name partitionKeys }
    assetPartitionStatuses { ... on DefaultPartitionStatuses {
        materializedPartitions materializingPartitions failedPartitions } } } } }
"""


@benchmark("scale")
@click.option("--videos", default=100_000, show_default=True)
@click.option("--clips", default=1_000_000, show_default=True)
@click.option("--events", default=10_000_000, show_default=True, help="Decisions that were made.")
def main(videos: int, clips: int, events: int) -> Iterable[Result]:
    """Pages of the review app, ticks of sensors, and Dagster's pages of assets and partitions, as
    it asks for them by GraphQL: medians of wall time, by turns, against an installation with a
    hundredth of everything. And the time from the request for a run to its first step, against an
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
            world.add_runs(videos // share, 1, DAYS)
            world.vacuum()
            worlds.append(world)
        large, small = worlds
        empty = stack.enter_context(open_world(folder / "home-empty", new))
        for name, act in _acts(stack, worlds).items():
            ours, peer = by_turns(act, large, small, TURNS)
            yield Result(name, ours, "ms", f"{videos // SMALLER:,} videos", peer)
        yield _run_start(stack, empty, large, f"film-{videos}")


def _acts(stack: ExitStack, worlds: Iterable[World]) -> Mapping[str, Callable[[World], object]]:
    dagster = {id(world): stack.enter_context(_location(world, HEATERS)) for world in worlds}

    def ask(world: World, query: str, variables: Mapping[str, Any]) -> None:
        dagster[id(world)].ask(query, variables)

    limit, key = {"limit": 50}, {"key": {"path": [STEPS[0]]}}
    return {
        **{name: partial(World.get, address=address) for name, address in PAGES.items()},
        "queue": lambda world: world.reviewer.queue(limit=10),
        **{f"tick {sensor.name}": partial(World.tick, sensor=sensor) for sensor in TICKS},
        "assets of Dagster": partial(ask, query=ASSETS_PAGE, variables=limit),
        "partitions of Dagster": partial(ask, query=PARTITIONS_PAGE, variables=key),
    }


def _run_start(stack: ExitStack, empty: World, ours: World, undecided: str) -> Result:
    """Of the job `library`, for a film of which no clip is due."""
    begin = partial(
        stack.enter_context(_location(ours, HEATERS)).start,
        "library",
        {PARTITION_NAME_TAG: undecided},
    )
    begin_empty = partial(stack.enter_context(_location(empty, EMPTY_PROJECT)).start, "empty", {})
    took, took_empty = zip(*((begin(), begin_empty()) for _ in range(TURNS_OF_RUNS)), strict=True)
    peer = "an empty project of Dagster"
    return Result("run start", median(took), "s", peer, median(took_empty))


class Location:
    """A code location, as Dagster's webserver has it."""

    def __init__(self, context: WorkspaceProcessContext) -> None:
        self._context = context
        self._schema = create_schema()

    def ask(self, query: str, variables: Mapping[str, Any]) -> Any:
        """What GraphQL answers. Raises RuntimeError where it answers with errors."""
        result = asyncio.run(
            self._schema.execute_async(
                query,
                variable_values=dict(variables),
                context_value=self._context.create_request_context(),
            )
        )
        if result.errors:
            raise RuntimeError(str(result.errors))
        return result.data

    def start(self, job: str, tags: Mapping[str, str]) -> float:
        """Seconds from the request for a run, which leaves the queue at once, to its first step.
        Returns when the run has ended."""
        instance = self._context.instance
        (location,) = self._context.create_request_context().code_locations
        execution = {
            "selector": {
                "repositoryLocationName": location.name,
                "repositoryName": SINGLETON_REPOSITORY_NAME,
                "pipelineName": job,
            },
            "mode": "default",
            "runConfigData": QUIET,
            "executionMetadata": {
                "tags": [{"key": key, "value": value} for key, value in tags.items()]
            },
        }
        began = time.time()
        said = self.ask(LAUNCH_PIPELINE_EXECUTION_MUTATION, {"executionParams": execution})
        run_id = said["launchPipelineExecution"]["run"]["runId"]
        instance.launch_run(run_id, self._context.create_request_context())
        while not (run := instance.get_run_by_id(run_id)) or not run.is_finished:
            time.sleep(0.1)
        steps = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_START)
        return steps.records[0].timestamp - began


@contextmanager
def _location(world: World, module: str) -> Iterator[Location]:
    target = ModuleTarget(module, None, None, None)
    with (
        world.current(),
        WorkspaceProcessContext(world.instance, target, code_server_log_level="ERROR") as context,
    ):
        yield Location(context)


if __name__ == "__main__":
    main()
