"""What a year of work costs, once its history has been forgotten.

A film's run is made once by Dagster itself and then copied in its tables, day by day. Of the
library nothing is forgotten: it holds the films, clips and decisions of that year.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster_aws.s3 import S3Resource
from flask.testing import FlaskClient
from sqlalchemy import Engine

from benchmarks.database import new_databases
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.urls import DAGSTER_DRIVER, with_driver
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore
from heaters_pipeline.orchestration.retention import forget_runs
from heaters_pipeline.orchestration.sensors import approved_clips
from heaters_pipeline.platform.dagster_instance import open_instance
from heaters_pipeline.platform.environment import variables
from heaters_pipeline.settings import get_settings
from review_app import create_app

TURNS = 40
TURNS_OF_RUNS = 7
CLIPS = 10
"""Of a film, each with a decision."""
FIRST = "film-0"
RUNS_OF_A_FILM = 2
FILMS_OF_A_PAGE = 50

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

LIBRARY = """
INSERT INTO source_videos (key, title, url, origin, state, frame_count, rate_num, rate_den,
    source_filepath, gold_master_filepath, proxy_filepath, proxy_id, keyframe_offsets, created_at)
SELECT 'film-' || n, 'Film ' || n, 'https://films.example/' || n, 'web', 'ready', 100, 25, 1, 's',
    'g', 'p', 'proxy-' || n, decode(repeat('00', 2000), 'hex'), now() - n * CAST(:apart AS interval)
FROM generate_series(1, :films) AS n;
INSERT INTO clips (source_video_id, state, made_by, cut_points, decided_at)
SELECT id, 'review_skipped', 'replan', jsonb_build_object('start_frame', c * 10, 'end_frame',
    c * 10 + 10, 'start_time_seconds', c * 0.4, 'end_time_seconds', c * 0.4 + 0.4), created_at
FROM source_videos, generate_series(0, :clips - 1) AS c;
INSERT INTO review_events (source_video_id, actor, action, clip_ids, before, after, created_at)
SELECT source_video_id, 'ann', 'skip', ARRAY[id], '[]', '[]', decided_at FROM clips
"""

RUNS = """
CREATE TEMPORARY TABLE copies AS
SELECT n, 'film-' || (n + 1) / :runs_of_a_film AS film, gen_random_uuid()::text AS run_id,
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
FROM copies, event_logs WHERE event_logs.run_id = :first ORDER BY n, event_logs.id;
INSERT INTO dynamic_partitions (partitions_def_name, partition)
SELECT DISTINCT :partitions, film FROM copies
"""


def _asset(name: str) -> dg.AssetsDefinition:
    @dg.asset(name=name, partitions_def=heaters_videos)
    def made(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        for part in range(4):
            context.log.info(f"{part} of 4")
        return dg.MaterializeResult(metadata={"frames": 100, "seconds": 4.0})

    return made


ASSETS = [_asset(f"step_{number}") for number in range(7)]
"""As many as an ingest has."""


@dataclass(frozen=True)
class World:
    """A library and Dagster's history of it."""

    environment: dict[str, str]
    engine: Engine
    instance: dg.DagsterInstance
    page: FlaskClient

    def materialize(self, film: str) -> str:
        self.instance.add_dynamic_partitions(str(heaters_videos.name), [film])
        done = dg.materialize(ASSETS, instance=self.instance, partition_key=film, run_config=QUIET)
        return done.run_id

    @property
    def events(self) -> SqlEventLogStorage:
        storage = self.instance.event_log_storage
        assert isinstance(storage, SqlEventLogStorage)
        return storage


@benchmark("retention")
@click.option("--days", default=365, show_default=True, help="Of work.")
@click.option("--runs-a-day", default=5, show_default=True)
@click.option("--kept-days", default=60, show_default=True, help="As HEATERS_RUN_DAYS.")
def main(days: int, runs_a_day: int, kept_days: int) -> Iterable[Result]:
    """What a tick, the page of films, a run and the list of runs take after so long, against the
    second day, with one run and as many films as the page shows. Medians of wall time, by turns.
    And the rows of events that are left of all that there were."""
    with ExitStack() as stack:
        folder = stack.enter_context(work_folder())
        new = stack.enter_context(new_databases(folder))
        old, young = (stack.enter_context(_world(folder / name, new)) for name in ("old", "young"))
        first = old.materialize(FIRST)
        _add_runs(old, first, runs_a_day * days, days)
        _add_films(old, runs_a_day * days // RUNS_OF_A_FILM, days)
        young.materialize(FIRST)
        _add_films(young, FILMS_OF_A_PAGE, 1)
        before = _events(old)
        forget_runs(old.instance, kept_days)
        for world in (old, young):
            _vacuum(world)
        yield Result("events left", _events(old), "rows", "all that there were", before)
        for name, act in ACTS.items():
            yield _compared(name, act, old, young)


@contextmanager
def _world(home: Path, new: Callable[..., str]) -> Iterator[World]:
    home.mkdir()
    environment = {
        "HEATERS_HOME": str(home),
        "DATABASE_URL": new(),
        "HEATERS_DAGSTER_DATABASE_URL": with_driver(new("template1"), DAGSTER_DRIVER),
        "HEATERS_EMBEDDING_MODEL": "layout-v1",
    }
    with _in(environment), open_instance(get_settings()) as instance:
        engine = open_engine(environment["DATABASE_URL"])
        try:
            page = create_app(get_settings()).test_client()
            yield World(environment, engine, instance, page)
        finally:
            engine.dispose()


@contextmanager
def _in(environment: dict[str, str]) -> Iterator[None]:
    """The settings are those of a world."""
    try:
        with variables(environment):
            get_settings.cache_clear()
            yield
    finally:
        get_settings.cache_clear()


def _add_films(world: World, films: int, days: int) -> None:
    with world.engine.begin() as connection:
        values = {"films": films, "clips": CLIPS, "apart": f"{days / films} days"}
        for statement in LIBRARY.split(";\n"):
            connection.execute(sa.text(statement), values)


def _add_runs(world: World, first: str, runs: int, days: int) -> None:
    values = {
        "runs": runs,
        "runs_of_a_film": RUNS_OF_A_FILM,
        "apart": f"{days / runs} days",
        "first": first,
        "first_film": FIRST,
        "partitions": str(heaters_videos.name),
    }
    with world.events.index_connection() as connection:
        for statement in RUNS.split(";\n"):
            connection.execute(sa.text(statement), values)


def _events(world: World) -> int:
    with world.events.index_connection() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM event_logs")).scalar_one())


def _vacuum(world: World) -> None:
    for name in ("DATABASE_URL", "HEATERS_DAGSTER_DATABASE_URL"):
        engine = sa.create_engine(world.environment[name], isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
        engine.dispose()


def _tick(world: World) -> None:
    store = ObjectStore(s3=S3Resource(endpoint_url=None))
    with dg.build_sensor_context(
        instance=world.instance, resources={"database": Database(), "store": store}
    ) as context:
        approved_clips(context)


def _list_films(world: World) -> None:
    answer = world.page.get("/sources")
    assert answer.status_code == 200, answer.text


def _run(world: World) -> None:
    world.materialize("film-new")


def _list_runs(world: World) -> None:
    assert world.instance.get_run_records(limit=25)


ACTS = {"tick": _tick, "films": _list_films, "run": _run, "runs": _list_runs}


def _compared(name: str, act: Callable[[World], None], old: World, young: World) -> Result:
    took: dict[int, list[float]] = {id(old): [], id(young): []}
    for _ in range(TURNS_OF_RUNS if act is _run else TURNS):
        for world in (old, young):
            with _in(world.environment):
                began = time.monotonic()
                act(world)
                took[id(world)].append(time.monotonic() - began)
    ours, peer = (1000 * median(took[id(world)]) for world in (old, young))
    return Result(name, ours, "ms", "the second day", peer)


if __name__ == "__main__":
    main()
