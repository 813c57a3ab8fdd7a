"""HEATERS_LOG_FORMAT=json: programs that read logs get an object for each line."""

import json

import dagster as dg
import pytest
from dagster._cli.api import grpc_command
from dagster._daemon.cli import run_command

from heaters_pipeline.platform.dagster_config import instance_config
from heaters_pipeline.platform.dagster_instance import DagsterFiles
from heaters_pipeline.platform.programs import Program, command
from heaters_pipeline.settings import Settings, get_settings


@pytest.fixture
def asked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HEATERS_LOG_FORMAT", "json")
    get_settings.cache_clear()
    return get_settings()


def test_a_run_tells_objects(asked: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    @dg.op
    def said(context: dg.OpExecutionContext) -> None:
        context.log.info("It goes on.")

    @dg.job
    def trial() -> None:
        said()

    logs = instance_config(asked)["python_logs"]
    with dg.DagsterInstance.local_temp(overrides={"python_logs": logs}) as instance:
        run_id = trial.execute_in_process(instance=instance).run_id
    lines = [json.loads(each) for each in capfd.readouterr().err.splitlines() if each[:1] == "{"]
    (told,) = [each for each in lines if each["message"].endswith("It goes on.")]
    assert (told["run"], told["step"], told["level"]) == (run_id, "said", "info")


@pytest.mark.parametrize("program", [Program.DAEMON, Program.CODE])
def test_dagsters_programs_know_how_they_are_asked(program: Program, asked: Settings) -> None:
    words = command(program, asked, DagsterFiles.below(asked))
    of_dagster = {Program.DAEMON: run_command, Program.CODE: grpc_command}[program]
    given = words[words.index("run") + 1 :] if program == Program.DAEMON else words[1:]
    with of_dagster.make_context(program.value, given) as context:
        assert context.params["log_format"] == "json"
