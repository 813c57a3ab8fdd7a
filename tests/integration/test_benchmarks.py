"""Every benchmark runs to its end on something tiny and reports in the promised form; how fast is
not asked here. The costlier ones run with the long forms of tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks import memory
from benchmarks.footprint import footprint_of
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.orientation import Orientation
from tests.conftest import CHECKOUT
from tests.films import Film, Join, Shot
from tests.footage import NumberedFilm, make_numbered_film

pytestmark = pytest.mark.long

FILM = NumberedFilm(50, scenes=(25,), size=(128, 72))
"""Two seconds."""


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


@pytest.mark.whole
@pytest.mark.parametrize("kind", ["storage", "postgres", "disk"])
def test_outages(kind: str) -> None:
    if kind == "disk" and os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    assert list(report("outages", "--seconds", "5", "--only", kind)) == [kind]


@pytest.mark.whole
def test_ingest(tmp_path: Path) -> None:
    film_file = make_numbered_film(
        tmp_path / "film.mp4", 50, rate=Fraction(25), scenes=[25], orientation=Orientation(90)
    )
    results = report("ingest", film_file, "--repeat", "1")
    assert list(results) == ["cpu", "wall", "floor", "verify", "copy_cpu", "copy_wall"]
    assert results["cpu"]["value"] == results["floor"]["value"] == results["verify"]["peer_value"]


@pytest.mark.parametrize(
    ("gold", "names"),
    [
        pytest.param("ffv1", ["cpu", "wall", "floor", "verify"], marks=pytest.mark.whole),
        ("copy", ["copy_cpu", "copy_wall"]),
    ],
)
def test_ingest_with_one_kind_of_gold_master(film_file: Path, gold: str, names: list[str]) -> None:
    assert list(report("ingest", film_file, "--repeat", "1", "--gold", gold)) == names


def test_ingest_of_no_video_says_so(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    done = run("ingest", tmp_path / "text.mp4")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: text.mp4 is not a video")


def test_search() -> None:
    results = report("search", "--rows", "2000", "--no-page")
    assert results["recall"]["value"] > 0.9
    assert results["filtered_recall"]["value"] == 1
    assert results["filtered_results"]["value"] == 10


@pytest.mark.whole
def test_search_by_the_page() -> None:
    pytest.importorskip("sentence_transformers")
    results = report("search", "--rows", "2000")
    assert "2,000 clips" in results["page_p95"]["peer"]


@pytest.mark.whole
def test_retention() -> None:
    results = report("retention", "--days", "20", "--runs-a-day", "1", "--kept-days", "10")
    assert list(results) == ["events left", "tick", "films", "run", "runs"]
    assert 0 < results["events left"]["ratio"] < 0.8


@pytest.mark.whole
def test_scale() -> None:
    results = report("scale", "--videos", "200", "--clips", "2000", "--events", "3000")
    assert {"queue", "tick missing_exports", "partitions of Dagster"} < set(results)
    assert "empty project" in results["run start"]["peer"]


@pytest.mark.whole
def test_review() -> None:
    small = ("--clips", "1500", "--approvals", "10", "--queues", "3")
    results = report("review", *small, "--reviewers", "5", "--decisions", "80")
    assert list(results) == [
        *("approve_p50", "approve_p99", "queue_growth"),
        *("team", "team_broken", "team_p50"),
    ]
    assert results["team"]["value"] == results["team"]["peer_value"] == 80
    assert results["team_broken"]["value"] == results["team_broken"]["peer_value"] == 20


def test_frame_index() -> None:
    results = report("frame_index", "--minutes", "0.04", "--clips", "5")
    assert list(results) == ["build", "slice"]
    assert "60 frames" in results["build"]["peer"]


@pytest.mark.whole
def test_export(tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 60, (128, 72))
    results = report(
        "export", film, "--clips", "4", "--frames", "10", "--rounds", "1", "--runs", "1"
    )
    assert list(results) == ["wall", "cpu", "s3_bytes", "orchestration"]
    assert "4 clips" in results["wall"]["peer"]
    assert results["orchestration"]["ratio"] < 0.6, "four clips share one run"


@pytest.mark.whole
def test_slow_clients() -> None:
    results = report("slow_clients", "--share", "0.02", "--requests", "10")
    assert list(results) == ["idle", "slow_requests", "stalled", "players", "upload", "all"]
    assert "40 idle" in results["all"]["peer"]


@pytest.mark.whole
def test_mending(tmp_path: Path) -> None:
    shots = tuple(Shot(number, 40) for number in (1, 2, 3))
    film = Film("small", shots, (Join("cut"), Join("dissolve", 10)))
    results = report("mending", *film.write(tmp_path, 192, 108))
    assert list(results) == ["stepping/small", "stopping/small"]
    assert results["stepping/small"]["value"] == 3, "an approval for each shot"


@pytest.mark.whole
def test_memory(film_file: Path) -> None:
    results = report("memory", film_file, "--minutes", "0.02", "--times", "3")
    peak, *parts = results.values()
    assert peak["name"] == "peak_rss"
    assert {"Python alone", "ffmpeg alone", "transcode"} <= results.keys()
    assert peak["value"] >= max(part["value"] for part in parts if part["name"] != "verify")


@pytest.mark.whole
def test_work_of_other_length_is_not_compared(
    film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "make_longer", lambda short, _out, _times: short)
    done = CliRunner().invoke(memory.main, [str(film_file), "--minutes", "0.02"])
    assert done.exit_code == 1
    assert "Not 10 times the work: 30 frames against 30" in done.stderr


HOLDER = """
import sys, time
print("little", file=sys.stderr, flush=True)
time.sleep(1)
print("much", file=sys.stderr, flush=True)
held = bytearray(100_000_000)
time.sleep(1)
print("done")
"""
"""Each step lasts long enough to be looked at."""


def test_memory_is_told_by_the_step_that_holds_it() -> None:
    found, said = footprint_of([sys.executable, "-c", HOLDER])
    assert said == "done\n"
    assert found.peak_step == "much"
    assert found.by_step["much"] - found.by_step["little"] == pytest.approx(100e6, rel=0.05)


def test_a_command_that_fails_says_why() -> None:
    failing = "import sys; print('no space', file=sys.stderr); sys.exit(3)"
    with pytest.raises(HeatersError, match="status 3: no space"):
        footprint_of([sys.executable, "-c", failing])


def test_ffv1(film_file: Path) -> None:
    results = report("ffv1", film_file, "--frames", "3")
    assert results.pop("defaults")["peer"] == "source, 3 frames"
    measures = {"encode_cpu", "encode_wall", "bytes", "decode_cpu", "decode_wall"}
    assert {name.partition("/")[0] for name in results} == measures
    assert "bytes/rice/0/4/1" in results
    assert "bytes/range_def/1/24/2" in results


@pytest.mark.whole
def test_duplicates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEATERS_MEDIA", str(tmp_path))
    few = ("--pairs", "6", "--others", "60", "--small", "50", "--large", "200", "--shots", "6")
    results = report("duplicates", *few, "--kind", "mirrored", "--kind", "part")
    for kind in ("mirrored", "part"):
        assert results[f"{kind}_recall"]["value"] > 0.6
        assert results[f"{kind}_precision"]["value"] > 0.9
    assert results["seconds_per_new_clip"]["value"] > 0
