"""The benchmark of the player runs to its end on something tiny; how fast is not asked here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from tests.conftest import CHECKOUT

TINY = ("--presses", "8", "--clips", "2", "--seconds", "0.5", "--rounds", "1", "--frames", "120")
NAMES = {
    *("wrong_frames", "step_p50", "step_p99", "seek_p50", "seek_p99", "next_prefetched_p50"),
    *("next_prefetched_p99", "next_cold_p50", "next_throttled_p50", "late_1x", "late_2x"),
    *("late_8x", "late_reverse", "open_frames", "bytes_per_clip"),
}


def test_player() -> None:
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("no Chromium is installed: the player's benchmark goes untested")
    command = [sys.executable, "-m", "benchmarks.player", "--json", *TINY]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    results = {result["name"]: result for result in report["results"]}
    assert results.keys() >= NAMES
    assert results["wrong_frames"]["value"] == 0
    assert results["open_frames"]["value"] <= 6
    for name, result in results.items():
        assert set(result) == {"name", "value", "unit", "peer", "peer_value", "ratio"}
        if not name.startswith(("wrong", "late", "bytes")):  # so little may all come at once
            assert result["value"] > 0
            assert result["peer_value"] > 0
