"""A library, and Dagster's history of it: the run of one film is made by Dagster itself and then
copied in its tables."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster_aws.s3 import S3Resource
from sqlalchemy import Engine

from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.urls import DAGSTER_DRIVER, with_driver
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore
from heaters_pipeline.platform.dagster_instance import DagsterFiles, open_instance
from heaters_pipeline.platform.environment import variables
from heaters_pipeline.settings import Settings, get_settings
from review_app import create_app
from tests.reviewer import Reviewer

FIRST = "film-0"
STEPS = (
    *("source_download", "gold_master", "review_proxy", "frame_scores", "keyframe_offsets"),
    *("scene_cut_points", "virtual_clips"),
)
"""The assets of an ingest."""

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

RUNS = """
CREATE TEMPORARY TABLE copies AS
SELECT n, 'film-' || (n - 1) / :runs_of_a_film + 1 AS film, gen_random_uuid()::text AS run_id,
    (:runs - n) * CAST(:apart AS interval) AS ago
FROM generate_series(1, :runs) AS n;
INSERT INTO runs (run_id, snapshot_id, pipeline_name, status, run_body, partition, partition_set,
    create_timestamp, update_timestamp, start_time, end_time)
SELECT copies.run_id, snapshot_id, pipeline_name, status,
    replace(replace(run_body, :first, copies.run_id), :first_film, film), film, partition_set,
    create_timestamp - ago, update_timestamp - ago, start_time - extract(epoch FROM ago),
    end_time - extract(epoch FROM ago)
FROM copies, runs WHERE runs.run_id = :first ORDER BY n;
INSERT INTO run_tags (run_id, key, value)
SELECT copies.run_id, key, replace(value, :first_film, film)
FROM copies, run_tags WHERE run_tags.run_id = :first;
INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key,
    partition)
SELECT copies.run_id, replace(replace(event, :first, copies.run_id), :first_film, film),
    dagster_event_type, timestamp - ago, step_key, asset_key, replace(partition, :first_film, film)
FROM copies, event_logs WHERE event_logs.run_id = :first AND (ago < CAST(:log_time AS interval)
    OR asset_key IS NOT NULL OR dagster_event_type ~ '^(PIPELINE|ASSET)_')
ORDER BY n, event_logs.id;
INSERT INTO dynamic_partitions (partitions_def_name, partition)
SELECT :partitions, film FROM copies GROUP BY film ORDER BY min(n)
"""

INDEXES = """
SELECT indexname, indexdef FROM pg_indexes JOIN pg_class ON relname = indexname
WHERE tablename IN ('runs', 'run_tags', 'event_logs', 'dynamic_partitions')
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = pg_class.oid)
"""
"""An index is built at once in a part of the time that its rows take one by one."""


def _asset(name: str) -> dg.AssetsDefinition:
    @dg.asset(name=name, partitions_def=heaters_videos)
    def made(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        for part in range(4):
            context.log.info(f"{part} of 4")
        return dg.MaterializeResult(metadata={"frames": 100, "seconds": 4.0})

    return made


ASSETS = [_asset(name) for name in STEPS]


@dataclass(frozen=True)
class World:
    environment: dict[str, str]
    engine: Engine
    instance: dg.DagsterInstance
    reviewer: Reviewer
    cursors: dict[str, str] = field(default_factory=dict)
    """Of sensors, by name."""

    def materialize(self, film: str) -> str:
        """Dagster's run of an ingest whose steps do nothing; its id."""
        self.instance.add_dynamic_partitions(str(heaters_videos.name), [film])
        done = dg.materialize(ASSETS, instance=self.instance, partition_key=film, run_config=QUIET)
        return done.run_id

    def add_runs(
        self, runs: int, runs_of_a_film: int, days: int, log_days: float | None = None
    ) -> None:
        """So many copies of the run of FIRST, over the last days, and the partitions of their
        films. Those older than `log_days` are without their logs, as `retention` leaves them."""
        values = {
            "runs": runs,
            "runs_of_a_film": runs_of_a_film,
            "apart": f"{days / runs} days",
            "first": self.materialize(FIRST),
            "first_film": FIRST,
            "partitions": str(heaters_videos.name),
            "log_time": f"{days if log_days is None else log_days} days",
        }
        with self.events.index_connection() as connection, connection.begin():
            indexes = connection.execute(sa.text(INDEXES)).all()
            for name, _ in indexes:
                connection.execute(sa.text(f"DROP INDEX {name}"))
            for statement in RUNS.split(";\n"):
                connection.execute(sa.text(statement), values)
            for _, made in indexes:
                connection.execute(sa.text(made))

    def get(self, address: str) -> None:
        answer = self.reviewer.client.get(address)
        assert answer.status_code == 200, answer.text

    def tick(self, sensor: dg.SensorDefinition) -> None:
        """As the daemon has it: with the cursor that the tick before left."""
        store = ObjectStore(s3=S3Resource(endpoint_url=None))
        with dg.build_sensor_context(
            instance=self.instance,
            resources={"database": Database(), "store": store},
            cursor=self.cursors.get(sensor.name),
        ) as context:
            told = sensor(context)
        if isinstance(told, dg.SensorResult) and told.cursor is not None:
            self.cursors[sensor.name] = told.cursor

    def look(self, sensor: dg.SensorDefinition) -> None:
        """A tick of a sensor that does not rest."""
        self.cursors.pop(sensor.name, None)
        self.tick(sensor)

    def current(self) -> AbstractContextManager[None]:
        """Settings are those of this world meanwhile."""
        return _settings(self.environment)

    @property
    def events(self) -> SqlEventLogStorage:
        storage = self.instance.event_log_storage
        assert isinstance(storage, SqlEventLogStorage)
        return storage

    def vacuum(self) -> None:
        for name in ("DATABASE_URL", "HEATERS_DAGSTER_DATABASE_URL"):
            engine = sa.create_engine(self.environment[name], isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(sa.text("VACUUM ANALYZE"))
            engine.dispose()


@contextmanager
def open_world(home: Path, new: Callable[..., str]) -> Iterator[World]:
    """One without films, on new databases."""
    home.mkdir()
    of_dagster = with_driver(new("template1"), DAGSTER_DRIVER)
    environment = {
        **DagsterFiles.below(Settings(home=home)).environment(of_dagster),
        "HEATERS_HOME": str(home),
        "DATABASE_URL": new(),
        "HEATERS_DAGSTER_DATABASE_URL": of_dagster,
        "HEATERS_EMBEDDING_MODEL": "layout-v1",
    }
    with _settings(environment), open_instance(get_settings()) as instance:
        engine = open_engine(environment["DATABASE_URL"])
        try:
            yield World(environment, engine, instance, Reviewer(create_app(get_settings())))
        finally:
            engine.dispose()


@contextmanager
def _settings(environment: dict[str, str]) -> Iterator[None]:
    try:
        with variables(environment):
            get_settings.cache_clear()
            yield
    finally:
        get_settings.cache_clear()


def by_turns(
    act: Callable[[World], object], large: World, small: World, turns: int
) -> tuple[float, float]:
    """How long it takes in each world: the medians of wall time, in ms."""
    took: dict[int, list[float]] = {id(large): [], id(small): []}
    for _ in range(turns):
        for world in (large, small):
            with world.current():
                began = time.monotonic()
                act(world)
                took[id(world)].append(time.monotonic() - began)
    return 1000 * median(took[id(large)]), 1000 * median(took[id(small)])
