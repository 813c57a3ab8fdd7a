"""What one machine does so that others can share the work with it, and all of them together."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner
from dagster_aws.s3 import S3ComputeLogManager
from sqlalchemy import Engine

from benchmarks import many
from heaters_pipeline.cli import main
from heaters_pipeline.db import source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.orchestration.celery_launcher import CeleryLauncher
from heaters_pipeline.orchestration.sensors import new_source_videos
from heaters_pipeline.platform.dagster_instance import DagsterFiles
from heaters_pipeline.platform.programs import (
    ONE_MACHINE,
    Program,
    command,
    named,
    refuse_unless_possible,
)
from heaters_pipeline.settings import Settings, get_settings
from heaters_pipeline.storage.s3 import s3_client
from heaters_pipeline.work.download import download_source
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.watched_bucket import add_listed
from tests.conftest import CHECKOUT
from tests.footage import NumberedFilm
from tests.jobs import tick
from tests.rows import new_video

pytestmark = pytest.mark.long

FILM = NumberedFilm(50, size=(64, 36))


@pytest.fixture
def spread(pipeline: Engine, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Settings of a machine whose runs may be on any other."""
    bucket = f"many-{os.urandom(4).hex()}"
    s3_client(s3_endpoint).create_bucket(Bucket=bucket)
    monkeypatch.setenv("STORAGE_URL", f"s3://{bucket}/library")
    monkeypatch.setenv("HEATERS_S3_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("HEATERS_BROKER_URL", "redis://:secret@127.0.0.1:1/0")
    monkeypatch.setenv("HEATERS_CODE_SERVER", "10.1.2.3:4266")
    monkeypatch.setenv("HEATERS_WORKERS", "3")
    get_settings.cache_clear()
    return open_pipeline(pipeline, get_settings())


def test_dagster_is_told_of_the_other_machines(
    spread: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = DagsterFiles.below(spread.settings)
    for key, value in files.environment("postgresql+psycopg2://nobody@nowhere/dagster").items():
        monkeypatch.setenv(key, value)
    config = files.home / "dagster.yaml"
    assert "secret" not in config.read_text(), "the broker's password stays in the environment"
    runs = yaml.safe_load(config.read_text())["concurrency"]["runs"]
    assert runs["max_concurrent_runs"] == 12
    assert {limit["key"]: limit["limit"] for limit in runs["tag_concurrency_limits"]} == {
        "dagster/partition": 1,
        "heaters/half": 9,
    }
    with dg.DagsterInstance.local_temp(overrides=_without_storage(config)) as instance:
        assert isinstance(instance.run_launcher, CeleryLauncher)
        assert isinstance(instance.compute_log_manager, S3ComputeLogManager)
        assert instance.run_launcher.broker == "redis://:secret@127.0.0.1:1/0"
    (entry,) = yaml.safe_load(files.workspace.read_text())["load_from"]
    assert entry["grpc_server"] == {"location_name": "heaters", "host": "10.1.2.3", "port": 4266}


def _without_storage(config: Path) -> dict[str, object]:
    read = yaml.safe_load(config.read_text())
    return {key: read[key] for key in ("run_launcher", "compute_logs")}


def test_keys_of_a_file_take_the_place_of_ours(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ours.yaml"
    launcher = {"module": "dagster_docker", "class": "DockerRunLauncher"}
    file.write_text(yaml.safe_dump({"run_launcher": launcher}))
    changed = settings.model_copy(update={"dagster_config": file})
    config = yaml.safe_load((DagsterFiles.below(changed).home / "dagster.yaml").read_text())
    assert config["run_launcher"] == launcher
    assert config["telemetry"] == {"enabled": False}
    for text, why in (("- a list", "it has to hold keys"), ("a: [", "expected the node content")):
        file.write_text(text)
        with pytest.raises(InputError, match=why):
            DagsterFiles.below(changed)
    file.unlink()
    with pytest.raises(InputError, match="No such file"):
        DagsterFiles.below(changed)


def test_the_code_server_listens_where_its_machine_is_or_behind_a_name(spread: Pipeline) -> None:
    files = DagsterFiles.below(spread.settings)
    words = command(Program.CODE, spread.settings, files)
    assert words[1:5] == ["--host", "10.1.2.3", "--port", "4266"]
    named_so = spread.settings.model_copy(
        update={"code_server": spread.settings.code_server._replace(host="code")}
    )
    assert command(Program.CODE, named_so, files)[1:5] == ["--host", "0.0.0.0", "--port", "4266"]


def test_programs_that_can_not_meet_are_refused(
    spread: Pipeline, heaters_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert named(["review,search", "worker"]) == {
        Program.REVIEW,
        Program.SEARCH,
        Program.WORKER,
    }
    assert named([]) == ONE_MACHINE
    with pytest.raises(InputError, match="'webserver2' is no program of Heaters: name review, "):
        named(["webserver2"])
    refuse_unless_possible(spread.settings, named(["worker"]))
    for lacking, programs, why in (
        ("database_url", ["review"], "set DATABASE_URL"),
        ("storage_url", ["review"], "set STORAGE_URL"),
        ("broker_url", ["worker"], "set HEATERS_BROKER_URL"),
        ("code_server", ["daemon,webserver"], r"\(code elsewhere\): set HEATERS_CODE_SERVER"),
    ):
        settings = spread.settings.model_copy(update={lacking: None})
        with pytest.raises(InputError, match=why):
            refuse_unless_possible(settings, named(programs))


def test_a_file_that_a_command_adds_can_be_ingested_on_another_machine(
    spread: Pipeline, tmp_path: Path, film_file: Path
) -> None:
    film = tmp_path / "Summer.mp4"
    shutil.copyfile(film_file, film)
    assert CliRunner().invoke(main, ["add", str(film)]).exit_code == 0
    video = only(spread.engine)
    again = CliRunner().invoke(main, ["add", str(film)])
    assert f"{video.key}  known already, new" in again.output
    film.rename(tmp_path / "gone.mp4")
    assert spread.storage.exists(str(video.source_filepath))
    download_source(spread, video.key)
    assert only(spread.engine).state == "downloaded"


def test_a_file_that_this_machine_lacks_is_refused_in_a_sentence_and_can_be_sent(
    spread: Pipeline, tmp_path: Path, film_file: Path
) -> None:
    """As where a page or a watched folder has added it on another machine."""
    from heaters_pipeline.work.register import add_source

    film = tmp_path / "Summer.mp4"
    shutil.copyfile(film_file, film)
    with transaction(spread.engine) as session:
        key = add_source(session, str(film))[0].key
    away = film.rename(tmp_path / "away")
    with pytest.raises(InputError, match=r"is not on .*, where this run is: upload it, or "):
        download_source(spread, key)
    away.rename(film)
    assert "tried again" in CliRunner().invoke(main, ["add", str(film)]).output
    film.rename(away)
    download_source(spread, key)
    assert only(spread.engine).state == "downloaded"


def test_a_watched_bucket_adds_each_film_once(
    spread: Pipeline, s3_endpoint: str, film_file: Path
) -> None:
    client = s3_client(s3_endpoint)
    bucket = f"inbox-{os.urandom(4).hex()}"
    client.create_bucket(Bucket=bucket)
    watched = f"s3://{bucket}/in"
    assert add_listed(spread, watched) == []
    client.upload_file(str(film_file), bucket, "in/day 1/one.mp4")
    client.put_object(Bucket=bucket, Key="in/notes.txt", Body=b"no film")
    client.put_object(Bucket=bucket, Key="other/two.mp4", Body=b"elsewhere")
    assert add_listed(spread, watched) == ["one"]
    assert add_listed(spread, watched) == []
    video = only(spread.engine)
    download_source(spread, video.key)
    ready = only(spread.engine)
    assert ready.state == "downloaded"
    assert spread.storage.exists(str(ready.source_filepath))
    client.put_object(Bucket=bucket, Key="in/day 1/one.mp4", Body=b"another film")
    assert add_listed(spread, watched) == ["one"]
    client.delete_object(Bucket=bucket, Key="in/day 1/one.mp4")
    with transaction(spread.engine) as session:
        ((key, _),) = source_videos.waiting(session, 5)
    with pytest.raises(InputError, match=r"one\.mp4 is gone: put it there again"):
        download_source(spread, key)
    with pytest.raises(InputError, match="where STORAGE_URL lies: name another prefix"):
        add_listed(spread, str(spread.settings.storage_url).removesuffix("/library"))


def test_room_is_judged_where_the_run_is(
    spread: Pipeline, film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CliRunner().invoke(main, ["add", str(film_file)]).exit_code == 0
    key = only(spread.engine).key
    full = spread.settings.model_copy(update={"min_free_gb": 1e9})
    with pytest.raises(HeatersError, match="no other video is begun there before there is more"):
        download_source(Pipeline(spread.engine, spread.storage, full, spread.log), key)
    waiting = only(spread.engine)
    assert (waiting.state, waiting.tries) == ("new", 1)
    assert "GB are free in" in str(waiting.error)


def test_no_sensor_judges_the_disks_of_other_machines(
    pipeline: Engine, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_video(pipeline).key
    monkeypatch.setenv("HEATERS_MIN_FREE_GB", "1000000000")
    get_settings.cache_clear()
    assert tick(new_source_videos, instance) == []
    monkeypatch.setenv("HEATERS_RUNS_ELSEWHERE", "true")
    get_settings.cache_clear()
    assert tick(new_source_videos, instance) == [f"ingest:{key}:0"]


def only(engine: Engine) -> SourceVideo:
    with transaction(engine) as session:
        (key,) = source_videos.keys(session)
        return source_videos.get(session, key)


def test_films_go_through_several_machines_of_which_some_go_away() -> None:
    if reason := many.obstacle():
        pytest.skip(f"machines can't be tried here: {reason}")
    trial = [sys.executable, "-m", "benchmarks.many", "--short", "--seed", "1"]
    done = subprocess.run(
        trial,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
