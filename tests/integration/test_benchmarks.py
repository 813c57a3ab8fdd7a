"""Every benchmark runs to its end on something tiny and reports in the promised form; how fast is
not asked here."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CHECKOUT
from tests.footage import make_numbered_film


def run(module: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )


def report(module: str, *arguments: str | Path) -> dict[str, dict[str, Any]]:
    """Results by name."""
    done = run(module, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == {"name", "cores", "load", "results"}
    assert told["name"] == module
    assert told["cores"] >= 1
    for result in told["results"]:
        assert set(result) == {"name", "value", "unit", "peer", "peer_value", "ratio"}
        assert result["value"] > 0
        assert result["ratio"] == pytest.approx(result["value"] / result["peer_value"])
    return {result["name"]: result for result in told["results"]}


@pytest.mark.parametrize("rotation", [0, 90])
def test_ingest(tmp_path: Path, rotation: int) -> None:
    film = make_numbered_film(
        tmp_path / "film.mp4", 50, rate=Fraction(25), scenes=[25], rotation=rotation
    )
    results = report("ingest", film, "--repeat", "1")
    assert list(results) == ["cpu", "wall", "floor", "verify"]
    assert results["cpu"]["value"] == results["floor"]["value"] == results["verify"]["peer_value"]


def test_ingest_of_no_video_says_so(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    done = run("ingest", tmp_path / "text.mp4")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: text.mp4 is not a video")


def test_frame_index() -> None:
    results = report("frame_index", "--minutes", "0.2", "--clips", "20")
    assert list(results) == ["build", "slice"]
    assert "300 frames" in results["build"]["peer"]
