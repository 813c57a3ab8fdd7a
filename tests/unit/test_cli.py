"""The command line: what it lists, what it loads, what it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from heaters_pipeline.cli import main

CHECKOUT = Path(__file__).resolve().parents[2]


def test_every_command_is_listed_with_what_it_does() -> None:
    said = CliRunner().invoke(main, ["--help"]).output
    for command in ("up", "demo", "add", "ingest", "status", "migrate", "down", "doctor"):
        assert f"\n  {command} " in said


def test_the_command_line_itself_loads_nothing_heavy() -> None:
    program = (
        "import sys, heaters_pipeline.cli\n"
        "heavy = {'dagster', 'sqlalchemy', 'boto3', 'numpy', 'cv2', 'torch', 'yt_dlp'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=CHECKOUT)


def test_a_setting_that_makes_no_sense_is_one_sentence(
    heaters_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEATERS_REVIEW_PORT", "eight")
    result = CliRunner().invoke(main, ["status"])
    assert result.exit_code == 1
    assert result.stderr.startswith("heaters: HEATERS_REVIEW_PORT is 'eight': ")
    assert result.stderr.count("\n") == 1


def test_an_empty_setting_is_an_unset_one(
    heaters_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from heaters_pipeline.settings import get_settings

    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("HEATERS_UNDO_WINDOW_SECONDS", "")
    assert get_settings().database_url is None
    assert get_settings().undo_window_seconds == 60
