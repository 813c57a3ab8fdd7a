"""What an example of a dataset says of itself is true of its file."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import av
import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import clips, handed, profiles, replanning, source_videos
from heaters_pipeline.domain.decisions import APPROVE, SKIP, Group
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.handover import arguments_of, manifest, manifest_csv
from heaters_pipeline.domain.profiles import BUILT_IN, MAIN, Groups
from heaters_pipeline.media.ffmpeg.process import file_url
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.datasets import MadeDataset, Recipe, make_dataset
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests.decisions import decide
from tests.footage import make_numbered_film, read_number

TICKS = [3600 * min(frame, 50) + 4500 * max(frame - 50, 0) for frame in range(170)]
"""25 frames a second, then 20."""
SECONDS = [ticks / TICKS_PER_SECOND for ticks in TICKS]
CUTS = (20, 40, 140)


@pytest.fixture
def work(pipeline: Engine, tmp_path: Path) -> Pipeline:
    """A film of clips of 20, 20, 100 and 30 frames: the first and the third are a group, the second
    is skipped. A dissolve takes the place of the last cut."""
    work = open_pipeline(pipeline, get_settings())
    film = make_numbered_film(
        tmp_path / "film.mp4", len(TICKS), (64, 36), scenes=CUTS, ticks=TICKS, audio=False
    )
    key = ingest(work, str(film)).key
    cuts = [{"kind": "cut", "first": cut - 1, "last": cut} for cut in CUTS[:2]]
    dissolve = {"kind": "dissolve", "first": 134, "last": 145}
    with work.transaction() as session:
        found = {"transitions": [*cuts, dissolve]}
        source_videos.record(session, key, {"scene_cut_points": found})
        video = source_videos.get(session, key)
        replanning.replan(session, video, CUTS)
        ids = [clip.id for clip in clips.of_video(session, video.id)]
        profiles.save(session, MAIN, replace(BUILT_IN[MAIN], trimmed=True))
        profiles.save(session, "web", replace(BUILT_IN["web"], groups=Groups.ONE))
        for name in ("web", "dataset"):
            profiles.use(session, name, video_key=key, label=None)
    assert ids == [1, 2, 3, 4]
    for clip_id in ids[1:3]:
        decide(work.engine, clip_id, Group(), actor="bea")
    decide(work.engine, ids[1], SKIP, actor="cem")
    decide(work.engine, ids[3], APPROVE, actor="dan")
    export_clips(work, key)
    return work


def dataset(work: Pipeline, out: Path, profile: str) -> tuple[MadeDataset, dict[int, Any]]:
    made = make_dataset(work, out, {"ids": "1,2,3,4"}, Recipe("fiftyone", profile=profile))
    samples = json.loads((out / "samples.json").read_text())["samples"]
    return made, {sample["clip_id"]: sample for sample in samples}


def shown(path: Path) -> list[int]:
    with av.open(file_url(path)) as container:
        return [
            read_number(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]


def frames_and_seconds(example: Mapping[str, Any]) -> tuple[int, int, float, float, float]:
    """And how long the file takes, which is what the frames take in the film unless it says
    otherwise."""
    return (
        *(example["start_frame"], example["end_frame"]),
        *(example["start_seconds"], example["end_seconds"], example["duration_seconds"]),
    )


def expected(start: int, end: int, seconds: float | None = None) -> Any:
    taken = SECONDS[end] - SECONDS[start]
    return pytest.approx(
        (start, end, SECONDS[start], SECONDS[end], taken if seconds is None else seconds)
    )


def test_frames_times_and_minutes_are_those_of_the_file(work: Pipeline, tmp_path: Path) -> None:
    made, trimmed = dataset(work, tmp_path / "delivery", MAIN)
    assert frames_and_seconds(trimmed[1]) == expected(0, 20)
    assert frames_and_seconds(trimmed[3]) == expected(40, 135)
    for each in trimmed.values():
        held = range(each["start_frame"], each["end_frame"])
        assert shown(tmp_path / "delivery" / each["filepath"]) == list(held)
    every = sum(each["duration_seconds"] for each in trimmed.values())
    assert sum(made.counts.seconds.values()) == pytest.approx(every)
    assert made.handover.seconds == pytest.approx(every)

    made, middles = dataset(work, tmp_path / "middles", "dataset")
    assert frames_and_seconds(middles[1]) == expected(0, 20, seconds=4), "its last frame is held"
    # The clip is shown from 1.6 to 6.5 s.
    assert frames_and_seconds(middles[3]) == expected(51, 131, seconds=4)
    assert sum(made.counts.seconds.values()) == pytest.approx(3 * 4)

    made, whole = dataset(work, tmp_path / "whole", "web")
    assert whole[1]["frame_ranges"] == [[0, 20], [40, 140]]
    taken = SECONDS[20] + SECONDS[140] - SECONDS[40]
    assert frames_and_seconds(whole[1]) == expected(0, 140, seconds=taken)
    assert shown(tmp_path / "whole" / whole[1]["filepath"]) == [*range(20), *range(40, 140)]
    last = 30 * 4500 / TICKS_PER_SECOND
    assert sum(made.counts.seconds.values()) == pytest.approx(taken + last, abs=0.05)


def test_who_decided_what_when_is_told_and_the_manifest_names_times_of_the_file(
    work: Pipeline, tmp_path: Path
) -> None:
    _, examples = dataset(work, tmp_path / "set", MAIN)
    assert {clip: (each["approved_by"], each["decision"]) for clip, each in examples.items()} == {
        1: ("bea", "group"),
        3: ("bea", "group"),
        4: ("dan", "approve"),
    }
    with work.transaction() as session:
        chosen = handed.selection(session, arguments_of("3,4"))
        described = manifest(handed.handover(session, chosen))
    first, second = json.loads(described)["clips"]
    assert first["frames"] == {"start_frame": 40, "end_frame": 135}
    assert first["times"] == {"start_seconds": SECONDS[40], "end_seconds": SECONDS[135]}
    own = first["clip"]
    assert (own["end_frame"], own["end_seconds"]) == (140, SECONDS[140])
    assert [each["clip"]["decision"] for each in (first, second)] == ["group", "approve"]
    line = next(iter(csv.DictReader(StringIO(manifest_csv(described)))))
    assert (line["end_frame"], line["end_seconds"]) == ("135", f"{SECONDS[135]:.6f}")
    assert (line["decided_by"], line["decision"]) == ("bea", "group")
    assert line["decided_at"] == own["decided_at"]
    # Of an older manifest, which has the clip's times alone, those that are the file's.
    older = json.loads(described)
    for each in older["clips"]:
        del each["times"], each["clip"]["decision"]
    older["clips"][1]["frames"] = {"start_frame": 140, "end_frame": 170}
    lines = list(csv.DictReader(StringIO(manifest_csv(json.dumps(older)))))
    assert [each["start_seconds"] for each in lines] == ["", f"{SECONDS[140]:.6f}"]
