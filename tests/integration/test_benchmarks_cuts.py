"""The cuts benchmark, from film files through the real transcode."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from heaters_pipeline.media.cuts import transnet
from tests.conftest import CHECKOUT
from tests.films import Film, Join, Shot


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.cuts", *map(str, arguments), "--json"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )


@pytest.mark.whole
def test_every_detector_is_scored_on_every_film(tmp_path: Path) -> None:
    shots = (Shot(1, 40), Shot(2, 40, happening="flash", at=20), Shot(3, 40))
    film = Film("small", shots, (Join("cut"), Join("dissolve", 10)))
    done = run(*film.write(tmp_path, 192, 108), "--films", "1", "--edited", "1", "--shots", "2")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["name"] == "cuts"
    results = {result["name"]: result for result in told["results"]}
    others = ["adaptive", "content", "hash", "histogram"]
    network = transnet.is_installed()
    ours_too, others_too = (["auto"], ["transnet"]) if network else ([], [])
    detectors = ["transition", *ours_too]
    detectors += [name + best for name in others + others_too for best in ("", "-best")]
    films = {name.split("/")[1] for name in results if name.startswith("f1/")}
    assert films == {"small", "drawn_2000", "drawn_edited_2000", "drawn"}
    for name in films:
        for what in ("f1", "precision", "recall", "f1_cut", "flashes", "seconds"):
            assert [each for each in results if each.startswith(f"{what}/{name}/")] == [
                f"{what}/{name}/{detector}" for detector in detectors
            ]
    ours = {what: results[f"{what}/small/transition"]["value"] for what in ("f1", "f1_cut")}
    assert ours == {"f1": 1.0, "f1_cut": 1.0}
    assert results["recall_dissolve/small/transition"]["value"] == 1.0
    assert results["flashes/small/transition"]["value"] == 0
    assert results["rethreshold"]["ratio"] > 0
    assert results["scores_overhead"]["peer_value"] > 0


def test_a_film_without_its_truth_is_refused(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").touch()
    done = run(tmp_path / "film.mp4")
    assert done.returncode == 1
    assert "needs its truth file" in done.stderr
