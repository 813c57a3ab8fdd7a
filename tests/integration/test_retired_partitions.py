"""Partitions of videos at rest leave Dagster's list, and come back when they are needed."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value
from dagster._core.storage.tags import PARTITION_NAME_TAG
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import (
    archiving,
    clip_exports,
    clips,
    dagster_history,
    profiles,
    retired_partitions,
    source_videos,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.archive import Goal
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.orchestration import catalogue, partitions, retirement
from heaters_pipeline.orchestration.definitions import defs
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.orchestration.sensors import approved_clips, new_source_videos
from heaters_pipeline.settings import get_settings
from tests.decisions import decide
from tests.jobs import QUIET, STORE
from tests.people import add_people, csrf_token, token
from tests.rows import ready_video

MONTHS = timedelta(days=100)


@pytest.fixture(autouse=True)
def _few_partitions(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEATERS_PARTITIONS_KEPT", "0")
    get_settings.cache_clear()


def finished(engine: Engine, *keys: str) -> None:
    """Videos of which all clips were skipped, in this order, months ago."""
    for number, key in enumerate(keys):
        video, _ = ready_video(engine, key)
        with engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE clips SET state = 'review_skipped' WHERE source_video_id = :video"),
                {"video": video.id},
            )
        age(engine, key, MONTHS - timedelta(days=number))


def age(engine: Engine, key: str, past: timedelta) -> None:
    """Nothing of the video has changed since."""
    values = {"past": past, "key": key}
    own = "source_video_id = (SELECT id FROM source_videos WHERE key = :key)"
    with engine.begin() as connection:
        for statement in (
            "UPDATE source_videos SET updated_at = now() - :past WHERE key = :key",
            f"UPDATE clips SET updated_at = now() - :past WHERE {own}",
            f"UPDATE retired_partitions SET returned_at = now() - :past"
            f" WHERE returned_at IS NOT NULL AND {own}",
        ):
            connection.execute(sa.text(statement), values)


def listed(instance: dg.DagsterInstance) -> list[str]:
    return list(instance.get_dynamic_partitions("heaters_videos"))


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance) -> list[str]:
    """Does what Dagster's daemon does with the partitions; those of the runs that are asked for."""
    resources = {"database": Database(), "store": STORE}
    names = sensor.required_resource_keys
    given = {name: each for name, each in resources.items() if name in names}
    with dg.build_sensor_context(instance=instance, resources=given) as context:
        result = sensor(context)
    if not isinstance(result, dg.SensorResult):
        return []
    for request in result.dynamic_partitions_requests or []:
        instance.add_dynamic_partitions(request.partitions_def_name, request.partition_keys)
    return [str(request.partition_key) for request in result.run_requests or []]


def retire(instance: dg.DagsterInstance, engine: Engine) -> list[str]:
    return retirement.retire(instance, engine, get_settings()).retired


def test_those_go_that_have_been_finished_longest(
    pipeline: Engine, history: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ["film-1", "film-2", "film-3", "film-4"]
    finished(pipeline, *keys)
    age(pipeline, "film-4", timedelta(days=29))
    history.add_dynamic_partitions("heaters_videos", [*reversed(keys), "of-somebody-else"])
    monkeypatch.setenv("HEATERS_PARTITIONS_KEPT", "5")
    get_settings.cache_clear()
    assert retire(history, pipeline) == [], "there are no more than may be kept"

    monkeypatch.setenv("HEATERS_PARTITIONS_KEPT", "3")
    get_settings.cache_clear()
    assert sorted(retire(history, pipeline)) == ["film-1", "film-2"]
    assert listed(history) == ["film-4", "film-3", "of-somebody-else"]
    assert retire(history, pipeline) == []

    monkeypatch.setenv("HEATERS_PARTITIONS_KEPT", "0")
    get_settings.cache_clear()
    assert retire(history, pipeline) == ["film-3"], "nothing else has rested for a month"


def test_finished_ones_go_before_those_that_wait_for_reviewers(
    pipeline: Engine, history: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_video(pipeline, "waits")
    age(pipeline, "waits", 2 * MONTHS)
    finished(pipeline, "film-1", "film-2")
    history.add_dynamic_partitions("heaters_videos", ["waits", "film-1", "film-2"])
    for kept, left in ((1, ["waits"]), (0, [])):
        monkeypatch.setenv("HEATERS_PARTITIONS_KEPT", str(kept))
        get_settings.cache_clear()
        retire(history, pipeline)
        assert listed(history) == left


def test_nothing_goes_that_somebody_or_something_waits_for(
    pipeline: Engine, history: dg.DagsterInstance
) -> None:
    keys = ["splicing", "approved", "faulty", "no-file", "moving", "fetched", "running", "checked"]
    finished(pipeline, *keys)

    def change(key: str, state: str, error: str | None = None) -> None:
        values = {"key": key, "state": state, "error": error}
        with pipeline.begin() as connection:
            connection.execute(
                sa.text(
                    "UPDATE clips SET state = :state, error = :error WHERE id = ("
                    "SELECT max(clips.id) FROM clips JOIN source_videos AS video"
                    " ON video.id = source_video_id WHERE key = :key)"
                ),
                values,
            )

    change("splicing", "generating_sprite")
    change("approved", "review_approved")
    change("faulty", "export_failed", "The disk is full.")
    with transaction(pipeline) as session:
        clip = session.execute(
            sa.text(
                "SELECT min(clips.id) FROM clips JOIN source_videos AS video"
                " ON video.id = source_video_id WHERE key = 'no-file'"
            )
        ).scalar_one()
        clip_exports.fail(session, clip, profiles.get(session, "delivery"), "No such encoder.")
        archiving.ask(session, "moving", Goal.COLD)
        source_videos.get(session, "fetched").refetch_requested = True
    for key in keys:
        age(pipeline, key, MONTHS)
    history.add_dynamic_partitions("heaters_videos", keys)
    history.create_run_for_job(
        nothing, status=dg.DagsterRunStatus.STARTING, tags={PARTITION_NAME_TAG: "running"}
    )
    failed = dg.materialize(
        [film, is_good], instance=history, partition_key="checked", run_config=QUIET
    )
    assert failed.success

    assert retire(history, pipeline) == []
    assert listed(history) == keys


@dg.job
def nothing() -> None: ...


@dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="heaters_videos"))
def film() -> None: ...


@dg.asset_check(asset=film, partitions_def=film.partitions_def)
def is_good() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False)


def test_dagster_knows_again_what_was_made(pipeline: Engine, history: dg.DagsterInstance) -> None:
    finished(pipeline, "film-1", "film-2")
    for key in ("film-1", "film-2"):
        history.add_dynamic_partitions("heaters_videos", [key])
        dg.materialize([film], instance=history, partition_key=key, run_config=QUIET)

    def materialized() -> set[str]:
        definition = film.partitions_def
        assert definition is not None
        status = get_and_update_asset_status_cache_value(history, film.key, definition)
        assert status is not None
        subset = status.deserialize_materialized_partition_subsets(definition)
        return {*subset.get_partition_keys()}

    assert materialized() == {"film-1", "film-2"}
    age(pipeline, "film-2", timedelta(days=1))
    assert retire(history, pipeline) == ["film-1"]
    assert materialized() == {"film-2"}
    partitions.bring_back(history, pipeline, ["film-1"])
    assert materialized() == {"film-1", "film-2"}
    assert retire(history, pipeline) == [], "it has just come back"
    age(pipeline, "film-1", MONTHS)
    assert retire(history, pipeline) == ["film-1"]


def test_a_sensor_brings_back_what_it_asks_a_run_for(
    app: Flask, pipeline: Engine, history: dg.DagsterInstance
) -> None:
    finished(pipeline, "decided", "fetched", "left")
    history.add_dynamic_partitions("heaters_videos", ["decided", "fetched", "left"])
    assert len(retire(history, pipeline)) == 3
    with transaction(pipeline) as session:
        video = source_videos.get(session, "decided")
        clip, *_ = clips.of_video(session, video.id)
        source_videos.get(session, "fetched").refetch_requested = True
    decide(pipeline, clip, APPROVE)

    assert tick(approved_clips, history) == ["decided"]
    assert tick(new_source_videos, history) == ["fetched"]
    assert listed(history) == ["decided", "fetched"]
    with transaction(pipeline) as session:
        assert retired_partitions.keys(session) == ["left"]


def test_the_schedule_mends_what_no_sensor_has_brought_back(
    pipeline: Engine, history: dg.DagsterInstance
) -> None:
    finished(pipeline, "film-1", "film-2")
    history.add_dynamic_partitions("heaters_videos", ["film-1", "film-2"])
    job = defs.resolve_job_def("partitions")
    done = job.execute_in_process(instance=history, run_config=QUIET)
    assert done.success and listed(history) == []
    with transaction(pipeline) as session:
        for clip in clips.of_video(session, source_videos.get(session, "film-2").id):
            clip.state = ClipState.EXPORTED
    done = job.execute_in_process(instance=history, run_config=QUIET)
    assert done.success and listed(history) == ["film-2"]
    history.add_dynamic_partitions("heaters_videos", ["film-1"])  # by an asset beside ours
    assert job.execute_in_process(instance=history, run_config=QUIET).success
    assert listed(history) == ["film-2", "film-1"], "it has just come back"
    with transaction(pipeline) as session:
        assert retired_partitions.keys(session) == []
    schedule = defs.resolve_schedule_def("retired_partitions")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_a_backfill_keeps_all_and_a_run_that_begins_meanwhile_its_own(
    pipeline: Engine, history: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(pipeline, "film-1", "film-2")
    history.add_dynamic_partitions("heaters_videos", ["film-1", "film-2"])
    backfill = PartitionBackfill(
        "backfill-1",
        status=BulkActionStatus.REQUESTED,
        from_failure=False,
        tags={},
        backfill_timestamp=0.0,
        partition_names=["film-1"],
    )
    history.add_backfill(backfill)
    done = retirement.retire(history, pipeline, get_settings())
    assert (done.retired, done.waits_for) == ([], "a backfill is under way")
    history.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_SUCCESS))

    delete = dagster_history.delete_partitions

    def begun_meanwhile(*arguments: object) -> None:
        history.create_run_for_job(
            nothing, status=dg.DagsterRunStatus.STARTING, tags={PARTITION_NAME_TAG: "film-1"}
        )
        delete(*arguments)

    monkeypatch.setattr(dagster_history, "delete_partitions", begun_meanwhile)
    assert retire(history, pipeline) == ["film-2"]
    assert listed(history) == ["film-1"]


def test_people_bring_a_partition_back(
    app: Flask, pipeline: Engine, history: dg.DagsterInstance
) -> None:
    finished(pipeline, "film-1", "film-2", "film-3")
    history.add_dynamic_partitions("heaters_videos", ["film-1", "film-2", "film-3"])
    assert len(retire(history, pipeline)) == 3
    add_people(pipeline, ann=Role.ADMIN, oda=Role.OPERATOR, rob=Role.REVIEWER)
    client = app.test_client()
    of_operator, of_reviewer = token(pipeline, "oda"), token(pipeline, "rob")

    page = client.get("/sources", headers=of_operator).text
    assert page.count("not in Dagster since") == page.count("List in Dagster") == 3
    assert ">In Dagster" not in page
    assert "in Dagster" not in client.get("/sources", headers=of_reviewer).text
    refused = client.post("/api/v1/sources/film-1/partition", headers=of_reviewer)
    assert refused.status_code == 403
    asked = client.post("/api/v1/sources/film-1/partition", headers=of_operator)
    assert asked.status_code == 200 and asked.json["partition_retired_at"]
    page = client.get("/sources", headers=of_operator).text
    assert page.count("on its way back to Dagster") == 1
    form = {"csrf_token": csrf_token(page)}
    assert (
        client.post("/sources/film-2/partition", data=form, headers=of_operator).status_code == 303
    )

    assert listed(history) == []
    tick(retirement.wanted_partitions, history)
    assert listed(history) == ["film-1", "film-2"]
    again = client.post("/api/v1/sources/film-1/partition", headers=of_operator)
    assert "is not retired" in again.json["detail"]

    run = CliRunner().invoke
    assert run(main, ["partitions", "list"]).stdout == "film-3\n"
    restored = run(main, ["partitions", "restore", "film-3"])
    assert restored.exit_code == 0 and restored.stdout == "1 partition brought back.\n"
    assert listed(history) == ["film-1", "film-2", "film-3"]
    twice = run(main, ["partitions", "restore", "film-3"])
    assert twice.exit_code == 1 and "is not retired" in twice.stderr
    told = run(main, ["story", "film-3"]).stdout
    assert "`heaters partitions restore film-3` brings it back" in told
    assert "its partition is in Dagster's list again" in told


def test_another_version_of_an_asset_brings_all_back(
    pipeline: Engine, history: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(pipeline, "film-1")
    history.add_dynamic_partitions("heaters_videos", ["film-1"])
    assert retire(history, pipeline) == ["film-1"]
    monkeypatch.setitem(catalogue.VERSIONS, "library_themes", "2")
    tick(retirement.wanted_partitions, history)
    assert listed(history) == [], "no partition is stale"
    monkeypatch.setitem(catalogue.VERSIONS, "clip_keyframes", "2")
    tick(retirement.wanted_partitions, history)
    assert listed(history) == ["film-1"]
    age(pipeline, "film-1", MONTHS)
    assert retire(history, pipeline) == ["film-1"]
    tick(retirement.wanted_partitions, history)
    assert listed(history) == [], "nobody has made it anew in all that time"


def test_assets_without_partitions_are_known() -> None:
    without = {
        spec.key.to_user_string()
        for spec in defs.resolve_all_asset_specs()
        if spec.partitions_def is None
    }
    assert without == catalogue.OF_THE_LIBRARY
    for spec in defs.resolve_all_asset_specs():
        is_told = "heaters partitions restore" in str(spec.metadata.get("missing_partitions"))
        assert is_told == (spec.key.to_user_string() not in without)
