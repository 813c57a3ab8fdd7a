"""What many tests begin with: made once, and copied for each of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from heaters_pipeline.work.pipeline import Pipeline

Told = TypeVar("Told")

Statement: TypeAlias = Callable[[str], None]
"""Runs a statement of SQL on a server, outside a transaction."""

MadeOnce: TypeAlias = Callable[[str, Callable[[Path], None]], Path]
"""Gives the folder of a name, which the function fills for the first process that asks."""

FROM_TEMPLATE = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"
"""Files are copied at half the cost of the default, which logs every page."""


@dataclass(frozen=True)
class World:
    told: Any
    database: str
    objects: Path


@dataclass
class Worlds:
    """What has been made so far: on one server, and in one folder."""

    run: Statement
    folder: Path
    known: dict[Hashable, World] = field(default_factory=dict)

    def fill(self, work: Pipeline, make: Callable[..., Told], *arguments: Hashable) -> Told:
        """Fills an empty database and an empty storage by `make(work, *arguments)`, or with a copy
        of what it made the first time. What it returns is shared: plain facts."""
        key = (make, *arguments, type(work.storage))
        if key in self.known:
            self._copy(self.known[key], work)
        else:
            told = make(work, *arguments)
            self.known[key] = self._keep(told, work)
        return self.known[key].told

    def _keep(self, told: Any, work: Pipeline) -> World:
        name = f"world_{len(self.known)}"
        world = World(told, name, self.folder / name)
        for key in work.storage.list(""):
            kept = world.objects / key
            kept.parent.mkdir(parents=True, exist_ok=True)
            with work.storage.fetch(key) as path:
                shutil.copyfile(path, kept)
        database = self._without_connections(work)
        self.run(FROM_TEMPLATE.format(name, database))
        return world

    def _copy(self, world: World, work: Pipeline) -> None:
        database = self._without_connections(work)
        self.run(f"DROP DATABASE {database}")
        self.run(FROM_TEMPLATE.format(database, world.database))
        for kept in world.objects.rglob("*"):
            if kept.is_file():
                own = work.settings.home / "copied-object"  # a test may change it in its place
                shutil.copyfile(kept, own)
                work.storage.put(own, str(kept.relative_to(world.objects)))
                own.unlink()

    def _without_connections(self, work: Pipeline) -> str:
        """The name of its database."""
        work.engine.dispose()
        name = str(work.engine.url.database)
        self.run(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            f" WHERE datname = '{name}'"
        )
        return name
