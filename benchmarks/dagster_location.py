"""A code location as Dagster's webserver has it, and what its pages ask for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import (
    GrpcServerTarget,
    ModuleTarget,
    WorkspaceLoadTarget,
)
from dagster_graphql.client.query import LAUNCH_PIPELINE_EXECUTION_MUTATION
from dagster_graphql.schema import create_schema

from benchmarks.dagster_history import QUIET, World
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.platform.dagster_instance import DagsterFiles
from heaters_pipeline.platform.programs import Program, command
from heaters_pipeline.platform.sockets import accepts_connections
from heaters_pipeline.settings import get_settings

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
def open_heaters(world: World) -> Iterator[Location]:
    """Heaters, with the code server that `heaters up` starts."""
    with world.current():
        settings = get_settings()
        files = DagsterFiles.below(settings)
        words = [sys.executable, "-m", *command(Program.CODE, settings, files)]
        server = subprocess.Popen(words)
        try:
            while not accepts_connections(files.code_socket):
                if server.poll() is not None:
                    raise HeatersError("The code server ended before it answered.")
                time.sleep(0.1)
            socket = str(files.code_socket)
            with _opened(world, GrpcServerTarget("localhost", None, socket, "heaters")) as location:
                yield location
        finally:
            server.terminate()
            server.wait()


@contextmanager
def open_project(world: World, module: str) -> Iterator[Location]:
    """A module with definitions, with the code server that Dagster starts."""
    with world.current(), _opened(world, ModuleTarget(module, None, None, None)) as location:
        yield location


@contextmanager
def _opened(world: World, target: WorkspaceLoadTarget) -> Iterator[Location]:
    with WorkspaceProcessContext(world.instance, target, code_server_log_level="ERROR") as context:
        yield Location(context)
