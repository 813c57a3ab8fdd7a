"""The benchmarks of the player run to their end on something tiny; how fast is not asked here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import CHECKOUT

TINY = ("--presses", "8", "--clips", "2", "--seconds", "0.5", "--rounds", "1", "--frames", "120")
NAMES = {
    *("wrong_frames", "step_p50", "step_p99", "seek_p50", "seek_p99", "next_prefetched_p50"),
    *("next_prefetched_p99", "next_cold_p50", "next_throttled_p50", "late_1x", "late_2x"),
    *("late_8x", "late_reverse", "open_frames", "bytes_per_clip"),
    *("wrong_frames_closer", "step_closer_p50", "seek_closer_p99", "late_1x_closer"),
}


def results_of(benchmark: str, *options: str) -> dict[str, dict[str, Any]]:
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("no Chromium is installed: the player's benchmarks go untested")
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", "--json", *options]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {result["name"]: result for result in json.loads(done.stdout)["results"]}


@pytest.mark.whole
def test_player() -> None:
    results = results_of("player", *TINY)
    assert results.keys() >= NAMES
    assert results["wrong_frames"]["value"] == results["wrong_frames_closer"]["value"] == 0
    assert results["open_frames"]["value"] <= 6
    for name, result in results.items():
        assert set(result) == {"name", "value", "unit", "peer", "peer_value", "ratio"}
        if not name.startswith(("wrong", "late", "bytes")):  # so little may all come at once
            assert result["value"] > 0
            assert result["peer_value"] > 0


@pytest.mark.whole
def test_opening() -> None:
    results = results_of("opening", "--minutes", "0.5", "--repeat", "1")
    assert results.keys() == {"picture", "sound", "waveform", "next"}
    assert all(result["value"] > 0 and result["peer_value"] > 0 for result in results.values())
