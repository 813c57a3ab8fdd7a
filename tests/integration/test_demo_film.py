"""The film of `make demo`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from heaters_pipeline.media.demo_film import DISSOLVE_SECONDS, SCENES, make_demo_film
from heaters_pipeline.media.ffmpeg.probe import probe
from tests.footage import STALL_SECONDS


def test_ffmpeg_draws_every_scene(tmp_path: Path) -> None:
    scenes = [replace(scene, seconds=0.4 + DISSOLVE_SECONDS * scene.dissolves) for scene in SCENES]
    # A dissolve needs as much of the scene before it.
    scenes = [
        replace(scene, seconds=scene.seconds + DISSOLVE_SECONDS * following.dissolves)
        for scene, following in zip(scenes, [*scenes[1:], scenes[0]], strict=True)
    ]
    film = tmp_path / "demo.mp4"
    make_demo_film(film, scenes=scenes, stall_seconds=STALL_SECONDS)
    facts = probe(film)
    overlap = DISSOLVE_SECONDS * sum(scene.dissolves for scene in scenes)
    expected = sum(scene.seconds for scene in scenes) - overlap
    assert facts.duration_seconds == pytest.approx(expected, abs=0.1)
    assert (facts.width, facts.height, facts.has_audio) == (960, 540, True)
