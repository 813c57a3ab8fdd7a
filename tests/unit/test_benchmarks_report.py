"""Results of benchmarks as a table and as JSON."""

import json
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from benchmarks.report import Report, Result, benchmark
from heaters_pipeline.domain.errors import HeatersError

RESULT = Result("cpu", 3.0, "s", "plain chain", 4.0)


def test_ratio_is_ours_to_the_peers() -> None:
    assert RESULT.ratio == 0.75


def test_json_has_the_promised_form() -> None:
    report = Report("ingest", cores=2, load=0.5, results=(RESULT,))
    assert json.loads(report.as_json()) == {
        "name": "ingest",
        "cores": 2,
        "load": 0.5,
        "results": [
            {
                "name": "cpu",
                "value": 3.0,
                "unit": "s",
                "peer": "plain chain",
                "peer_value": 4.0,
                "ratio": 0.75,
            }
        ],
    }


def test_table_shows_the_same() -> None:
    table = Report("ingest", cores=2, load=0.5, results=(RESULT,)).as_table()
    for shown in ("ingest", "2 cores", "0.5", "cpu", "3", "s", "plain chain", "4", "0.750"):
        assert shown in table


@benchmark("example")
@click.option("--value", default=3.0)
def example(value: float) -> Iterator[Result]:
    """What it measures."""
    if value < 0:
        raise HeatersError("There is no negative time.")
    yield Result("cpu", value, "s", "plain chain", 4.0)


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_command_prints_either_form(option: list[str]) -> None:
    said = CliRunner().invoke(example, ["--value", "1", *option]).output
    assert said.startswith("{") == bool(option)
    assert "0.25" in said


def test_command_says_what_is_wrong_in_one_sentence() -> None:
    done = CliRunner().invoke(example, ["--value", "-1"])
    assert done.exit_code == 1
    assert done.stderr == "Error: There is no negative time.\n"


def test_docstring_is_the_commands_help() -> None:
    assert "What it measures." in CliRunner().invoke(example, ["--help"]).output
