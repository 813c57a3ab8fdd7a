"""The benchmark of an hour runs to its end on one drawn film; how fast is not asked here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

TINY = ("--films", "1", "--shots", "5", "--decisions", "3", "--pause", "0.05")


@pytest.mark.whole
def test_hour(tmp_path: Path) -> None:
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("no Chromium is installed: the benchmark of an hour goes untested")
    command = [sys.executable, "-m", "benchmarks.hour", "--json", *TINY]
    environment = {**os.environ, "HEATERS_MEDIA": str(tmp_path)}
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    results = {result["name"]: result for result in json.loads(done.stdout)["results"]}
    assert results.keys() == {
        *("decisions_per_hour", "waited_share"),
        *("sheet_decisions_per_hour", "sheet_waited_share"),
        *("decisions_saved", "stacked_wrongly"),
    }
    assert results["decisions_saved"]["peer_value"] == pytest.approx(3 / 8)
    assert 0 < results["decisions_saved"]["value"] <= 3 / 8
    assert 0 < results["waited_share"]["value"] < 1
