"""What is forgotten after its time, and what never is."""

from datetime import timedelta

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from sqlalchemy import Engine

from heaters_pipeline.db import collections, handovers
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.orchestration.definitions import defs
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.retention import forget_runs
from tests.jobs import QUIET
from tests.rows import ready_video


@dg.asset(partitions_def=heaters_videos)
def film(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    context.log.info("at work")
    return dg.MaterializeResult(metadata={"frames": 60})


@dg.asset
def whole(context: dg.AssetExecutionContext) -> None:
    context.log.info("at work")


@dg.asset_check(asset=film, partitions_def=heaters_videos)
def is_good() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.op
def nothing() -> None: ...


@dg.job
def others() -> None:
    nothing()


def make(instance: dg.DagsterInstance, asset: dg.AssetsDefinition, key: str | None = None) -> str:
    """Materializes an asset, with its checks; the run's id."""
    if key is not None:
        instance.add_dynamic_partitions("heaters_videos", [key])
    done = dg.materialize(
        [asset, is_good] if asset is film else [asset],
        instance=instance,
        partition_key=key,
        run_config=QUIET,
    )
    return done.run_id


def age(instance: dg.DagsterInstance, days: float, runs: list[str]) -> None:
    with events(instance).index_connection() as connection:
        for table in ("runs", "asset_check_executions"):
            columns = ["create_timestamp"] + ["update_timestamp"] * (table == "runs")
            for column in columns:
                connection.execute(
                    sa.text(
                        f"UPDATE {table} SET {column} = {column} - :age WHERE run_id = ANY(:runs)"
                    ),
                    {"age": timedelta(days=days), "runs": runs},
                )


def events(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    return storage


def number_of(instance: dg.DagsterInstance, table: str, run_id: str) -> int:
    with events(instance).index_connection() as connection:
        query = sa.text(f"SELECT count(*) FROM {table} WHERE run_id = :run")
        return connection.execute(query, {"run": run_id}).scalar_one()


def test_old_runs_go_and_what_there_is_stays(history: dg.DagsterInstance) -> None:
    first, last = make(history, film, "film-1"), make(history, film, "film-1")
    other = make(history, film, "film-2")
    whole_before, whole_last = make(history, whole), make(history, whole)
    left = others.execute_in_process(instance=history, run_config=QUIET).run_id
    new = others.execute_in_process(instance=history, run_config=QUIET).run_id
    at_work = history.create_run_for_job(others, status=dg.DagsterRunStatus.STARTED).run_id
    log = history.compute_log_manager.build_log_key_for_run(first, "film")
    with history.compute_log_manager.open_log_stream(log, ComputeIOType.STDERR) as file:
        file.write("said")
    before = history.get_materialized_partitions(film.key)
    length = number_of(history, "event_logs", last)
    age(history, 61, [first, last, other, whole_before, whole_last, left, at_work])

    assert forget_runs(history, 60) == (3, 3)

    there = {run.run_id for run in history.get_runs()}
    assert there == {last, other, whole_last, new, at_work}
    assert [number_of(history, "event_logs", run) for run in (first, left, whole_before)] == [0] * 3
    assert not history.compute_log_manager.get_log_data(log).stderr
    assert 0 < number_of(history, "event_logs", last) < length
    assert history.get_materialized_partitions(film.key) == before == {"film-1", "film-2"}
    known = history.get_latest_materialization_event(film.key)
    assert known is not None and known.run_id == other
    assert number_of(history, "asset_check_executions", first) == 0
    assert number_of(history, "asset_check_executions", last) == 1

    # What stays is not looked for in the storage again, night after night.
    kept = history.compute_log_manager.build_log_key_for_run(last, "film")
    with history.compute_log_manager.open_log_stream(kept, ComputeIOType.STDERR) as file:
        file.write("untouched")
    again = make(history, film, "film-2")
    assert forget_runs(history, 60) == (1, 0)
    assert history.compute_log_manager.get_log_data(kept).stderr == b"untouched"
    assert {run.run_id for run in history.get_runs()} == {last, whole_last, new, at_work, again}


def test_handovers_go_once_all_their_files_were_taken_again(engine: Engine) -> None:
    _, (first, second, third) = ready_video(engine)
    with transaction(engine) as session:
        sea = collections.create(session, "Sea", "ann")

    def take(clips: list[int], to: str, selection: dict[str, str] | None = None) -> None:
        with transaction(engine) as session:
            handovers.note(
                session,
                actor="ann",
                profile="delivery",
                selection=selection or {},
                destination=to,
                files=dict.fromkeys(clips, "digest"),
            )

    take([first.id, second.id], "old and taken again")
    take([first.id, third.id], "old and not taken again")
    take([first.id], "old, and the collection's last", {"collection": str(sea.id)})
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE handovers SET created_at = now() - interval '9 days'"))
    take([first.id], "new and taken again")
    take([first.id, second.id], "new")

    with transaction(engine) as session:
        assert handovers.forget_retaken(session, 8, 100) == 1
        assert handovers.forget_retaken(session, 8, 100) == 0
        taken = handovers.of_clips(session, [first.id, second.id, third.id])
    assert [each.destination for each in taken[first.id]] == [
        "new",
        "new and taken again",
        "old, and the collection's last",
        "old and not taken again",
    ]
    assert [each.destination for each in taken[second.id]] == ["new"]
    assert [each.clip_count for each in taken[third.id]] == [2]


def test_the_schedule_forgets_once_a_day(history: dg.DagsterInstance) -> None:
    old = others.execute_in_process(instance=history, run_config=QUIET).run_id
    age(history, 61, [old])
    schedule = defs.resolve_schedule_def("retention")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    job = defs.resolve_job_def("retention")
    done = job.execute_in_process(instance=history, run_config=QUIET)
    assert done.success
    assert [run.run_id for run in history.get_runs()] == [done.run_id]
